import type { LinkStats } from './stats.ts';

/** Figures of a client or server since its start. */
export interface TransportStats {
  /** Links that stand now. */
  readonly links: readonly LinkStats[];
  /** Sums over all links, also those that have ended. */
  readonly wireBytesIn: number;
  readonly wireBytesOut: number;
  readonly unpackedBytesIn: number;
  readonly unpackedBytesOut: number;
  readonly requests: number;
  /** Exchanges under way. */
  readonly pending: number;
  /** Bytes of bodies that wait to be written. */
  readonly queueBytes: number;
  /** How often each limit was reached, by its name. */
  readonly limitHits: ReadonlyMap<string, number>;
}

/** Sums over links that have ended. */
export class Totals {
  #wireBytesIn = 0;
  #wireBytesOut = 0;
  #unpackedBytesIn = 0;
  #unpackedBytesOut = 0;
  #requests = 0;
  readonly #limitHits = new Map<string, number>();

  hit(limit: string, times = 1): void {
    this.#limitHits.set(limit, (this.#limitHits.get(limit) ?? 0) + times);
  }

  /** Adds a link that has ended. */
  add(link: LinkStats): void {
    this.#wireBytesIn += link.wireBytesIn;
    this.#wireBytesOut += link.wireBytesOut;
    this.#unpackedBytesIn += link.unpackedBytesIn;
    this.#unpackedBytesOut += link.unpackedBytesOut;
    this.#requests += link.requests;
    for (const [limit, times] of link.limitHits) this.hit(limit, times);
  }

  /** The sums together with links that still stand. */
  with(links: readonly LinkStats[]): TransportStats {
    const sum = new Totals();
    sum.#wireBytesIn = this.#wireBytesIn;
    sum.#wireBytesOut = this.#wireBytesOut;
    sum.#unpackedBytesIn = this.#unpackedBytesIn;
    sum.#unpackedBytesOut = this.#unpackedBytesOut;
    sum.#requests = this.#requests;
    for (const [limit, times] of this.#limitHits) sum.hit(limit, times);
    let pending = 0;
    let queueBytes = 0;
    for (const link of links) {
      sum.add(link);
      pending += link.pending;
      queueBytes += link.queueBytes;
    }
    return {
      links,
      wireBytesIn: sum.#wireBytesIn,
      wireBytesOut: sum.#wireBytesOut,
      unpackedBytesIn: sum.#unpackedBytesIn,
      unpackedBytesOut: sum.#unpackedBytesOut,
      requests: sum.#requests,
      pending,
      queueBytes,
      limitHits: sum.#limitHits,
    };
  }
}
