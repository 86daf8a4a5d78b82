import { type BatchEncoder, MAX_DATA, TpError, type WireLimits } from '@tp/wire';
import type { BodyWriter } from './body-writer.ts';
import type { Exchange } from './exchange.ts';
import { Fifo } from './fifo.ts';
import { looksRandom } from './random-bytes.ts';

/** What waits for its turn to have its head written. */
export interface Sendable {
  writeHead(encoder: BatchEncoder): void;
  /** Bytes of body that go with the head. */
  readonly pendingBytes: number;
}

/** Writes a record of control. */
export type Control = (encoder: BatchEncoder) => void;

/** Streamed bodies fill a batch up to here and no further, so that a small call waits for no more of them. */
const MOST_WITH_DATA = 64 * 1024;

/** What a head adds to a batch beside its fields and its body, at most. */
const HEAD_ROOM = 8 * 1024;

/**
 * What waits to be sent on a link, and in which order it goes: control, then heads with their
 * complete bodies, then a slice of each streamed body in turn (W-022). So neither a large body nor
 * many of them delay a small call by more than a slice.
 */
export class Outbox<Waiting extends Sendable> {
  readonly heads: Fifo<Waiting> = new Fifo<Waiting>();
  /** Data that the link's credit still allows, in bytes. */
  credit = 0;
  readonly #controls: Control[] = [];
  readonly #round = new Fifo<Exchange>();
  #pendingBytes = 0;
  #batchLimit = 0;
  /** What a body may have at most to go into a batch, less the batch so far. */
  #roomForBody = 0;

  /** The hellos are exchanged. A batch is closed at `maxBatchBytes`, and never larger than the peer takes. */
  open(peerLimits: WireLimits, maxBatchBytes: number): void {
    const { batchPacked, batchUnpacked, headBytes, linkWindow } = peerLimits;
    const largest = Math.min(batchUnpacked, batchPacked - (batchPacked >> 6) - 64);
    this.#batchLimit = Math.min(maxBatchBytes, largest - MAX_DATA - 64);
    this.#roomForBody = largest - headBytes - HEAD_ROOM;
    this.credit = linkWindow;
  }

  /** Bytes of whole bodies in line. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Records of control in line. */
  get controls(): number {
    return this.#controls.length;
  }

  /** About how many bytes would go, as far as it can be told without encoding them. */
  get gathered(): number {
    return this.#pendingBytes + this.heads.length * 64 + this.#round.length * 4096;
  }

  addHead(item: Waiting): void {
    this.#pendingBytes += item.pendingBytes;
    this.heads.push(item);
  }

  /** Takes the first head out of line, unwritten. */
  dropHead(): Waiting | undefined {
    const item = this.heads.shift();
    if (item !== undefined) this.#pendingBytes -= item.pendingBytes;
    return item;
  }

  addControl(write: Control): void {
    this.#controls.push(write);
  }

  /** A body has something to send: it joins the round. False when it has not, or is in it already. */
  addBody(exchange: Exchange): boolean {
    const writer = exchange.writer;
    if (writer === undefined || writer.queued || !writer.ready) return false;
    writer.queued = true;
    this.#round.push(exchange);
    return true;
  }

  /** Gives up room that is not needed while nothing waits. */
  trim(): void {
    this.heads.trim();
    this.#round.trim();
  }

  dropControls(): void {
    this.#controls.length = 0;
  }

  /** Fills a batch. True when there is nothing but control in it. */
  fill(encoder: BatchEncoder): boolean {
    const limit = this.#batchLimit;
    this.#fillControls(encoder, limit);
    const controlSize = encoder.size;
    this.#fillHeads(encoder, limit);
    this.#fillData(encoder, Math.min(limit, MOST_WITH_DATA));
    return encoder.size === controlSize;
  }

  #fillControls(encoder: BatchEncoder, limit: number): void {
    const controls = this.#controls;
    let said = 0;
    for (; said < controls.length && encoder.size < limit; said++) controls[said]?.(encoder);
    if (said === controls.length) controls.length = 0;
    else controls.splice(0, said);
  }

  #fillHeads(encoder: BatchEncoder, limit: number): void {
    const heads = this.heads;
    for (let size = encoder.size; size < limit; size = encoder.size) {
      const item = heads.peek();
      if (item === undefined) break;
      const bodyBytes = item.pendingBytes;
      if (size > 0 && bodyBytes > this.#roomForBody - size) break;
      heads.shift();
      this.#pendingBytes -= bodyBytes;
      item.writeHead(encoder);
    }
  }

  #fillData(encoder: BatchEncoder, limit: number): void {
    let skipped = 0;
    while (encoder.size < limit && skipped < this.#round.length) {
      const exchange = this.#round.shift();
      const writer = exchange?.writer;
      if (exchange === undefined || writer === undefined) continue;
      if (!writer.ready) {
        writer.queued = false;
        continue;
      }
      if (this.credit === 0 && writer.held > 0) {
        this.#round.push(exchange);
        skipped++;
        continue;
      }
      skipped = 0;
      writer.queued = false;
      this.#writeSlice(encoder, exchange, writer);
    }
  }

  #writeSlice(encoder: BatchEncoder, exchange: Exchange, writer: BodyWriter): void {
    let isLast: boolean;
    try {
      const slice = writer.take(this.credit);
      this.credit -= slice.bytes.length;
      if (slice.trailers === undefined) {
        const detached = exchange.detached || (encoder.packs && looksRandom(slice.bytes));
        encoder.data(exchange.id, slice.bytes, slice.last, detached);
      } else encoder.trailers(exchange.id, slice.trailers);
      isLast = slice.last;
    } catch (cause) {
      exchange.sourceFailed(trailersFailed(cause));
      return;
    }
    if (isLast) exchange.settled();
    else this.addBody(exchange);
  }
}

/** The user's trailers can't be asked for, or can't be sent. */
function trailersFailed(cause: unknown): TpError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new TpError({ code: 'CANCEL', message: `trailers cannot be sent: ${why}`, cause });
}
