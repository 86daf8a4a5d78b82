import {
  type ErrorCode,
  type Hello,
  type Processed,
  type RequestHead,
  type ResponseHead,
  TpError,
} from '@tp/wire';
import type { Deadlines, Timed } from '../exchange/deadlines.ts';
import { HeldRequests } from '../exchange/held-requests.ts';
import { Information } from '../exchange/information.ts';
import { Serial } from '../exchange/serial.ts';
import { ServerExchange } from '../exchange/server-exchange.ts';
import type { Turns } from '../exchange/turns.ts';
import type { ResolvedLinkOptions } from '../options.ts';
import type { Connection } from '../socket/connection.ts';
import type { AcceptedTokens } from '../socket/token.ts';
import { callStart } from '../stats/diagnostics.ts';
import { Admission } from './admission.ts';
import { CancelLimit } from './cancel-limit.ts';
import { IdleWatch } from './idle-watch.ts';
import { Link } from './link.ts';
import { linkError } from './link-error.ts';

/** What a link asks of the server that accepted it. */
export interface ServerLinkOwner {
  readonly deadlines: Deadlines;
  /** Whether a link's requests are handled one at a time. */
  readonly serial: boolean;
  /** What a hello must say one of; undefined: nothing. */
  readonly tokens: AcceptedTokens | undefined;
  /** Requests that wait as handlers have run for long. */
  readonly turns: Turns;
  /** One-way requests whose handlers run: no streams, but they may have deadlines, and outlive their links (W-126). */
  readonly oneWay: Set<ServerExchange>;
  /** Handlers that run now, over all links. */
  running: number;
  handle(exchange: ServerExchange): void;
  /** The hellos are exchanged. */
  opened(link: ServerLink): void;
  closed(link: ServerLink, error: TpError): void;
}

/** How long the peer has to answer before the last id is said (W-102), in ms. */
const GOAWAY_WAIT_MS = 1_000;

/** While handlers are quick, one request in so many asks the clock how long they have run. */
const LOOK_EVERY = 8;
/** A handler that takes less is quick, in ms. */
const QUICK_MS = 0.05;

/** The acceptor's side of a link: requests in, responses out. */
export class ServerLink extends Link<ServerExchange, ServerExchange | Information> {
  readonly #owner: ServerLinkOwner;
  readonly #admission: Admission;
  readonly #cancels: CancelLimit;
  /** Streams that the peer has cancelled. */
  #cancelled = 0;
  readonly #idle: IdleWatch;
  /** The highest id that came. */
  #lastId = 0;
  /** The highest id that is handled, once that was said for good. */
  #finalId: number | undefined;
  #refusing = false;
  /** When the clock was asked last, for what came or for how long handlers had run. */
  #lookedAt = 0;
  /** So many requests were handled since then, and at most so many are before it is asked again. */
  #unlooked = 0;
  #lookEvery = 1;
  readonly #serial: Serial | undefined;
  readonly #held: HeldRequests;

