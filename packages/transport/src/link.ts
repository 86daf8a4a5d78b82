import {
  BatchDecoder,
  BatchEncoder,
  type Envelope,
  EnvelopeDecoder,
  type ErrorCode,
  encodeEnvelope,
  type Fields,
  type Flaw,
  FRONT,
  type Hello,
  MAX_CREDIT,
  MAX_DATA,
  PREFACE,
  type Processed,
  type RecordSink,
  type RequestHead,
  type ResponseHead,
  sealPlain,
  TpError,
  type WireLimits,
} from '@tp/wire';
import type { BodyWriter } from './body-writer.ts';
import type { Timer } from './clock.ts';
import type { Connection } from './connection.ts';
import type { Exchange, ExchangeLink } from './exchange.ts';
import { Fifo } from './fifo.ts';
import { Keepalive } from './keepalive.ts';
import { nodeBytes } from './node-bytes.ts';
import { isOneHello, makeHello, plainEncoder, readPeerHello } from './opening.ts';
import type { ResolvedLinkOptions } from './options.ts';
import { RateLimit } from './rate-limit.ts';
import { LinkCounters, type LinkStats } from './stats.ts';
import { StreamTable } from './stream-table.ts';
import { PackedSide, UnpackedSide } from './windows.ts';

/** A link's life: hellos are exchanged; calls flow; no new ones start; over. */
export type LinkState = 'opening' | 'open' | 'draining' | 'closed';

/** What waits for its turn to have its head written. */
export interface Sendable {
  writeHead(encoder: BatchEncoder): void;
  /** Bytes of body that go with the head. */
  readonly pendingBytes: number;
}

type Control = (encoder: BatchEncoder) => void;

/** What a head adds to a batch beside its fields and its body, at most. */
const HEAD_ROOM = 8 * 1024;
/** How long an error that was said to the peer may take to leave, in ms. */
const LINGER_MS = 1_000;

/**
 * One connection and all that is said on it. This class owns what both roles share: the opening,
 * batches, windows, credit, the order of sending, and the end. `ClientLink` and `ServerLink` add
 * what requests and responses mean.
 *
 * Out: heads and control wait here -> #fill (records) -> #seal (packed, checked) -> connection.
 * In:  connection -> #receive (envelopes) -> #open (checked, unpacked) -> records, this class's methods.
 */
