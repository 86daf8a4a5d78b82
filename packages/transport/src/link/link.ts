import {
  type ErrorCode,
  type Fields,
  type Flaw,
  type FlawedKind,
  type Hello,
  MAX_CREDIT,
  type Processed,
  type RecordSink,
  type RequestHead,
  type ResponseHead,
  TpError,
  type WireLimits,
} from '@tp/wire';
import { Flight } from '../body/flight.ts';
import { ReceiveWindow } from '../body/receive-window.ts';
import { SendBuffer } from '../body/send-buffer.ts';
import { Stalls } from '../body/stalls.ts';
import type { Timer } from '../clock.ts';
import type { Timed } from '../exchange/deadlines.ts';
import { type Exchange, type ExchangeLink, takeData, takeTrailers } from '../exchange/exchange.ts';
import type { ResolvedLinkOptions } from '../options.ts';
import { RateLimit } from '../rate-limit.ts';
import type { Connection } from '../socket/connection.ts';
import { linkClose, linkDraining, linkFailed, linkOpen } from '../stats/diagnostics.ts';
import { LinkCounters, type LinkStats } from '../stats/stats.ts';
import type { Tenant, WindowChoice } from '../window/tenants.ts';
import { Inbox } from './inbox.ts';
import { Keepalive } from './keepalive.ts';
import { linkError } from './link-error.ts';
import type { LinkState } from './link-state.ts';
import { type Agreement, makeHello, readPeerHello } from './opening.ts';
import { type Control, Outbox, type Sendable } from './outbox.ts';
import { RoundTrip } from './round-trip.ts';
import { Sealer } from './sealer.ts';
import { StreamTable } from './stream-table.ts';
import type { Kept } from './upkeep.ts';

/** Links that were made in this process. */
let links = 0;

/** How long an error that was said to the peer may take to leave, in ms. */
const LINGER_MS = 1_000;

/**
 * One connection and all that is said on it. This class owns what both roles share: the opening,
 * when a batch is sent, credit, faults, and the end. `ClientLink` and `ServerLink` add what requests
 * and responses mean.
 *
 * Out: Outbox (what waits, in which order) -> Sealer (packed, checked) -> connection.
 * In:  connection -> Inbox (cut, checked, unpacked) -> records: the methods of this class.
 */
