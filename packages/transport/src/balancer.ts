import type { ClientLink } from './client-link.ts';

/** Chooses among the links that take calls. */
export class Balancer {
  readonly #random: () => number;
  #links: readonly ClientLink[] = [];

  /** @param random from 0 to 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** The links to choose from, from now on. */
  use(links: readonly ClientLink[]): void {
    this.#links = links;
  }

  /** The less loaded of two that are drawn by lot; undefined when there is none. */
  pick(): ClientLink | undefined {
    const links = this.#links;
    const count = links.length;
    if (count < 2) return links[0];
    const lot = Math.floor(this.#random() * count * (count - 1));
    const first = lot % count;
    const beside = Math.floor(lot / count);
    const one = links[first];
    const other = links[beside < first ? beside : beside + 1];
    if (one === undefined || other === undefined) return one;
    return other.pending < one.pending ? other : one;
  }

  /** Another link that has room for a body of that size, when one is full. */
  withRoom(bytes: number): ClientLink | undefined {
    return this.#links.find((link) => link.hasRoom(bytes));
  }
}