export abstract class Link<E extends Exchange, Waiting extends Sendable>
  implements RecordSink, ExchangeLink
{
  readonly options: ResolvedLinkOptions;
  readonly peer: string;
  readonly counters: LinkCounters = new LinkCounters();
  state: LinkState = 'opening';
  /** When the bytes that are being read came, and when the batch that is being filled was begun. */
  receivedAt = 0;
  sendingAt = 0;
  /** What the peer's hello accepts. */
  peerLimits: WireLimits;
  protected readonly connection: Connection;
  protected readonly streams: StreamTable<E> = new StreamTable<E>();
  protected readonly heads: Fifo<Waiting> = new Fifo<Waiting>();
  protected encoder: BatchEncoder;

  readonly #envelopes: EnvelopeDecoder;
  readonly #decoder: BatchDecoder;
  readonly #unpacked: UnpackedSide;
  readonly #keepalive: Keepalive;
  readonly #glitches: RateLimit;
  readonly #controls: Control[] = [];
  readonly #round = new Fifo<Exchange>();
  #packed: PackedSide | undefined;
  #checksum = true;
  #prefaceSeen = 0;
  #greeted = false;
  #helloSeen = false;
  #handshakeTimer: Timer | undefined;
  #delayTimer: Timer | undefined;
  #lingerTimer: Timer | undefined;
  #spare: Uint8Array | undefined;
  #scheduled = false;
  #blocked = false;
  #batchLimit = 0;
  #sendCredit = 0;
  #receiveCredit: number;
  #ungranted = 0;
  #pendingBytes = 0;
  #ending = false;

  constructor(connection: Connection, peer: string, options: ResolvedLinkOptions) {
    const { limits, clock } = options;
    this.connection = connection;
    this.peer = peer;
    this.options = options;
    this.peerLimits = limits;
    this.encoder = plainEncoder(limits);
    this.#envelopes = new EnvelopeDecoder(limits);
    this.#decoder = new BatchDecoder(nodeBytes, limits, this);
    this.#unpacked = new UnpackedSide(options.codecs, limits.batchUnpacked);
    this.#keepalive = new Keepalive(clock, limits, this);
    this.#glitches = new RateLimit(clock, limits.glitchBurst, limits.glitchRate);
    this.#receiveCredit = limits.linkWindow;
  }

  /** Starts the opening. The dialer speaks first; the acceptor once it has read the dialer's hello. */
  protected begin(): void {
    const { clock, limits } = this.options;
    this.#handshakeTimer = clock.after(limits.handshakeTimeoutMs, () => {
      this.counters.hit('handshakeTimeout');
      this.connection.destroy();
      this.#finish(linkError('TIMEOUT', `no hello came within ${limits.handshakeTimeoutMs} ms`));
    });
    this.connection.start({
      data: (chunk) => this.#receive(chunk),
      drain: () => this.#drained(),
      close: (cause) => this.#closed(cause),
    });
  }

  /** Writes preface and hello. */
  protected greet(): void {
    this.#greeted = true;
    const hello = makeHello(this.options, !this.connection.secure);
    this.encoder.hello(hello);
    this.counters.sent(this.encoder.size);
    const envelope = sealPlain(this.encoder.records, nodeBytes, true);
    const opening = new Uint8Array(PREFACE.length + envelope.length);
    opening.set(PREFACE);
    opening.set(envelope, PREFACE.length);
    this.encoder.reset();
    if (!this.connection.write(opening)) this.#blocked = true;
  }

  /** The peer's hello has been read and the link is open. */
  protected abstract opened(): void;
  /** Ids above this were never opened. */
  protected abstract highestId(): number;
  /** Requests above this id were not taken. */
  protected abstract lastTaken(): number;
  /** The link is over: every exchange that it still carries fails. */
  protected abstract failed(error: TpError): void;
  /** A stream's rule was broken by the peer. */
  protected abstract streamError(id: number, error: TpError): void;

  abstract request(
    id: number,
    head: RequestHead,
    more: boolean,
    timeoutMs: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
  abstract response(
    id: number,
    head: ResponseHead,
    more: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
  abstract cancel(id: number, code: ErrorCode, processed: Processed, message: string): void;
  abstract goaway(lastId: number, code: ErrorCode, final: boolean, message: string): void;

  // --- what waits to be sent -------------------------------------------------------------------

  /** Puts a head in line. */
  protected enqueue(item: Waiting): void {
    this.#pendingBytes += item.pendingBytes;
    this.heads.push(item);
    this.wake(false);
  }

  /** Bytes that wait to be written: whole bodies in line and what was read ahead of streams. */
  get queueBytes(): number {
    let bytes = this.#pendingBytes;
    if (this.counters.streaming > 0) {
      for (const exchange of this.streams.all()) bytes += exchange.writer?.held ?? 0;
    }
    return bytes;
  }

  /** Bytes of whole bodies in line. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Puts a record of control in line, ahead of heads and data. */
  control(write: Control): void {
    if (this.state === 'closed') return;
    if (this.#controls.length >= this.options.limits.maxQueuedControl) {
      this.counters.hit('maxQueuedControl');
      this.fail(
        linkError('ENHANCE_YOUR_CALM', 'the peer does not read the answers that it causes'),
      );
      return;
    }
    this.#controls.push(write);
    this.wake(true);
  }

  /** A body has something to send: it joins the round. */
  writable(exchange: Exchange): void {
    const writer = exchange.writer;
    if (writer === undefined || writer.queued || !writer.ready) return;
    writer.queued = true;
    this.#round.push(exchange);
    this.wake(false);
  }

  /** Bytes of data were consumed or dropped: the link may grant them again (W-044). */
  giveBack(bytes: number): void {
    this.#ungranted += bytes;
    const enough = Math.min(this.options.limits.linkWindow / 2, this.#receiveCredit);
    if (this.#ungranted === 0 || this.#ungranted < enough) return;
    const granted = this.#ungranted;
    this.#ungranted = 0;
    this.#receiveCredit += granted;
    this.control((encoder) => encoder.credit(0, granted));
  }

  /** Sees to it that a batch is sent when what runs now has run. */
  protected wake(urgent: boolean): void {
    if (this.#scheduled || this.#blocked || this.state === 'opening' || this.state === 'closed')
      return;
    const { clock, maxBatchDelayMs, maxBatchBytes } = this.options;
    const waits = maxBatchDelayMs > 0 && !urgent && this.#gathered() < maxBatchBytes;
    if (!waits) {
      this.#scheduled = true;
      clock.defer(this.#flush);
    } else if (this.#delayTimer === undefined) {
      this.#delayTimer = clock.after(maxBatchDelayMs, this.#flush);
    }
  }

  #gathered(): number {
    return this.#pendingBytes + this.heads.length * 64 + this.#round.length * 4096;
  }

  // --- sending: fill a batch, seal it, write it --------------------------------------------------

  readonly #flush = (): void => {
    this.#scheduled = false;
    this.#delayTimer?.clear();
    this.#delayTimer = undefined;
    this.sendingAt = this.options.clock.now();
    try {
      this.#send();
    } catch (error) {
      this.fail(linkError('INTERNAL', 'sending failed', error));
    }
  };

  #send(): void {
    while (!this.#blocked && this.state !== 'closed' && this.state !== 'opening') {
      const controlOnly = this.#fill();
      if (this.#ended()) return;
      if (this.encoder.size === 0) break;
      this.#write(this.#seal(controlOnly));
    }
    if (this.#ending && !this.#blocked) this.#endWhenDone();
  }

  /** Fills the batch: control, heads with their bodies, then a slice of each stream in turn (W-022). */
  #fill(): boolean {
    const encoder = this.encoder;
    const limit = this.#batchLimit;
    const controls = this.#controls;
    let said = 0;
    for (; said < controls.length && encoder.size < limit; said++) controls[said]?.(encoder);
    if (said === controls.length) controls.length = 0;
    else controls.splice(0, said);
    const controlSize = encoder.size;
    while (encoder.size < limit) {
      const item = this.heads.peek();
      if (item === undefined) break;
      const room = this.#largestBatch() - encoder.size - this.peerLimits.headBytes - HEAD_ROOM;
      if (encoder.size > 0 && item.pendingBytes > room) break;
      this.heads.shift();
      this.#pendingBytes -= item.pendingBytes;
      item.writeHead(encoder);
    }
    this.#fillData(encoder, limit);
    return encoder.size === controlSize;
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
      if (this.#sendCredit === 0 && writer.held > 0) {
        this.#round.push(exchange);
        skipped++;
        continue;
      }
      skipped = 0;
      writer.queued = false;
      this.#sendSlice(encoder, exchange, writer);
    }
  }

  #sendSlice(encoder: BatchEncoder, exchange: Exchange, writer: BodyWriter): void {
    let isLast: boolean;
    try {
      const slice = writer.take(this.#sendCredit);
      this.#sendCredit -= slice.bytes.length;
      if (slice.trailers === undefined)
        encoder.data(exchange.id, slice.bytes, slice.last, exchange.detached);
      else encoder.trailers(exchange.id, slice.trailers);
      isLast = slice.last;
    } catch (cause) {
      exchange.sourceFailed(trailersFailed(cause));
      return;
    }
    if (isLast) exchange.settled();
    else this.writable(exchange);
  }

  /** Makes an envelope of the batch. Control alone does not pay for a turn of the compressor. */
  #seal(controlOnly: boolean): Uint8Array {
    const encoder = this.encoder;
    this.counters.sent(encoder.size);
    if (this.#packed === undefined || controlOnly) {
      return sealPlain(encoder.records, nodeBytes, this.#checksum);
    }
    const { records, blobs } = encoder;
    const unpacked = records.bytes.subarray(FRONT, records.position);
    const plain = blobs.position > FRONT ? blobs.bytes.subarray(FRONT, blobs.position) : undefined;
    const window = this.#packed.start();
    const packed = this.#packed.pack(unpacked);
    let crc: number | undefined;
    if (this.#checksum) {
      crc = nodeBytes.crc32(unpacked, plain === undefined ? 0 : nodeBytes.crc32(plain, 0));
    }
    return encodeEnvelope({ plain, packed, unpackedSize: unpacked.length, crc, window }, nodeBytes);
  }

  /** Writes an envelope. The batch's memory is used again when the connection is done with it. */
  #write(envelope: Uint8Array): void {
    const encoder = this.encoder;
    if (this.connection.write(envelope)) {
      encoder.reset();
      return;
    }
    this.#blocked = true;
    if (envelope.buffer !== encoder.records.bytes.buffer) {
      encoder.reset();
      return;
    }
    const busy = encoder.records.bytes;
    encoder.reset(this.#spare ?? new Uint8Array(busy.length));
    this.#spare = busy;
  }

  #drained(): void {
    this.#blocked = false;
    if (this.state !== 'opening') this.#flush();
  }

  #largestBatch(): number {
    const { batchPacked, batchUnpacked } = this.peerLimits;
    return Math.min(batchUnpacked, batchPacked - (batchPacked >> 6) - 64);
  }

  // --- receiving: cut envelopes, open them, hand out records -------------------------------------

  #receive(chunk: Uint8Array): void {
    if (this.state === 'closed') return;
    this.receivedAt = this.options.clock.now();
    this.#keepalive.heard(this.receivedAt);
    try {
      const rest = this.#prefaceSeen < PREFACE.length ? this.#takePreface(chunk) : chunk;
      if (rest === undefined) return;
      for (const envelope of this.#envelopes.push(rest)) {
        this.#open(envelope);
        if (this.#ended()) return;
      }
    } catch (error) {
      this.fail(
        error instanceof TpError ? error : linkError('INTERNAL', 'receiving failed', error),
      );
    }
  }

  #ended(): boolean {
    return this.state === 'closed';
  }

  #takePreface(chunk: Uint8Array): Uint8Array | undefined {
    const missing = PREFACE.subarray(this.#prefaceSeen);
    const found = chunk.subarray(0, missing.length);
    for (let i = 0; i < found.length; i++) {
      if (found[i] !== missing[i]) {
        this.counters.hit('preface');
        this.connection.destroy();
        this.#finish(linkError('PROTOCOL', 'what came does not start as a link does (W-007)'));
        return undefined;
      }
    }
    this.#prefaceSeen += found.length;
    return this.#prefaceSeen < PREFACE.length || chunk.length === found.length
      ? undefined
      : chunk.subarray(found.length);
  }

  #open(envelope: Envelope): void {
    const { plain, packed, crc } = envelope;
    if (!this.#helloSeen && packed !== undefined) {
      throw linkError('PROTOCOL', 'a packed batch came before the hello (W-009)');
    }
    if (!this.#helloSeen && !isOneHello(plain)) {
      throw linkError('PROTOCOL', 'the first batch is something else than one hello (W-009)');
    }
    const unpacked = this.#unpacked.open(envelope);
    if (crc !== undefined) {
      const start = plain === undefined ? 0 : nodeBytes.crc32(plain, 0);
      const found = unpacked === undefined ? start : nodeBytes.crc32(unpacked, start);
      if (found !== crc)
        throw linkError('CHECKSUM', 'a batch does not have the checksum that it came with (W-017)');
    } else if (this.#checksum) {
      throw linkError('CHECKSUM', 'a batch came without its checksum (W-017)');
    }
    if (plain === undefined && packed === undefined) this.glitch();
    this.counters.received((plain?.length ?? 0) + (unpacked?.length ?? 0));
    this.#decoder.decode(plain, unpacked);
  }

  hello(hello: Hello): void {
    if (this.#helloSeen) throw linkError('PROTOCOL', 'a second hello came (W-013)');
    this.#helloSeen = true;
    this.#handshakeTimer?.clear();
    const agreed = readPeerHello(hello, this.options, !this.connection.secure);
    this.peerLimits = hello.limits;
    this.#checksum = agreed.checksum;
    this.#sendCredit = hello.limits.linkWindow;
    this.#batchLimit = Math.min(this.options.maxBatchBytes, this.#largestBatch() - MAX_DATA - 64);
    if (!this.#greeted) this.greet();
    this.#packed =
      agreed.codec === undefined ? undefined : new PackedSide(agreed.codec, agreed.windowLog);
    this.encoder = new BatchEncoder({
      bytes: nodeBytes,
      limits: hello.limits,
      isSecret: this.options.isSecret,
      inline: this.#packed === undefined,
    });
    this.#envelopes.opened();
    this.#keepalive.start();
    this.state = 'open';
    this.opened();
    this.wake(true);
  }

  data(id: number, last: boolean, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > this.#receiveCredit) {
      this.counters.hit('linkWindow');
      throw linkError('FLOW_CONTROL', 'more data came than the link has credit for (W-043)');
    }
    this.#receiveCredit -= length;
    const exchange = this.#find(id);
    if (exchange === undefined) {
      this.giveBack(length);
      return;
    }
    const error = exchange.receiveData(bytes, start, end, last);
    if (error !== undefined) this.#fault(id, error);
  }

  trailers(id: number, fields: Fields): void {
    const error = this.#find(id)?.receiveTrailers(fields);
    if (error !== undefined) this.#fault(id, error);
  }

  flawed(id: number, kind: 'request' | 'response' | 'trailers', flaw: Flaw): void {
    const processed = kind === 'request' ? 'no' : 'maybe';
    this.#fault(id, new TpError({ code: flaw.code, message: flaw.message, processed }));
  }

  credit(id: number, bytes: number): void {
    if (id === 0) {
      this.#sendCredit += bytes;
      if (this.#sendCredit > MAX_CREDIT)
        throw linkError('FLOW_CONTROL', "the link's credit overflows (W-043)");
      this.wake(false);
      return;
    }
    const exchange = this.#find(id);
    const writer = exchange?.writer;
    if (exchange === undefined || writer === undefined) return;
    writer.credit += bytes;
    if (writer.credit > MAX_CREDIT) {
      this.#fault(id, linkError('FLOW_CONTROL', "a stream's credit overflows (W-043)"));
    } else this.writable(exchange);
  }

  ping(token: number): void {
    if (!this.#keepalive.mayPing()) {
      this.counters.hit('pingMinInterval');
      throw linkError('ENHANCE_YOUR_CALM', 'pings come too often (W-094)');
    }
    this.control((encoder) => encoder.pong(token));
  }

  pong(token: number): void {
    if (!this.#keepalive.answered(token)) this.glitch();
  }

  glitch(): void {
    if (this.#glitches.take()) return;
    this.counters.hit('glitchRate');
    throw linkError('ENHANCE_YOUR_CALM', 'too many useless records came (W-095)');
  }

  /** Asks the peer for a sign of life; `answered` is called when it comes, or after `waitMs` without. */
  protected probe(waitMs: number, answered: () => void): void {
    this.#keepalive.probe(waitMs, answered);
  }

  #fault(id: number, error: TpError): void {
    this.counters.hit(error.code);
    this.streamError(id, error);
  }

  #find(id: number): E | undefined {
    const exchange = this.streams.get(id);
    if (exchange === undefined && id > this.highestId()) {
      throw linkError('PROTOCOL', `stream ${id} was never opened (W-031)`);
    }
    return exchange;
  }

  // --- the end -----------------------------------------------------------------------------------

  /** Ends the link for an error: the peer is told, and every exchange fails. */
  fail(error: TpError): void {
    if (this.state === 'closed') return;
    if (this.state === 'opening' || this.#blocked) {
      this.connection.destroy();
    } else {
      this.encoder.reset();
      this.encoder.goaway(this.lastTaken(), error.code, true, error.message);
      this.counters.sent(this.encoder.size);
      this.connection.write(sealPlain(this.encoder.records, nodeBytes, this.#checksum).slice());
      this.connection.end();
      this.#lingerTimer = this.options.clock.after(LINGER_MS, () => this.connection.destroy());
    }
    this.counters.hit(error.code);
    this.#finish(error);
  }

  /** Closes once nothing is under way and all is written. */
  protected endWhenDone(): void {
    this.#ending = true;
    this.#endWhenDone();
  }

  #endWhenDone(): void {
    if (this.state === 'closed' || this.streams.size > 0) return;
    if (this.heads.length > 0 || this.#controls.length > 0 || this.encoder.size > 0) {
      this.wake(true);
      return;
    }
    if (this.#blocked) return;
    this.connection.end();
    this.#lingerTimer = this.options.clock.after(LINGER_MS, () => this.connection.destroy());
    this.#finish(new TpError({ code: 'CLOSED', message: 'the link was closed', processed: 'no' }));
  }

  /** Called by the roles when a stream has ended. */
  protected forget(id: number): void {
    this.streams.delete(id);
    if (this.#ending) this.#endWhenDone();
  }

  #closed(cause: Error | undefined): void {
    this.#lingerTimer?.clear();
    this.#finish(linkError('LINK_LOST', 'the connection was lost', cause));
  }

  #finish(error: TpError): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#handshakeTimer?.clear();
    this.#delayTimer?.clear();
    this.#keepalive.stop();
    this.#controls.length = 0;
    this.#packed?.close();
    this.#unpacked.close();
    this.failed(error);
  }

  /** Figures of the link so far. */
  stats(): LinkStats {
    return this.counters.stats({
      peer: this.peer,
      state: this.state,
      wireBytesIn: this.connection.bytesIn,
      wireBytesOut: this.connection.bytesOut,
      pending: this.streams.size + this.heads.length,
      queueBytes: this.queueBytes,
      roundTripMs: this.#keepalive.roundTripMs,
      codecIn: this.#unpacked.codecName,
      codecOut: this.#packed?.codecName ?? 'none',
    });
  }
}

/** The user's trailers can't be asked for, or can't be sent. */
function trailersFailed(cause: unknown): TpError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new TpError({ code: 'CANCEL', message: `trailers cannot be sent: ${why}`, cause });
}

/** An error of the link; what it carried may have been processed. */
export function linkError(code: ErrorCode, message: string, cause?: unknown): TpError {
  return new TpError({ code, message, cause });
}