export abstract class Link<E extends Exchange, Waiting extends Sendable>
  implements RecordSink, ExchangeLink, Kept
{
  readonly options: ResolvedLinkOptions;
  readonly peer: string;
  readonly counters: LinkCounters;
  state: LinkState = 'opening';
  /** When the bytes that are being read came, and when the batch that is being filled was begun. */
  receivedAt = 0;
  sendingAt = 0;
  /** What the peer's hello accepts. */
  peerLimits: WireLimits;
  protected readonly connection: Connection;
  /** The peer has said that it leaves, in order. */
  protected peerLeaves = false;
  /** Why the peer has ended the link, where it was for an error. */
  protected goodbye: TpError | undefined;
  protected readonly streams: StreamTable<E> = new StreamTable<E>();
  readonly roundTrip: RoundTrip = new RoundTrip();
  readonly flight: Flight;
  readonly sendBuffer: SendBuffer;
  readonly #window: ReceiveWindow;
  readonly #stalls: Stalls;
  readonly #outbox: Outbox<Waiting>;
  readonly #sealer: Sealer;
  readonly #inbox: Inbox;
  readonly #keepalive: Keepalive;
  readonly #glitches: RateLimit;
  #greetedAt: number | undefined;
  #helloSeen = false;
  /** The link has opened, and nobody was told. */
  #isNew = false;
  #handshakeTimer: Timer | undefined;
  #delayTimer: Timer | undefined;
  #lingerTimer: Timer | undefined;
  #scheduled = false;
  #blocked = false;
  /** Since when the connection has not passed on all that was written; undefined while it has. */
  blockedSince: number | undefined;
  #ending = false;
  lookAt = 0;
  /** When a batch was sent last through the shared window, or would have been if there were one. */
  #busyAt = 0;
  readonly #madeAt: number;
  /** What the link ends with once all is said; undefined where it ends well. */
  #lastWord: TpError | undefined;

  constructor(
    side: 'client' | 'server',
    connection: Connection,
    peer: string,
    options: ResolvedLinkOptions,
  ) {
    const { limits, clock } = options;
    this.connection = connection;
    this.peer = peer;
    this.counters = new LinkCounters({ side, link: ++links, peer });
    this.options = options;
    this.peerLimits = limits;
    this.#sealer = new Sealer(options);
    this.#inbox = new Inbox(options, this, this.counters, (id) => this.#sealer.restarted(id));
    this.#keepalive = new Keepalive(clock, limits, this.roundTrip, this);
    this.flight = new Flight(clock, this.roundTrip, limits.queueDelayMs, () => this.wake(false));
    this.sendBuffer = new SendBuffer(limits);
    this.#window = new ReceiveWindow(limits.linkWindow, limits.linkWindowMax, this.roundTrip);
    this.#stalls = new Stalls(clock, limits, this);
    this.#outbox = new Outbox<Waiting>(this.flight, this.#window);
    this.#glitches = new RateLimit(clock, limits.glitchBurst, limits.glitchRate);
    this.#madeAt = clock.now();
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
    if (!this.connection.write(this.#greeting())) this.#blocked = true;
  }

  #greeting(): Uint8Array {
    this.#greetedAt = this.options.clock.now();
    const { encoder } = this.#sealer;
    encoder.hello(makeHello(this.options, !this.connection.secure));
    const { size } = encoder;
    const opening = this.#sealer.sealOpening();
    this.counters.sent(size, opening.length);
    return opening;
  }

  /** The link is open, and what came together with the peer's hello did not end it. */
  protected abstract opened(): void;
  /** Why the peer's hello is not accepted, which it is told of (W-024). */
  protected refusal(_hello: Hello): TpError | undefined {
    return undefined;
  }
  /** Ids above this were never opened. */
  protected abstract highestId(): number;
  /** Requests above this id were not taken. */
  protected abstract lastTaken(): number;
  /** The link is over: every exchange that it still carries fails. */
  protected abstract failed(error: TpError): void;
  /** @throws {TpError} PROTOCOL for a kind of head that the peer's role never sends (W-023). */
  protected abstract refuseWrongWay(kind: 'request' | 'response'): void;
  /** A one-way request was dropped: its id is used, and nothing is said back (W-125). */
  protected abstract dropped(id: number): void;
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
    oneWay: boolean,
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

  /** Heads in line. */
  protected get headsInLine(): number {
    return this.#outbox.heads;
  }

  /** Takes all heads out of the line. */
  protected takeHeads(): Waiting[] {
    return this.#outbox.takeHeads();
  }

  /** Calls `visit` for each head in line; it must not add or take any. */
  protected eachHead(visit: (item: Waiting) => void): void {
    this.#outbox.eachHead(visit);
  }

  /** Puts something in line behind all heads. */
  protected enqueueLast(item: Waiting): void {
    this.#outbox.addLast(item);
    this.wake(false);
  }

  /** Whose window that choice stands for; undefined: the shared one. */
  tenant(choice: WindowChoice): Tenant | undefined {
    return this.#sealer.tenant(choice);
  }

  /** The id of the window that the record at hand came through; 0 also where the peer packs nothing. */
  protected get windowAtHand(): number {
    return this.#inbox.windowId;
  }

  /** Who answers to what came through that window. */
  protected tenantOfPeer(windowId: number): Tenant | undefined {
    return this.#sealer.tenantOfPeer(windowId);
  }

  /** Puts a head in line. */
  protected enqueue(item: Waiting): void {
    this.#outbox.addHead(item);
    this.wake(false);
  }

  /** The names in the peer's verified certificate; undefined without one. */
  get peerIdentity(): readonly string[] | undefined {
    return this.connection.peerIdentity;
  }

  /** The head that `dropHead` would take. */
  protected get nextHead(): Waiting | undefined {
    return this.#outbox.nextHead;
  }

  /** Takes the head out of line, unwritten, that waits longest in the longest line. */
  protected dropHead(): Waiting | undefined {
    return this.#outbox.dropHead();
  }

  /** Bytes that wait to be written: whole bodies in line and what was read ahead of streams. */
  get queueBytes(): number {
    return this.#outbox.pendingBytes + this.sendBuffer.held;
  }

  /** Bytes of whole bodies in line. */
  get pendingBytes(): number {
    return this.#outbox.pendingBytes;
  }

  /** Whether what was said last has not left yet, as the peer reads slowly. */
  protected get unread(): boolean {
    return this.#blocked;
  }

  /** Puts a record of control in line, ahead of heads and data. */
  control(write: Control): void {
    if (this.state === 'closed') return;
    const unread = this.#blocked ? this.#outbox.controls : 0;
    if (unread >= this.options.limits.maxQueuedControl) {
      this.counters.hit('maxQueuedControl');
      this.fail(
        linkError('ENHANCE_YOUR_CALM', 'the peer does not read the answers that it causes'),
      );
      return;
    }
    this.#outbox.addControl(write);
    this.wake(true);
  }

  /** A body has something to send: it joins the round. */
  writable(exchange: Exchange): void {
    if (this.#outbox.addBody(exchange)) this.wake(false);
  }

  /** Bytes of data were consumed or dropped: the link may grant them again (W-044). */
  giveBack(bytes: number, now: number): void {
    if (bytes === 0) return;
    const window = this.#window;
    if (!window.give(bytes, 0, now) && window.due < window.left) return;
    this.#outbox.addLinkGrant();
    this.wake(true);
  }

  /** A stream has credit to give back. */
  grant(exchange: Exchange): void {
    this.#outbox.addGrant(exchange);
    this.wake(true);
  }

  /** Bodies come or go piece by piece, or the connection does not take what is written. */
  watch(): void {
    this.#stalls.watch();
  }

  /** Visits all streams. */
  eachStream(visit: (exchange: Exchange) => void): void {
    this.streams.each(visit);
  }

  /** All data that was sent, in bytes. */
  get dataSent(): number {
    return this.#outbox.dataSent;
  }

  /** Sees to it that a batch is sent when what runs now has run. */
  protected wake(urgent: boolean): void {
    if (this.#scheduled || this.#blocked || this.state === 'opening' || this.state === 'closed')
      return;
    const { clock, maxBatchDelayMs, maxBatchBytes } = this.options;
    const waits = maxBatchDelayMs > 0 && !urgent && this.#outbox.gathered < maxBatchBytes;
    if (!waits) {
      this.#scheduled = true;
      clock.defer(this.#flush);
    } else if (this.#delayTimer === undefined) {
      this.#delayTimer = clock.after(maxBatchDelayMs, this.#flush);
    }
  }

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
    const sealer = this.#sealer;
    while (!this.#blocked && this.state !== 'closed' && this.state !== 'opening') {
      sealer.begin();
      const controlOnly = this.#outbox.fill(sealer.encoder, this.sendingAt);
      if (this.#ended()) return;
      const { size } = sealer.encoder;
      if (size === 0) {
        sealer.rest();
        break;
      }
      const { tenant } = this.#outbox;
      if (!controlOnly && tenant === undefined) this.#busyAt = this.sendingAt;
      const envelope = sealer.seal(controlOnly, tenant, this.sendingAt);
      this.counters.sent(size, envelope.length);
      const isGone = this.connection.write(envelope);
      if (!isGone) this.#block();
      sealer.next(envelope, isGone);
    }
    if (this.#ending && !this.#blocked) this.#endWhenDone();
  }

  #block(): void {
    this.#blocked = true;
    this.blockedSince = this.options.clock.now();
    this.#stalls.watch();
  }

  #drained(): void {
    this.#blocked = false;
    this.blockedSince = undefined;
    if (this.state !== 'opening') this.#flush();
  }

  // --- what has come -----------------------------------------------------------------------------

  #receive(chunk: Uint8Array): void {
    if (this.state === 'closed') return;
    this.receivedAt = this.options.clock.now();
    this.#keepalive.heard(this.receivedAt);
    try {
      if (this.#inbox.receive(chunk)) {
        if (this.#isNew) this.#announce();
        return;
      }
      this.counters.hit('preface');
      this.connection.destroy();
      this.#finish(linkError('PROTOCOL', 'what came does not start as a link does (W-007)'));
    } catch (error) {
      this.fail(
        error instanceof TpError ? error : linkError('INTERNAL', 'receiving failed', error),
      );
    }
  }

  #announce(): void {
    this.#isNew = false;
    if (this.state !== 'open') return;
    if (linkOpen.hasSubscribers) {
      linkOpen.publish({ ...this.counters.label, peerIdentity: this.peerIdentity });
    }
    this.opened();
  }

  #ended(): boolean {
    return this.state === 'closed';
  }

  hello(hello: Hello): void {
    if (this.#helloSeen) throw linkError('PROTOCOL', 'a second hello came (W-013)');
    this.#helloSeen = true;
    this.#handshakeTimer?.clear();
    this.#handshakeTimer = undefined;
    const agreed = readPeerHello(hello, this.options, !this.connection.secure);
    this.peerLimits = hello.limits;
    const refusal = this.refusal(hello);
    if (refusal !== undefined) {
      this.#refuse(refusal, agreed);
      return;
    }
    if (this.#greetedAt === undefined) this.greet();
    else this.roundTrip.measured(this.receivedAt - this.#greetedAt, this.receivedAt);
    this.#sealer.open(agreed, this.options);
    this.#inbox.opened(agreed.checksum);
    this.#outbox.open(hello.limits, this.options.maxBatchBytes);
    this.state = 'open';
    this.#isNew = true;
    const now = this.options.clock.now();
    this.#busyAt = now;
    this.options.upkeep.start(this, this.look(now));
    this.wake(true);
  }

  data(id: number, last: boolean, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > this.#window.left) {
      this.counters.hit('linkWindow');
      throw linkError('FLOW_CONTROL', 'more data came than the link has credit for (W-043)');
    }
    this.#window.spend(length, this.receivedAt);
    const exchange = this.#find(id);
    if (exchange === undefined) {
      this.giveBack(length, this.receivedAt);
      return;
    }
    const error = takeData(exchange, bytes, start, end, last);
    if (error !== undefined) this.#fault(id, error);
  }

  trailers(id: number, fields: Fields): void {
    const exchange = this.#find(id);
    if (exchange === undefined) return;
    const error = takeTrailers(exchange, fields);
    if (error !== undefined) this.#fault(id, error);
  }

  flawed(id: number, kind: FlawedKind, flaw: Flaw): void {
    if (kind === 'one-way') {
      this.refuseWrongWay('request');
      this.counters.hit(flaw.code);
      this.dropped(id);
      return;
    }
    if (kind !== 'trailers') this.refuseWrongWay(kind);
    const isNew = kind === 'request';
    if (!isNew && this.#find(id) === undefined) return;
    const processed = isNew ? 'no' : 'maybe';
    this.#fault(id, new TpError({ code: flaw.code, message: flaw.message, processed }));
  }

  credit(id: number, bytes: number): void {
    if (id === 0) {
      this.#outbox.credit += bytes;
      if (this.#outbox.credit > MAX_CREDIT)
        throw linkError('FLOW_CONTROL', "the link's credit overflows (W-043)");
      this.wake(false);
      return;
    }
    const exchange = this.#find(id);
    if (exchange === undefined) return;
    const { writer } = exchange;
    if (writer === undefined) exchange.earlyCredit += bytes;
    else writer.flight.credited(bytes, this.receivedAt);
    const credit = writer?.flight.credit ?? this.peerLimits.streamWindow + exchange.earlyCredit;
    if (credit > MAX_CREDIT) {
      this.#fault(id, linkError('FLOW_CONTROL', "a stream's credit overflows (W-043)"));
      return;
    }
    this.writable(exchange);
    // Others may have waited for what is under way, and not for credit of their own.
    if (this.#outbox.hasData) this.wake(false);
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

  // --- what time asks for ------------------------------------------------------------------------

  look(now: number): number {
    const beat = this.#keepalive.look(now);
    if (this.streams.size > 0) this.watch();
    const { windowIdleMs } = this.options.limits;
    const canSay = !this.#blocked && (this.state === 'open' || this.state === 'draining');
    if (canSay) this.#sealer.releaseIsolated(now - windowIdleMs, this.#say);
    if (now - this.#busyAt < windowIdleMs) return Math.min(beat, this.#busyAt + windowIdleMs);
    if (canSay) this.#release();
    return Math.min(beat, now + windowIdleMs);
  }

  /** The link rests: it lets go of what the next batch takes again when it needs it. */
  #release(): void {
    this.streams.trim();
    this.#outbox.trim();
    this.#sealer.release(this.#say);
  }

  /** Writes an envelope without records. */
  readonly #say = (envelope: Uint8Array): void => {
    this.counters.sent(0, envelope.length);
    if (!this.connection.write(envelope)) this.#block();
  };

  // --- the end -----------------------------------------------------------------------------------

  /** Ends the link for an error: the peer is told, and every exchange fails. */
  fail(error: TpError): void {
    if (this.state === 'closed') return;
    this.#lingerTimer?.clear();
    if (this.state === 'opening' || this.#blocked) {
      this.connection.destroy();
    } else {
      this.#sealer.encoder.reset();
      this.#sayLast(this.#farewell(error));
    }
    this.counters.hit(error.code);
    this.#finish(error);
  }

  /** Says the rest of the opening and in one piece with it why the link is refused (W-024). */
  #refuse(error: TpError, agreed: Agreement): void {
    const greeting = this.#greetedAt === undefined ? this.#greeting() : new Uint8Array(0);
    this.#sealer.open(agreed, this.options);
    this.#sayLast(Buffer.concat([greeting, this.#farewell(error)]));
    this.counters.hit(error.code);
    this.#finish(error);
  }

  #farewell(error: TpError): Uint8Array {
    const { encoder } = this.#sealer;
    encoder.goaway(this.lastTaken(), error.code, true, error.message);
    const { size } = encoder;
    const envelope = this.#sealer.seal(true, undefined, 0).slice();
    this.counters.sent(size, envelope.length);
    return envelope;
  }

  #sayLast(bytes: Uint8Array): void {
    this.connection.write(bytes);
    this.connection.end();
    this.#lingerTimer = this.options.clock.after(LINGER_MS, () => this.connection.destroy());
  }

  /** Closes once nothing is under way and all is written. */
  protected endWhenDone(): void {
    this.#ending = true;
    this.#endWhenDone();
  }

  /** Ends the link with an error once what waits has been said, or after a moment if the peer does not read. */
  protected failWhenSaid(error: TpError): void {
    if (this.state === 'closed') return;
    this.#lastWord = error;
    this.#lingerTimer = this.options.clock.after(LINGER_MS, () => this.fail(error));
    this.endWhenDone();
  }

  #endWhenDone(): void {
    if (this.state === 'closed' || this.streams.size > 0) return;
    if (this.headsInLine > 0 || this.#outbox.controls > 0 || this.#sealer.encoder.size > 0) {
      this.wake(true);
      return;
    }
    if (this.#blocked) return;
    if (this.#lastWord !== undefined) {
      this.fail(this.#lastWord);
      return;
    }
    this.connection.end();
    this.#lingerTimer = this.options.clock.after(LINGER_MS, () => this.connection.destroy());
    this.#finish(closed('the link was closed'));
  }

  /** Visits all exchanges of the link that have not ended. */
  abstract eachTimed(visit: (item: Timed) => void): void;

  /** Called by the roles when a stream has ended. */
  protected forget(id: number): void {
    this.streams.delete(id);
    if (this.#ending) this.#endWhenDone();
  }

  #closed(cause: Error | undefined): void {
    this.#lingerTimer?.clear();
    if (this.peerLeaves && this.streams.size === 0) this.#finish(closed('the peer left'));
    else this.#finish(linkError('LINK_LOST', 'the connection was lost', cause));
  }

  #finish(error: TpError): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#handshakeTimer?.clear();
    this.#delayTimer?.clear();
    this.options.upkeep.stop(this);
    this.#keepalive.stop();
    this.#stalls.stop();
    this.flight.stop();
    this.#outbox.dropControls();
    this.#sealer.close();
    this.#inbox.close();
    const reason = this.goodbye ?? error;
    const { label } = this.counters;
    if (linkFailed.hasSubscribers && reason.code !== 'CLOSED') {
      linkFailed.publish({ ...label, error: reason });
    }
    this.failed(reason);
    if (linkClose.hasSubscribers) {
      linkClose.publish({ ...label, error: reason, stats: this.stats() });
    }
  }

  /** The link takes no further exchange; those under way go on. */
  protected drain(): void {
    this.state = 'draining';
    if (linkDraining.hasSubscribers) linkDraining.publish(this.counters.label);
  }

  /** Figures of the link so far. */
  stats(): LinkStats {
    const { roundTrip } = this;
    const now = this.options.clock.now();
    this.counters.wireBytesIn = this.connection.bytesIn;
    this.counters.wireBytesOut = this.connection.bytesOut;
    return this.counters.stats({
      state: this.state,
      peerIdentity: this.peerIdentity,
      ageMs: now - this.#madeAt,
      idleMs: now - Math.max(this.#madeAt, this.receivedAt, this.sendingAt),
      pending: this.streams.size + this.headsInLine,
      queueBytes: this.queueBytes,
      sendCredit: this.#outbox.credit,
      receiveCredit: this.#window.left,
      roundTripMs: roundTrip.latestMs,
      smoothedRoundTripMs: roundTrip.smoothedMs,
      codecIn: this.#inbox.codecName,
      codecOut: this.#sealer.codecName,
      windowBytesIn: this.#inbox.windowBytes,
      windowBytesOut: this.#sealer.windowBytes,
    });
  }
}

function closed(message: string): TpError {
  return new TpError({ code: 'CLOSED', message, processed: 'no' });
}
