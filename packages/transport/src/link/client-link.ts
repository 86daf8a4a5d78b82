import { type ErrorCode, MAX_ID, type Processed, type ResponseHead, TpError } from '@tp/wire';
import type { ClientCall } from '../exchange/client-call.ts';
import type { Timed } from '../exchange/deadlines.ts';
import { isFinal } from '../exchange/exchange.ts';
import { remoteError } from '../exchange/remote-error.ts';
import type { ResolvedLinkOptions } from '../options.ts';
import type { PeerHealth } from '../pool/peer-health.ts';
import type { Connection } from '../socket/connection.ts';
import { AnswerWatch } from './answer-watch.ts';
import { CallRoom } from './call-room.ts';
import { CancelAllowance } from './cancel-allowance.ts';
import { Farewell } from './farewell.ts';
import { IdleWatch } from './idle-watch.ts';
import { Link } from './link.ts';
import { linkError, unprocessed } from './link-error.ts';

/** What a link tells the pool that opened it. */
interface ClientLinkEvents {
  /** The hellos are exchanged: calls may be given to it. */
  opened(link: ClientLink): void;
  /** It takes no further call; those under way go on. */
  draining(link: ClientLink): void;
  /** It has carried nothing for `idleTimeoutMs` and can be closed. */
  idle(link: ClientLink): void;
  /** A call on it failed for a reason that speaks against the peer. */
  failing(link: ClientLink): void;
  /** It is over. */
  closed(link: ClientLink, error: TpError): void;
}

/** Past this id a link is replaced, long before ids run out. */
const DRAIN_FROM_ID = MAX_ID / 2;

/** The dialer's side of a link: calls out, responses in. */
export class ClientLink extends Link<ClientCall, ClientCall | Farewell> {
  /** How its peer fares, over all links to it. */
  readonly health: PeerHealth;
  readonly room: CallRoom;
  readonly #events: ClientLinkEvents;
  readonly #answers: AnswerWatch;
  readonly #idle: IdleWatch;
  #lastId = 0;
  #finalId: number | undefined;
  readonly #cancels: CancelAllowance;
  /** Streams that ended before they were complete. */
  #cut = 0;

