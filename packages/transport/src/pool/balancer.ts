import type { ClientCall } from '../exchange/client-call.ts';
import type { ClientLink } from '../link/client-link.ts';
import type { PeerHealth } from './peer-health.ts';

/** Bytes of bodies that wait on a link count as a call for so many. */
const BYTES_PER_CALL = 16 * 1024;

/** A link to choose, and its peer's part of the calls in relation to others (RFC 2782: weight). */
export interface Choice {
  readonly link: ClientLink;
  readonly weight: number;
}

/**
 * Chooses among the links that take calls: the one of two drawn by lot where a call is likely to end
 * sooner, by what is pending there and by what calls to its peer cost. Two are enough to shun a slow
 * link, and the lot keeps many clients from all running to the same one.
 */
export class Balancer {
  readonly #random: () => number;
  readonly #probeShare: number;
  #links: readonly ClientLink[] = [];
  /** Undefined when all weigh the same; else relative to their mean, and the sums up to each. */
  #weights: readonly number[] | undefined;
  #sums: readonly number[] = [];

  /**
   * @param random from 0 to 1.
   * @param probeShare which part of its own calls a link gets whose peer is probed, 0 to 1.
   */
  constructor(random: () => number, probeShare: number) {
    this.#random = random;
    this.#probeShare = probeShare;
  }

  /** The links to choose from, from now on. */
  use(choices: readonly Choice[]): void {
    this.#links = choices.map(({ link }) => link);
    const total = choices.reduce((sum, { weight }) => sum + weight, 0);
    const isEven = choices.every(({ weight }) => weight === choices[0]?.weight);
    this.#weights = isEven
      ? undefined
      : choices.map(({ weight }) => (weight * choices.length) / total);
    let sum = 0;
    this.#sums = (this.#weights ?? []).map((weight) => (sum += weight));
  }

  /** The link for the next call; undefined when there is none. `now` is the time in ms. */
  pick(now: number): ClientLink | undefined {
    const links = this.#links;
    const count = links.length;
    if (count < 2) return links[0];
    if (this.#weights !== undefined) return this.#pickWeighted(this.#weights, now);
    const lot = Math.floor(this.#random() * count * (count - 1));
    const first = lot % count;
    const beside = Math.floor(lot / count);
    const one = links[first];
    const other = links[beside < first ? beside : beside + 1];
    if (one === undefined || other === undefined) return one;
    return this.#better(one, 1, other, 1, now);
  }

  /**
   * The least loaded link to another peer than that of a call's link, or else another link to the
   * same; undefined when there is none that has room.
   */
  beside(call: ClientCall): ClientLink | undefined {
    let best: ClientLink | undefined;
    for (const link of this.#links) {
      if (link === call.link || !link.room.has(call.pendingBytes)) continue;
      if (best === undefined || this.#isBetter(link, best, call.link?.health)) best = link;
    }
    return best;
  }

  #isBetter(link: ClientLink, than: ClientLink, health: PeerHealth | undefined): boolean {
    const isOther = link.health !== health;
    if (isOther !== (than.health !== health)) return isOther;
    return link.pending < than.pending;
  }

  /** Another link that has room for a body of that size, when one is full. */
  withRoom(bytes: number): ClientLink | undefined {
    return this.#links.find((link) => link.room.has(bytes));
  }

  #pickWeighted(weights: readonly number[], now: number): ClientLink | undefined {
    const first = this.#draw();
    const second = this.#draw();
    const one = this.#links[first];
    const other = this.#links[second];
    if (one === undefined || other === undefined || one === other) return one;
    return this.#better(one, weights[first] ?? 1, other, weights[second] ?? 1, now);
  }

  #draw(): number {
    const sums = this.#sums;
    const lot = this.#random() * (sums.at(-1) ?? 0);
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (lot < (sums[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #better(
    one: ClientLink,
    oneWeight: number,
    other: ClientLink,
    otherWeight: number,
    now: number,
  ): ClientLink {
    const mine = one.health;
    const others = other.health;
    if (mine.standing !== others.standing && (mine.isProbed() || others.isProbed())) {
      const isOne = mine.standing === 'probed';
      // Each link stands in two of `count` lots, so half its share of those is the share itself.
      return this.#random() * 2 < this.#probeShare === isOne ? one : other;
    }
    let cost = mine.costMs(now);
    let otherCost = others.costMs(now);
    // Who was not measured yet is taken to be as good as the other.
    if (cost === 0 || otherCost === 0) cost = otherCost = 1;
    return cost * (load(one) / oneWeight + 1) <= otherCost * (load(other) / otherWeight + 1)
      ? one
      : other;
  }
}

function load(link: ClientLink): number {
  return link.pending + link.pendingBytes / BYTES_PER_CALL;
}
