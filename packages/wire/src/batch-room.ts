import { TpError } from './errors.ts';
import { FIELD_OVERHEAD, MAX_INLINE_BODY, type WireLimits } from './limits.ts';

/**
 * What a batch may have, in bytes before packing: packing may make it longer by a sixty-fourth and
 * a little more, and then it must still be what its receiver accepts (W-123).
 */
export function largestBatch({ batchPacked, batchUnpacked }: WireLimits): number {
  return Math.min(batchUnpacked, batchPacked - Math.floor(batchPacked / 64) - 64);
}

/** What a message has beside its fields and its body, at most. */
const MESSAGE_ROOM = 64;
/** What a slot costs that is dropped, in bytes. */
const DROP_SIZE = 4;

/** Whether a message fits a batch by itself; any does, unless a peer takes large heads and small batches. */
export class BatchRoom {
  /** False: any message fits that keeps to the peer's limits. */
  readonly isTight: boolean;
  readonly #largest: number;
  /** What a head that is written by the table may have beside its fields: all slots may be dropped for it. */
  readonly #tableRoom: number;

  constructor(limits: WireLimits, tableBytes: number) {
    this.#largest = largestBatch(limits);
    this.#tableRoom = MESSAGE_ROOM + (tableBytes / FIELD_OVERHEAD) * DROP_SIZE;
    this.isTight = limits.headBytes + MAX_INLINE_BODY + this.#tableRoom > this.#largest;
  }

  /**
   * Whether a message is written out so that it fits, as what the table would say might be longer.
   *
   * @param startSize what the pseudo fields count for.
   * @throws {TpError} HEAD_LIMIT, processed "no", for one that does not fit either way.
   */
  mustSpell(startSize: number, raw: readonly string[], bodyBytes: number): boolean {
    let size = startSize + (raw.length / 2) * FIELD_OVERHEAD + bodyBytes;
    for (let i = 0; i < raw.length; i++) size += raw[i]?.length ?? 0;
    if (size + this.#tableRoom <= this.#largest) return false;
    if (size + MESSAGE_ROOM <= this.#largest) return true;
    throw new TpError({
      code: 'HEAD_LIMIT',
      message: `a head and its body have ${size} bytes, 32 counted for each field; a batch of the peer's has room for ${this.#largest - MESSAGE_ROOM} (W-123)`,
      processed: 'no',
    });
  }
}