  constructor(
    connection: Connection,
    peer: string,
    options: ResolvedLinkOptions,
    owner: ServerLinkOwner,
  ) {
    super('server', connection, peer, options);
    this.#owner = owner;
    this.#admission = new Admission(this, owner);
    this.#held = new HeldRequests(this, (exchange) => this.#handleHeld(exchange));
    this.#serial = owner.serial
      ? new Serial({
          handle: (exchange) =>
            this.#isHeld(exchange) || this.#handle(exchange, options.clock.now()),
          hold: (bytes) => this.#admission.hold(bytes),
          letGo: (bytes) => {
            this.#admission.runningBytes -= bytes;
          },
          giveBack: (bytes) => this.linkCredit.giveBack(bytes, this.receivedAt),
        })
      : undefined;
    this.#cancels = new CancelLimit(options.clock, options.limits);
    this.#idle = new IdleWatch(
      options.limits.idleTimeoutMs,
      () => this.streams.size > 0 || this.inbox.held > 0,
      () => this.#leaveIdle(),
    );
    this.begin();
  }

  /** Announces the end, says which requests it took, and closes when they are answered (W-102). */
  close(): void {
    if (this.state === 'opening') {
      this.fail(new TpError({ code: 'CLOSED', message: 'the server is closing', processed: 'no' }));
      return;
    }
    if (this.state !== 'open') return;
    this.drain();
    this.sender.control((encoder) => encoder.goaway(0, 'NO_ERROR', false));
    this.keepalive.probe(GOAWAY_WAIT_MS, () => {
      if (this.#refusing) return;
      this.#refusing = true;
      const finalId = this.#lastId;
      this.#finalId = finalId;
      this.sender.control((encoder) => encoder.goaway(finalId, 'NO_ERROR', true));
      this.endWhenDone();
    });
  }

  /**
   * Ends what remains (W-107): each client is told what is true of its request, then the link ends
   * with the error.
   */
  cutOff(error: TpError): void {
    this.#refusing = true;
    this.#finalId ??= this.#lastId;
    const { code, message } = error;
    for (const exchange of this.streams.all()) {
      exchange.cutOff(new TpError({ code, message, processed: exchange.processed, cause: error }));
    }
    this.failWhenSaid(error);
  }

  override look(now: number): number {
    return Math.min(super.look(now), this.#idle.look(now));
  }

  #leaveIdle(): void {
    if (this.state !== 'open') return;
    this.counters.hit('idleTimeout');
    this.close();
  }

  eachTimed(visit: (item: Timed) => void): void {
    this.streams.each(visit);
  }

  highestId(): number {
    return this.#lastId;
  }

  protected get hasAnswered(): boolean {
    return this.streams.size <= this.outbox.heads;
  }

  protected lastTaken(): number {
    return this.#finalId ?? this.#lastId;
  }

  /** Puts a response in line. */
  answer(exchange: ServerExchange): void {
    if (exchange.oneWay) exchange.drop();
    else this.sender.enqueue(exchange);
  }

  /** Puts a 1xx head in line. */
  inform(exchange: ServerExchange, head: ResponseHead): void {
    if (!exchange.oneWay) this.sender.enqueue(new Information(exchange, head));
  }

  handlerReturned(exchange: ServerExchange): void {
    this.#owner.running--;
    this.#admission.runningBytes -= exchange.inlineLength;
    this.#serial?.returned();
  }

  /** The exchange has ended before its handler was called. */
  neverHandled(exchange: ServerExchange): void {
    this.#admission.runningBytes -= exchange.inlineLength;
    this.#serial?.left(exchange);
  }

  ended(exchange: ServerExchange): void {
    exchange.dueAt = 0;
    if (exchange.oneWay) this.#owner.oneWay.delete(exchange);
    if (this.streams.get(exchange.id) === exchange) this.forget(exchange.id);
  }

  protected opened(): void {
    this.#owner.opened(this);
  }

  protected override refusal({ token }: Hello): TpError | undefined {
    const { tokens } = this.#owner;
    if (tokens === undefined || tokens.accept(token)) return undefined;
    this.counters.hit('token');
    const message = `the peer does not accept the token${token.length === 0 ? ', as none was said' : ''}`;
    return new TpError({ code: 'REFUSED', message, processed: 'no' });
  }

  protected override forget(id: number): void {
    super.forget(id);
    if (this.streams.size === 0) this.#idle.rests(this.sender.sendingAt);
  }

  protected failed(error: TpError): void {
    this.outbox.takeHeads();
    for (const exchange of this.streams.all()) {
      this.streams.delete(exchange.id);
      exchange.fail(error);
    }
    this.#owner.closed(this, error);
  }

  protected dropped(id: number): void {
    if (id > this.#lastId) this.#lastId = id;
  }

  protected streamError(id: number, error: TpError): void {
    const exchange = this.streams.get(id);
    const processed = exchange?.processed ?? error.processed;
    if (id > this.#lastId) this.#lastId = id;
    this.sender.control((encoder) => encoder.cancel(id, error.code, processed, error.message));
    this.forget(id);
    exchange?.fail(error);
  }

  request(
    id: number,
    head: RequestHead,
    more: boolean,
    timeoutMs: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    oneWay: boolean,
  ): void {
    this.#lastId = id;
    if (this.#refusing) return;
    const why = this.#admission.refusal(end - start, oneWay);
    if (why !== undefined) {
      this.counters.hit(why.limit);
      if (!oneWay) this.#admission.refuse(id, why);
      return;
    }
    if (more && end > start) {
      const error = linkError('PROTOCOL', 'a head with more to come has a body (W-032)');
      this.sender.control((encoder) => encoder.cancel(id, error.code, 'no', error.message));
      return;
    }
    const exchange = new ServerExchange(this, id, head, more, bytes, start, end);
    const { windowId } = this.inbox;
    if (windowId !== 0) exchange.tenant = this.sealer.tenantOfPeer(windowId);
    else if (this.options.window !== 'shared')
      exchange.tenant = this.sealer.tenant(this.options.window);
    if (oneWay) {
      exchange.oneWay = true;
      this.#owner.oneWay.add(exchange);
      this.#idle.rests(this.receivedAt);
    } else this.streams.add(exchange);
    this.counters.requests++;
    this.#admission.runningBytes += end - start;
    if (timeoutMs > 0) this.#owner.deadlines.arm(exchange, this.receivedAt + timeoutMs);
    if (callStart.hasSubscribers) callStart.publish(exchange.event());
    if (this.#serial === undefined) this.#take(exchange);
    else this.#serial.add(exchange);
  }

  override data(id: number, last: boolean, bytes: Uint8Array, start: number, end: number): void {
    super.data(id, last, bytes, start, end);
    const exchange = this.#serial === undefined ? undefined : this.streams.get(id);
    if (exchange !== undefined) this.#serial?.came(exchange);
  }

  /**
   * Calls the handler, or lets the request wait for another turn when others have run for long. While
   * handlers take their time the clock is asked for each request, else for one in so many; and not
   * for the first of what came together, as its time has just been taken.
   */
  #take(exchange: ServerExchange): void {
    if (this.#isHeld(exchange)) return;
    const { turns } = this.#owner;
    const { receivedAt } = this;
    if (turns.length > 0) turns.add(exchange, receivedAt);
    else if (this.#lookedAt < receivedAt) {
      this.#lookedAt = receivedAt;
      this.#unlooked = 0;
      this.#lookEvery = 1;
      this.#call(exchange);
    } else if (++this.#unlooked < this.#lookEvery) this.#call(exchange);
    else this.#lookAndTake(exchange, turns);
  }

  #lookAndTake(exchange: ServerExchange, turns: Turns): void {
    const now = this.options.clock.now();
    this.#lookEvery = now - this.#lookedAt < QUICK_MS * this.#unlooked ? LOOK_EVERY : 1;
    this.#lookedAt = now;
    this.#unlooked = 0;
    if (turns.isOver(this.receivedAt, now)) turns.add(exchange, this.receivedAt);
    else this.#handle(exchange, now);
  }

  /** Its turn has come. */
  handleWaiting(exchange: ServerExchange, now: number): void {
    if (!this.#isHeld(exchange)) this.#handleLate(exchange, now);
  }

  /** Whether it waits for answers to leave; one that has no answer does not. */
  #isHeld(exchange: ServerExchange): boolean {
    if (!this.#held.mustHold || exchange.oneWay) return false;
    this.#held.add(exchange);
    return true;
  }

  #handleHeld(exchange: ServerExchange): void {
    const isHandled = !exchange.over && this.#handleLate(exchange, this.options.clock.now());
    if (!isHandled) this.#serial?.returned();
  }

  /** Calls a handler outside of what came in. */
  #handleLate(exchange: ServerExchange, now: number): boolean {
    try {
      return this.#handle(exchange, now);
    } catch (error) {
      this.fail(linkError('INTERNAL', 'a handler threw', error));
      return true;
    }
  }

  override taken(): void {
    super.taken();
    this.#held.left();
  }

  /** Calls the handler, unless the deadline has passed by now: then it gives false. */
  #handle(exchange: ServerExchange, now: number): boolean {
    if (exchange.dueAt !== 0 && exchange.dueAt <= now) {
      exchange.expire();
      return false;
    }
    this.#call(exchange);
    return true;
  }

  #call(exchange: ServerExchange): void {
    this.#owner.running++;
    this.#serial?.left(exchange);
    exchange.begin();
    this.#owner.handle(exchange);
  }

  response(): void {
    this.refuseWrongWay('response');
  }

  protected refuseWrongWay(kind: 'request' | 'response'): void {
    if (kind === 'response') throw linkError('PROTOCOL', 'a response came from the dialer (W-023)');
  }

  cancel(id: number, code: ErrorCode, _processed: Processed, message: string): void {
    if (id > this.#lastId) throw linkError('PROTOCOL', `stream ${id} was never opened (W-031)`);
    const completed = this.counters.requests - this.streams.size - this.#cancelled;
    if (!this.#cancels.take(completed)) {
      this.counters.hit('cancelRate');
      throw linkError('ENHANCE_YOUR_CALM', 'cancels come too often (W-095)');
    }
    const exchange = this.streams.get(id);
    if (exchange === undefined) return;
    this.#cancelled++;
    this.forget(id);
    exchange.fail(
      new TpError({
        code,
        message: message === '' ? `the client ended the exchange: ${code}` : message,
      }),
    );
  }

  goaway(_lastId: number, code: ErrorCode, final: boolean): void {
    if (!final || code === 'NO_ERROR') this.peerLeaves = true;
    else this.counters.hit(`peer ${code}`);
  }
}
