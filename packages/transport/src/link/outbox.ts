import { type BatchEncoder, largestBatch, MAX_DATA, TpError, type WireLimits } from '@tp/wire';
import type { BodyWriter } from '../body/body-writer.ts';
import type { Flight } from '../body/flight.ts';
import { looksRandom } from '../body/random-bytes.ts';
import type { ReceiveWindow } from '../body/receive-window.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { Fifo } from '../fifo.ts';
import type { Tenant } from '../window/tenants.ts';
import { type Lane, Lanes } from './lanes.ts';

/** What waits for its turn to have its head written. */
export interface Sendable {
  writeHead(encoder: BatchEncoder): void;
  /** Bytes of body that go with the head. */
  readonly pendingBytes: number;
  /** Whose window it goes through; undefined: the shared one. */
  readonly tenant: Tenant | undefined;
}

/** Writes a record of control. */
export type Control = (encoder: BatchEncoder) => void;

/**
 * Streamed bodies fill a batch up to here and no further, and up to this share of what may be under way,
 * so that a small call waits for no more of them. A batch arrives as a whole: with large ones on a slow
 * network, what is under way comes and goes in jolts that pass for a queue.
 */
const MOST_WITH_DATA = 64 * 1024;
const MOST_OF_FLIGHT = 1 / 8;

/** What a head adds to a batch beside its fields and its body, at most. */
const HEAD_ROOM = 8 * 1024;

/**
 * What waits to be sent on a link, and in which order it goes: control, credit, heads with their
 * complete bodies, then a slice of each streamed body in turn (W-022). So neither a large body nor
 * many of them delay a small call by more than a slice.
 */
export class Outbox<Waiting extends Sendable> {
  /** Whose batch was filled last; undefined: it goes through the shared window. */
  tenant: Tenant | undefined = undefined;
  /** Data that the link's credit still allows, in bytes. */
  credit = 0;
  /** All data that was sent, in bytes. */
  dataSent = 0;
  readonly #flight: Flight;
  /** The link's credit for what comes. */
  readonly #window: ReceiveWindow;
  /** Streams that have credit to give back. */
  readonly #grants = new Fifo<Exchange>();
  #grantsLink = false;
  readonly #controls: Control[] = [];
  readonly #lanes = new Lanes<Waiting>();
  #pendingBytes = 0;
  #batchLimit = 0;
  /** What a body may have at most to go into a batch with a head of any size, less the batch so far. */
  #roomForBody = 0;

  constructor(flight: Flight, window: ReceiveWindow) {
    this.#flight = flight;
    this.#window = window;
  }

  /** The hellos are exchanged. A batch is closed at `maxBatchBytes`, and never larger than the peer takes. */
  open(peerLimits: WireLimits, maxBatchBytes: number): void {
    const { headBytes, linkWindow } = peerLimits;
    const largest = largestBatch(peerLimits);
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
    return this.#pendingBytes + this.#lanes.heads * 64 + this.#lanes.bodies * 4096;
  }

  /** Whether nothing is in line. */
  get isEmpty(): boolean {
    return (
      this.#controls.length === 0 &&
      this.#grants.length === 0 &&
      !this.#grantsLink &&
      this.#lanes.isEmpty
    );
  }

  /** Heads in line. */
  get heads(): number {
    return this.#lanes.heads;
  }

  addHead(item: Waiting): void {
    this.#pendingBytes += item.pendingBytes;
    this.#lanes.of(item.tenant).heads.push(item);
  }

  /** Puts something in line behind all heads. */
  addLast(item: Waiting): void {
    this.#lanes.sharedIsLast = true;
    this.#lanes.shared.heads.push(item);
  }

  /** Takes all heads out of the line. */
  takeHeads(): Waiting[] {
    const taken = this.#lanes.takeHeads();
    for (const item of taken) this.#pendingBytes -= item.pendingBytes;
    return taken;
  }

  /** Calls `visit` for each head in line; it must not add or take any. */
  eachHead(visit: (item: Waiting) => void): void {
    this.#lanes.eachHead(visit);
  }

  /** The first head of the longest line. */
  get nextHead(): Waiting | undefined {
    return this.#lanes.longest().heads.peek();
  }

  /** Takes that one out of line, unwritten. */
  dropHead(): Waiting | undefined {
    const item = this.#lanes.longest().heads.shift();
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
    this.#lanes.of(exchange.tenant).bodies.push(exchange);
    return true;
  }

  /** Gives up room that is not needed while nothing waits. */
  trim(): void {
    this.#lanes.trim();
  }

  /** Whether streamed bodies wait for their turn. */
  get hasData(): boolean {
    return this.#lanes.bodies > 0;
  }

