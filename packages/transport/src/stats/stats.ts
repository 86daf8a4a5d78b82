import type { LinkState } from '../link/link-state.ts';
import { Counts, plainCounts } from './counts.ts';
import { batchReceived, batchSent, limitHit } from './diagnostics.ts';
import { LimitHits } from './limit-hits.ts';

/** Which link figures or an event are about. */
export interface LinkLabel {
  readonly side: 'client' | 'server';
  /** Tells the links of a process apart. 0: a connection that never became one. */
  readonly link: number;
  /** The peer's address: what was dialled, or where it came from. */
  readonly peer: string;
}

/** What one link shows of itself as it stands. Times in ms. */
interface LinkGauges {
  readonly state: LinkState;
  /** The names in the peer's verified certificate; undefined without one. */
  readonly peerIdentity: readonly string[] | undefined;
  /** Since the connection stood. */
  readonly ageMs: number;
  /** Since the latest bytes came or a batch was begun, whichever was later. */
  readonly idleMs: number;
  /** Exchanges under way. */
  readonly pending: number;
  /** Bytes of bodies that wait to be written. */
  readonly queueBytes: number;
  /** Bytes of streamed bodies that the peer lets us send on this link (W-043). */
  readonly sendCredit: number;
  /** Bytes of streamed bodies that we let the peer send on this link. */
  readonly receiveCredit: number;
  /** Latest measured round trip; undefined before the first. */
  readonly roundTripMs: number | undefined;
  /** The round trip, smoothed: each measurement moves it by an eighth. */
  readonly smoothedRoundTripMs: number | undefined;
  readonly codecIn: string;
  readonly codecOut: string;
  /** Sizes of the compression windows in bytes; 0 where nothing has been packed. */
  readonly windowBytesIn: number;
  readonly windowBytesOut: number;
}

/** What a link has packed, in all: unpacked bytes to bytes on the wire. 1 before anything went. */
export interface Ratios {
  readonly ratioIn: number;
  readonly ratioOut: number;
}

/** Figures of one link: what it counted since its start, and how it stands. */
export interface LinkStats extends LinkLabel, Readonly<Counts>, LinkGauges, Ratios {
  /** How often each limit was reached, by its name. */
  readonly limitHits: ReadonlyMap<string, number>;
}

/** What a link counts as it goes. */
export class LinkCounters extends Counts {
  readonly label: LinkLabel;
  readonly #limitHits = new LimitHits();

  constructor(label: LinkLabel) {
    super();
    this.label = label;
  }

  sent(unpackedBytes: number, wireBytes: number): void {
    this.batchesOut++;
    this.unpackedBytesOut += unpackedBytes;
    if (batchSent.hasSubscribers) batchSent.publish({ ...this.label, unpackedBytes, wireBytes });
  }

  received(unpackedBytes: number, wireBytes: number): void {
    this.batchesIn++;
    this.unpackedBytesIn += unpackedBytes;
    if (batchReceived.hasSubscribers) {
      batchReceived.publish({ ...this.label, unpackedBytes, wireBytes });
    }
  }

  hit(limit: string): void {
    this.#limitHits.hit(limit);
    if (limitHit.hasSubscribers) limitHit.publish({ ...this.label, limit });
  }

  stats(gauges: LinkGauges): LinkStats {
    const counts = plainCounts(this);
    return {
      ...this.label,
      ...gauges,
      ...counts,
      ...ratios(counts),
      limitHits: new LimitHits(this.#limitHits),
    };
  }
}

/** How far packing has got, from counts. */
export function ratios(counts: Readonly<Counts>): Ratios {
  return {
    ratioIn: ratio(counts.unpackedBytesIn, counts.wireBytesIn),
    ratioOut: ratio(counts.unpackedBytesOut, counts.wireBytesOut),
  };
}

function ratio(unpacked: number, wire: number): number {
  return unpacked === 0 || wire === 0 ? 1 : unpacked / wire;
}
