import type { LinkState } from './link-state.ts';

/** Figures of one link. Bytes are what crossed its socket; under TLS, without what TLS adds. */
export interface LinkStats {
  /** The peer's address: what was dialled, or where it came from. */
  readonly peer: string;
  readonly state: LinkState;
  readonly wireBytesIn: number;
  readonly wireBytesOut: number;
  /** Bytes of records after unpacking and before packing. */
  readonly unpackedBytesIn: number;
  readonly unpackedBytesOut: number;
  readonly batchesIn: number;
  readonly batchesOut: number;
  readonly requests: number;
  /** Exchanges under way. */
  readonly pending: number;
  /** Bytes of bodies that wait to be written. */
  readonly queueBytes: number;
  /** Latest measured round trip, in ms; undefined before the first. */
  readonly roundTripMs: number | undefined;
  readonly codecIn: string;
  readonly codecOut: string;
  /** How often each limit was reached, by its name. */
  readonly limitHits: ReadonlyMap<string, number>;
}

type Gauges = Pick<
  LinkStats,
  | 'peer'
  | 'state'
  | 'wireBytesIn'
  | 'wireBytesOut'
  | 'pending'
  | 'queueBytes'
  | 'roundTripMs'
  | 'codecIn'
  | 'codecOut'
>;

/** What a link counts as it goes. */
export class LinkCounters {
  requests = 0;
  #batchesIn = 0;
  #batchesOut = 0;
  #unpackedBytesIn = 0;
  #unpackedBytesOut = 0;
  readonly #limitHits = new Map<string, number>();

  sent(bytes: number): void {
    this.#batchesOut++;
    this.#unpackedBytesOut += bytes;
  }

  received(bytes: number): void {
    this.#batchesIn++;
    this.#unpackedBytesIn += bytes;
  }

  hit(limit: string): void {
    this.#limitHits.set(limit, (this.#limitHits.get(limit) ?? 0) + 1);
  }

  stats(gauges: Gauges): LinkStats {
    return {
      ...gauges,
      unpackedBytesIn: this.#unpackedBytesIn,
      unpackedBytesOut: this.#unpackedBytesOut,
      batchesIn: this.#batchesIn,
      batchesOut: this.#batchesOut,
      requests: this.requests,
      limitHits: new Map(this.#limitHits),
    };
  }
}