  /** A stream has credit to give back. It is said once, whatever adds up until then. */
  addGrant(exchange: Exchange): void {
    const { reader } = exchange;
    if (reader === undefined || reader.granting) return;
    reader.granting = true;
    this.#grants.push(exchange);
  }

  /** The link has credit to give back. */
  addLinkGrant(): void {
    this.#grantsLink = true;
  }

  dropControls(): void {
    this.#controls.length = 0;
  }

  /** Fills a batch of what goes through one window, at `now`. True when there is nothing but control in it. */
  fill(encoder: BatchEncoder, now: number): boolean {
    const limit = this.#batchLimit;
    const lanes = this.#lanes;
    if (this.#controls.length > 0) this.#fillControls(encoder, limit);
    if (this.#grantsLink || this.#grants.length > 0) this.#fillGrants(encoder, limit, now);
    const controlSize = encoder.size;
    if (lanes.isShared) {
      this.#fillFrom(lanes.shared, encoder, limit, now);
      return encoder.size === controlSize;
    }
    // Control tells of all tenants, so it goes through the window of none.
    if (controlSize > 0) return true;
    for (const lane of lanes.inTurn()) {
      this.#fillFrom(lane, encoder, limit, now);
      lanes.served(lane, encoder.size > 0);
      if (encoder.size > 0) break;
    }
    return encoder.size === 0;
  }

  #fillFrom(lane: Lane<Waiting>, encoder: BatchEncoder, limit: number, now: number): void {
    this.tenant = lane.tenant;
    encoder.apart = lane.tenant !== undefined;
    this.#fillHeads(lane.heads, encoder, limit);
    if (lane.bodies.length > 0)
      this.#fillData(
        lane.bodies,
        encoder,
        Math.min(limit, MOST_WITH_DATA, this.#flight.allowed * MOST_OF_FLIGHT),
        now,
      );
  }

  #fillControls(encoder: BatchEncoder, limit: number): void {
    const controls = this.#controls;
    let said = 0;
    for (; said < controls.length && encoder.size < limit; said++) controls[said]?.(encoder);
    if (said === controls.length) controls.length = 0;
    else controls.splice(0, said);
  }

  #fillGrants(encoder: BatchEncoder, limit: number, now: number): void {
    this.#grantsLink = false;
    if (this.#window.due > 0) encoder.credit(0, this.#window.grant(now));
    while (encoder.size < limit) {
      const exchange = this.#grants.shift();
      if (exchange === undefined) break;
      const { reader } = exchange;
      if (reader === undefined) continue;
      reader.granting = false;
      if (!reader.ended && reader.window.due > 0)
        encoder.credit(exchange.id, reader.window.grant(now));
    }
  }

  #fillHeads(heads: Fifo<Waiting>, encoder: BatchEncoder, limit: number): void {
    for (let size = encoder.size; size < limit; size = encoder.size) {
      const item = heads.peek();
      if (item === undefined) break;
      const bodyBytes = item.pendingBytes;
      if (!this.#fits(size, bodyBytes)) break;
      heads.shift();
      this.#pendingBytes -= bodyBytes;
      item.writeHead(encoder);
    }
  }

  #fillData(round: Fifo<Exchange>, encoder: BatchEncoder, limit: number, now: number): void {
    let skipped = 0;
    while (encoder.size < limit && skipped < round.length) {
      const exchange = round.shift();
      const writer = exchange?.writer;
      if (exchange === undefined || writer === undefined) continue;
      if (!writer.ready) {
        writer.queued = false;
        continue;
      }
      // What goes without a piece may be trailers, and these as large as a head.
      const mayGo = writer.held > 0 ? this.#mayGo() : this.#fits(encoder.size, 0);
      if (!mayGo) {
        round.push(exchange);
        skipped++;
        continue;
      }
      skipped = 0;
      writer.queued = false;
      this.#writeSlice(encoder, exchange, writer, now);
    }
  }

  /** Whether a head with such a body fits a batch that has so much in it; alone it does, or is refused. */
  #fits(size: number, bodyBytes: number): boolean {
    return size === 0 || bodyBytes <= this.#roomForBody - size;
  }

  /** Whether the link lets a slice go that has its stream's credit. */
  #mayGo(): boolean {
    if (this.credit === 0) return false;
    if (this.#flight.isOpen) return true;
    this.#flight.hold();
    return false;
  }

  #writeSlice(encoder: BatchEncoder, exchange: Exchange, writer: BodyWriter, now: number): void {
    let isLast: boolean;
    try {
      const slice = writer.take(this.credit, now);
      this.credit -= slice.bytes.length;
      this.dataSent += slice.bytes.length;
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
