import {
  type ErrorCode,
  type Fields,
  type Flaw,
  type FlawedKind,
  type Hello,
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
import type { Timed } from '../exchange/deadlines.ts';
import {
  type Exchange,
  type ExchangeLink,
  takeCredit,
  takeData,
  takeTrailers,
} from '../exchange/exchange.ts';
import type { ResolvedLinkOptions } from '../options.ts';
import { RateLimit } from '../rate-limit.ts';
import type { Connection } from '../socket/connection.ts';
import { linkClose, linkDraining, linkFailed, linkOpen } from '../stats/diagnostics.ts';
import { LinkCounters, type LinkStats } from '../stats/stats.ts';
import { Arrival } from './arrival.ts';
import { Handshake } from './handshake.ts';
import { Inbox } from './inbox.ts';
import { Keepalive } from './keepalive.ts';
import { LastWords } from './last-words.ts';
import { LinkCredit } from './link-credit.ts';
import { linkError } from './link-error.ts';
import { LinkSender } from './link-sender.ts';
import type { LinkState } from './link-state.ts';
import type { Agreement } from './opening.ts';
import { Outbox, type Sendable } from './outbox.ts';
import { PeerPings } from './peer-pings.ts';
import { RoundTrip } from './round-trip.ts';
import { Sealer } from './sealer.ts';
import { StreamTable } from './stream-table.ts';
import type { Kept } from './upkeep.ts';

/** Links that were made in this process. */
let links = 0;

/**
 * One connection and all that is said on it. This class ties together what both roles share, takes
 * the records that come, and goes from state to state. `ClientLink` and `ServerLink` add what
 * requests and responses mean.
 *
 * Out: Outbox (what waits, in which order) -> Sealer (packed, checked) -> connection. LinkSender says when.
 * In:  connection -> Inbox (cut, checked, unpacked) -> records: the methods of this class.
 */
export abstract class Link<E extends Exchange, Waiting extends Sendable>
  implements RecordSink, ExchangeLink, Kept
{
  readonly options: ResolvedLinkOptions;
  readonly peer: string;
  readonly counters: LinkCounters;
  state: LinkState = 'opening';
  /** When the bytes that are being read came. */
  receivedAt = 0;
  /** What the peer's hello accepts. */
  peerLimits: WireLimits;
  protected readonly connection: Connection;
  /** The peer has said that it leaves, in order. */
  protected peerLeaves = false;
  /** Why the peer has ended the link, where it was for an error. */
  protected goodbye: TpError | undefined;
  lookAt = 0;
  readonly streams: StreamTable<E> = new StreamTable<E>();
  readonly roundTrip: RoundTrip = new RoundTrip();
  readonly flight: Flight;
  readonly sendBuffer: SendBuffer;
  readonly linkCredit: LinkCredit;
  readonly stalls: Stalls;
  readonly sender: LinkSender<Waiting>;
  /** What waits to be sent; what is put in goes through `sender`. */
  readonly outbox: Outbox<Waiting>;
  readonly sealer: Sealer;
  protected readonly inbox: Inbox;
  protected readonly keepalive: Keepalive;
  readonly #peerPings: PeerPings;
  readonly #arrival: Arrival;
  readonly #window: ReceiveWindow;
  readonly #handshake: Handshake;
  readonly #lastWords: LastWords;
  readonly #glitches: RateLimit;
  readonly #madeAt: number;
  /** The link has opened, and nobody was told. */
  #isNew = false;
  /** It ends once nothing is under way and all is written, with that error or well. */
  #ending = false;
  #endsWith: TpError | undefined;

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
    this.sealer = new Sealer(options);
    this.inbox = new Inbox(options, this, this.counters, (id) => this.sealer.restarted(id));
    this.keepalive = new Keepalive(clock, limits, this.roundTrip, this);
    this.#peerPings = new PeerPings(clock, limits, this);
    this.#arrival = new Arrival(limits, this);
    this.flight = new Flight(clock, this.roundTrip, limits.queueDelayMs, () =>
      this.sender.wake(false),
    );
    this.sendBuffer = new SendBuffer(limits);
    this.#window = new ReceiveWindow(limits.linkWindow, limits.linkWindowMax, this.roundTrip);
    this.stalls = new Stalls(clock, limits, this);
    this.outbox = new Outbox<Waiting>(this.flight, this.#window);
    this.sender = new LinkSender(this, connection, this.outbox, this.sealer);
    this.linkCredit = new LinkCredit(
      this.#window,
      this.outbox,
      this.flight,
      this.sender,
      this.counters,
    );
    this.#handshake = new Handshake(options, connection, this.counters, this.sealer);
    this.#lastWords = new LastWords(connection, this.counters, this.sealer, clock);
    this.#glitches = new RateLimit(clock, limits.glitchBurst, limits.glitchRate);
    this.#madeAt = clock.now();
  }

  /** Starts the opening. The dialer speaks first; the acceptor once it has read the dialer's hello. */
  protected begin(): void {
    this.#handshake.start(() => {
      const { handshakeTimeoutMs } = this.options.limits;
      this.counters.hit('handshakeTimeout');
      this.connection.destroy();
      this.#finish(linkError('TIMEOUT', `no hello came within ${handshakeTimeoutMs} ms`));
    });
    this.connection.start({
      data: (chunk) => this.#receive(chunk),
      drain: () => {
        this.keepalive.wrote();
        this.taken();
        this.sender.drained();
      },
      close: (cause) => this.#closed(cause),
    });
  }

  /** Writes preface and hello. */
  protected greet(): void {
    this.sender.write(this.#handshake.greeting());
  }

  /** The link is open, and what came together with the peer's hello did not end it. */
  protected abstract opened(): void;
  /** Why the peer's hello is not accepted, which it is told of (W-024). */
  protected refusal(_hello: Hello): TpError | undefined {
    return undefined;
  }
  /** Whether the answers to all that has come are in line. */
  protected abstract get hasAnswered(): boolean;
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

  /** The names in the peer's verified certificate; undefined without one. */
  get peerIdentity(): readonly string[] | undefined {
    return this.connection.peerIdentity;
  }

  // --- what has come -----------------------------------------------------------------------------

  #receive(chunk: Uint8Array): void {
    if (this.state === 'closed') return;
    this.receivedAt = this.options.clock.now();
    this.keepalive.heard(this.receivedAt);
    this.sender.answering();
    try {
      if (this.inbox.receive(chunk)) {
        if (this.#isNew) this.#announce();
        if (this.hasAnswered) this.sender.answered();
        else this.sender.answersLater();
        if (this.inbox.held > 0) this.#awaitRest();
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

  /** Part of a batch has come: looks in time to say that it is being read. */
  #awaitRest(): void {
    if (this.state !== 'open' && this.state !== 'draining') return;
    const at = this.keepalive.signDueAt(this.receivedAt);
    if (this.lookAt > at) this.options.upkeep.start(this, at);
  }

  #announce(): void {
    this.#isNew = false;
    if (this.state !== 'open') return;
    if (linkOpen.hasSubscribers) {
      linkOpen.publish({ ...this.counters.label, peerIdentity: this.peerIdentity });
    }
    this.opened();
  }

  hello(hello: Hello): void {
    const agreed = this.#handshake.agree(hello);
    this.peerLimits = hello.limits;
    const refusal = this.refusal(hello);
    if (refusal !== undefined) {
      this.#refuse(refusal, agreed);
      return;
    }
    const { greetedAt } = this.#handshake;
    if (greetedAt === undefined) this.greet();
    else this.roundTrip.measured(this.receivedAt - greetedAt, this.receivedAt);
    this.sealer.open(agreed, this.options);
    this.inbox.opened(agreed.checksum);
    this.outbox.open(hello.limits, this.options.maxBatchBytes);
    this.state = 'open';
    this.#isNew = true;
    const now = this.options.clock.now();
    this.sender.busyAt = now;
    this.options.upkeep.start(this, this.look(now));
    this.sender.wake(true);
  }

  data(id: number, last: boolean, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.linkCredit.spend(length, this.receivedAt);
    const exchange = this.#find(id);
    if (exchange === undefined) {
      this.linkCredit.giveBack(length, this.receivedAt);
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
      this.linkCredit.granted(bytes);
      return;
    }
    const exchange = this.#find(id);
    if (exchange === undefined) return;
    const error = takeCredit(exchange, bytes, this);
    if (error !== undefined) this.#fault(id, error);
    // Others may have waited for what is under way, and not for credit of their own.
    else if (this.outbox.hasData) this.sender.wake(false);
  }

  ping(token: number): void {
    this.#peerPings.came();
    this.sender.control((encoder) => {
      encoder.pong(token);
      this.#peerPings.answered();
    });
  }

  pong(token: number): void {
    if (!this.keepalive.answered(token)) this.glitch();
  }

  glitch(): void {
    if (this.#glitches.take()) return;
    this.counters.hit('glitchRate');
    throw linkError('ENHANCE_YOUR_CALM', 'too many useless records came (W-095)');
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
    const quietSince = this.inbox.held > 0 ? this.sender.sendingAt : undefined;
    const beat = Math.min(
      this.keepalive.look(now, this.sender.isWriting, quietSince),
      this.#arrival.look(now, this.inbox),
    );
    if (this.streams.size > 0) this.stalls.watch();
    const { windowIdleMs } = this.options.limits;
    const { sender } = this;
    sender.releaseIsolated(now - windowIdleMs);
    if (now - sender.busyAt < windowIdleMs) return Math.min(beat, sender.busyAt + windowIdleMs);
    this.streams.trim();
    sender.release();
    return Math.min(beat, now + windowIdleMs);
  }

  // --- the end -----------------------------------------------------------------------------------

  /** Ends the link for an error: the peer is told, and every exchange fails. */
  fail(error: TpError): void {
    if (this.state === 'closed') return;
    this.#lastWords.stop();
    if (this.state === 'opening' || this.sender.blocked) {
      this.connection.destroy();
    } else {
      this.sealer.encoder.reset();
      this.#lastWords.say(this.#lastWords.farewell(this.lastTaken(), error));
    }
    this.counters.hit(error.code);
    this.#finish(error);
  }

  /** Says the rest of the opening and in one piece with it why the link is refused (W-024). */
  #refuse(error: TpError, agreed: Agreement): void {
    const isGreeted = this.#handshake.greetedAt !== undefined;
    const greeting = isGreeted ? new Uint8Array(0) : this.#handshake.greeting();
    this.sealer.open(agreed, this.options);
    const farewell = this.#lastWords.farewell(this.lastTaken(), error);
    this.#lastWords.say(Buffer.concat([greeting, farewell]));
    this.counters.hit(error.code);
    this.#finish(error);
  }

  /** Closes once nothing is under way and all is written. */
  protected endWhenDone(): void {
    this.#ending = true;
    this.#endWhenDone();
  }

  /** Ends the link with an error once what waits has been said, or after a moment if the peer does not read. */
  protected failWhenSaid(error: TpError): void {
    if (this.state === 'closed') return;
    this.#endsWith = error;
    this.#lastWords.wait(() => this.fail(error));
    this.endWhenDone();
  }

  /** The connection has taken what was written so far. */
  taken(): void {
    this.#peerPings.taken();
  }

  /** All that waited was written, and the connection has taken it. */
  sent(): void {
    if (this.#ending) this.#endWhenDone();
  }

  #endWhenDone(): void {
    if (this.state === 'closed' || this.streams.size > 0) return;
    const { outbox, sender } = this;
    if (outbox.heads > 0 || outbox.controls > 0 || this.sealer.encoder.size > 0) {
      sender.wake(true);
      return;
    }
    if (sender.blocked) return;
    if (this.#endsWith !== undefined) {
      this.fail(this.#endsWith);
      return;
    }
    this.#lastWords.say();
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
    this.#lastWords.stop();
    if (this.peerLeaves && this.streams.size === 0) this.#finish(closed('the peer left'));
    else this.#finish(linkError('LINK_LOST', 'the connection was lost', cause));
  }

  #finish(error: TpError): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#handshake.stop();
    this.options.upkeep.stop(this);
    this.keepalive.stop();
    this.stalls.stop();
    this.flight.stop();
    this.sender.close();
    this.inbox.close();
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
      idleMs: now - Math.max(this.#madeAt, this.receivedAt, this.sender.sendingAt),
      pending: this.streams.size + this.outbox.heads,
      queueBytes: this.outbox.pendingBytes + this.sendBuffer.held,
      sendCredit: this.outbox.credit,
      receiveCredit: this.#window.left,
      roundTripMs: roundTrip.latestMs,
      smoothedRoundTripMs: roundTrip.smoothedMs,
      codecIn: this.inbox.codecName,
      codecOut: this.sealer.codecName,
      windowBytesIn: this.inbox.windowBytes,
      windowBytesOut: this.sealer.windowBytes,
    });
  }
}

function closed(message: string): TpError {
  return new TpError({ code: 'CLOSED', message, processed: 'no' });
}