  constructor(
    connection: Connection,
    peer: string,
    options: ResolvedLinkOptions,
    health: PeerHealth,
    failureStatuses: ReadonlySet<number>,
    events: ClientLinkEvents,
  ) {
    super('client', connection, peer, options);
    this.health = health;
    this.room = new CallRoom(this);
    this.#answers = new AnswerWatch(health, options.clock, failureStatuses, () =>
      events.failing(this),
    );
    this.#events = events;
    this.#idle = new IdleWatch(
      options.limits.idleTimeoutMs,
      () => this.pending > 0,
      () => this.#leaveIdle(),
    );
    this.#cancels = new CancelAllowance(options.clock);
    this.begin();
    this.greet();
  }

  /** Calls that were given to it and have not ended. */
  get pending(): number {
    return this.streams.size + this.outbox.heads;
  }

  /** Bytes of whole bodies in line. */
  get pendingBytes(): number {
    return this.outbox.pendingBytes;
  }

  /** Takes a call. The link must be open. False when there is no room for it. */
  submit(call: ClientCall): boolean {
    if (!this.room.has(call.pendingBytes)) return false;
    call.link = this;
    const window = call.init.window ?? this.options.window;
    if (window !== 'shared') call.tenant = this.sealer.tenant(window);
    this.sender.enqueue(call);
    return true;
  }

  /** The call's record was written: answers to it may come (registered before they can). */
  wrote(call: ClientCall): void {
    this.#lastId = call.id;
    this.counters.requests++;
    if (call.attempts > 1) this.counters.retries++;
    if (call.oneWay) this.#idle.rests(this.sender.sendingAt);
    else {
      this.streams.add(call);
      this.#answers.wrote(call.id, this.sender.sendingAt);
    }
    if (call.id === DRAIN_FROM_ID) this.#drain();
  }

  /** The call has ended. One that was given up in silence stays until its answer comes. */
  ended(call: ClientCall): void {
    if (!call.silent && this.streams.get(call.id) === call) this.forget(call.id);
  }

  /**
   * Tells the peer that a call's answer is not wanted. Cancels above the rate that peers allow would
   * end the link (W-095): beyond it a call that neither sends nor receives is given up in silence,
   * and what comes for it is dropped.
   */
  giveUp(call: ClientCall, code: ErrorCode): void {
    const { id } = call;
    const completed = this.counters.requests - this.streams.size - this.#cut;
    const isIdle = call.writer === undefined && call.reader === undefined;
    if (this.#cancels.take(completed) || !isIdle) {
      this.#cut++;
      this.sender.control((encoder) => encoder.cancel(id, code, 'maybe'));
      return;
    }
    this.counters.hit('cancelRate');
    call.silent = this.state === 'open';
  }

  /** The call was written and not answered in time. */
  unanswered(): void {
    this.#answers.failed();
  }

  /** Takes no further call, tells the peer, and closes when those under way have ended. */
  close(): void {
    if (this.state === 'closed') return;
    if (this.state === 'opening') {
      this.fail(new TpError({ code: 'CLOSED', message: 'the link was closed', processed: 'no' }));
      return;
    }
    if (this.state === 'open') this.sender.enqueueLast(new Farewell());
    for (const call of this.streams.all()) if (call.silent) this.forget(call.id);
    this.drain();
    this.endWhenDone();
  }

  /** For how long it has carried nothing, in ms; 0 while a call is under way. */
  get idleMs(): number {
    return this.#idle.idleMs(this.options.clock.now());
  }

  override look(now: number): number {
    return Math.min(super.look(now), this.#idle.look(now));
  }

  #leaveIdle(): void {
    if (this.state !== 'open') return;
    this.counters.hit('idleTimeout');
    this.#events.idle(this);
  }

  eachTimed(visit: (item: Timed) => void): void {
    this.streams.each(visit);
    this.outbox.eachHead((item) => {
      if (!(item instanceof Farewell)) visit(item);
    });
  }

  highestId(): number {
    return this.#lastId;
  }

  /** Those who have waited for what came may go on calling. */
  protected get hasAnswered(): boolean {
    return false;
  }

  /** The peer sends no requests. */
  protected lastTaken(): number {
    return 0;
  }

  protected opened(): void {
    this.#events.opened(this);
  }

  protected failed(error: TpError): void {
    const waiting = this.#takeWaiting();
    this.#events.closed(this, error);
    for (const call of this.streams.all()) {
      this.streams.delete(call.id);
      call.fail(this.#truth(call.id, error), true);
    }
    for (const call of waiting) call.fail(unprocessed(error, error));
  }

  protected streamError(id: number, error: TpError): void {
    const call = this.streams.get(id);
    if (call === undefined) return;
    this.sender.control((encoder) => encoder.cancel(id, error.code, 'maybe', error.message));
    this.#cut++;
    this.forget(id);
    this.#answers.failed();
    call.fail(error);
  }

  request(): void {
    this.refuseWrongWay('request');
  }

  protected dropped(): void {}

  protected refuseWrongWay(kind: 'request' | 'response'): void {
    if (kind === 'request') throw linkError('PROTOCOL', 'a request came from the acceptor (W-023)');
  }

  response(
    id: number,
    head: ResponseHead,
    more: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const call = this.streams.get(id);
    if (call === undefined) {
      if (id > this.#lastId)
        throw linkError('PROTOCOL', `a response came for ${id}, which was never asked (W-031)`);
      return;
    }
    if (call.silent && isFinal(head.status)) {
      if (more) this.sender.control((encoder) => encoder.cancel(id, 'CANCEL', 'maybe'));
      this.forget(id);
      return;
    }
    if (more && end > start) {
      this.streamError(id, linkError('PROTOCOL', 'a head with more to come has a body (W-032)'));
      return;
    }
    if (call.status !== 0) {
      this.streamError(id, linkError('PROTOCOL', 'a second response came (W-032)'));
      return;
    }
    if (isFinal(head.status)) this.#answers.answered(id, head.status, this.receivedAt);
    call.respond(head, more, bytes, start, end);
  }

  protected override forget(id: number): void {
    this.#answers.forget(id);
    super.forget(id);
    if (this.streams.size === 0) this.#idle.rests(this.receivedAt);
  }

  cancel(id: number, code: ErrorCode, processed: Processed, message: string): void {
    const call = this.streams.get(id);
    if (call === undefined) {
      if (id > this.#lastId) throw linkError('PROTOCOL', `stream ${id} was never opened (W-031)`);
      return;
    }
    if (code === 'NO_ERROR' && call.status !== 0 && !call.receiving) {
      call.stopSending();
      return;
    }
    this.#cut++;
    this.forget(id);
    this.#answers.cancelled(code);
    call.fail(
      remoteError({
        code: code === 'NO_ERROR' ? 'PROTOCOL' : code,
        message: message === '' ? `the peer ended the exchange: ${code}` : message,
        processed,
      }),
    );
  }

  goaway(lastId: number, code: ErrorCode, final: boolean, message: string): void {
    if (final && code !== 'NO_ERROR') {
      this.goodbye = new TpError({
        code,
        message: `the peer ended the link: ${message === '' ? code : message}`,
      });
    }
    this.#drain();
    if (final) this.#finalGoaway(lastId);
  }

  #finalGoaway(lastId: number): void {
    if (this.#finalId !== undefined && lastId > this.#finalId) {
      throw linkError('PROTOCOL', "a goaway's last id has risen (W-101)");
    }
    this.#finalId = lastId;
    const error = new TpError({
      code: 'CLOSED',
      message: 'the peer was closing and did not take the request',
      processed: 'no',
    });
    for (const call of this.streams.all()) {
      if (call.id <= lastId) continue;
      this.streams.delete(call.id);
      call.fail(error);
    }
    this.endWhenDone();
  }

  #drain(): void {
    if (this.state !== 'open') return;
    this.drain();
    this.#events.draining(this);
    const waiting = this.#takeWaiting();
    const error = linkError('CLOSED', 'the link takes no further calls');
    for (const call of waiting) call.fail(unprocessed(error));
    this.endWhenDone();
  }

  /** Calls that were not written, taken out of the line. */
  #takeWaiting(): ClientCall[] {
    const waiting: ClientCall[] = [];
    for (const item of this.outbox.takeHeads()) if (!(item instanceof Farewell)) waiting.push(item);
    return waiting;
  }

  /** What a broken link means for a request that was written on it. */
  #truth(id: number, error: TpError): TpError {
    if (this.#finalId !== undefined && id > this.#finalId) return unprocessed(error);
    return error;
  }
}
