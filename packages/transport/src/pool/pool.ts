import { MAX_INLINE_BODY, TpError } from '@tp/wire';
import type { CallInit, SendInit } from '../exchange/call-init.ts';
import { ClientCall, type Settle } from '../exchange/client-call.ts';
import { Deadlines, type Timed } from '../exchange/deadlines.ts';
import { canHedge, type HedgeOwner, hedgedCall } from '../exchange/hedging.ts';
import { Retries } from '../exchange/retries.ts';
import type { ClientLink } from '../link/client-link.ts';
import type { DialTls } from '../socket/dialer-tls.ts';
import { checkPlainText, plainTarget } from '../socket/plain-text.ts';
import { callStart } from '../stats/diagnostics.ts';
import type { LinkStats } from '../stats/stats.ts';
import { Totals } from '../stats/totals.ts';
import type { PoolStats } from './health-stats.ts';
import { PeerSet, type PeerSetEvents } from './peer-set.ts';
import {
  checkHedge,
  type PeerOptions,
  type PoolOptions,
  resolvePoolOptions,
} from './pool-options.ts';
import { parseTarget } from './target.ts';
import { WaitingCalls } from './waiting-calls.ts';
import { Watchers } from './watchers.ts';

/** Links to one peer or several equal ones, and the calls on them. */
export interface Pool {
  /**
   * Sends a request; resolves with the response once its head has come.
   *
   * @throws {TpError} with `code` and `processed`.
   */
  call(init: CallInit): Promise<ClientCall>;
  /**
   * The same; resolves with what `open` makes of the response, and rejects with what it throws.
   * That costs less than a `then` on the promise.
   */
  call<T>(init: CallInit, open: (call: ClientCall) => T): Promise<T>;
  /**
   * Sends a request that wants no answer (W-124): the handler runs, and nothing comes back, whatever
   * becomes of it. Resolves when its record was handed to a connection.
   *
   * @throws {TpError} processed "no": it was not written, and will not be.
   */
  send(init: SendInit): Promise<void>;
  /** Calls that have not ended. */
  readonly pending: number;
  /**
   * Resolves when the links to each given address stand; of a name's addresses, to all that can be
   * reached. @throws {TpError} UNREACHABLE when one leads nowhere.
   */
  ready(): Promise<void>;
  /**
   * Shows other certificates, and accepts other authorities and names, when it dials from now on;
   * links that stand go on.
   *
   * @throws {TpError} INVALID_ARGUMENT when they can't be used, and with a `dial` of one's own; then
   * the old ones stay.
   */
  reloadTls(tls: DialTls): void;
  stats(): PoolStats;
  /** Takes no further call, waits for those under way (at most `drainTimeoutMs`), and closes. */
  close(): Promise<void>;
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens links to the peers at once and keeps them open. Each address is one of
 * `teleport://HOST:PORT`, `teleports://HOST:PORT` (TLS), `teleport+unix:PATH`,
 * `teleport+srv://_NAME._PROTO.DOMAIN` and `teleports+srv://_NAME._PROTO.DOMAIN`. A host name stands
 * for all its addresses, a service (RFC 2782) for all that its records name; names are resolved again
 * every `resolveIntervalMs`.
 *
 * @throws {TpError} INVALID_ARGUMENT for an address that can't be read, or an option that cannot be.
 */
export function createPool(addresses: readonly string[], options: PoolOptions = {}): Pool {
  return new LinkPool(addresses, options);
}

class LinkPool implements Pool, HedgeOwner, PeerSetEvents {
  readonly #options: PeerOptions;
  readonly #deadlines: Deadlines;
  readonly #peers: PeerSet;
  readonly #waiting: WaitingCalls;
  readonly #totals = new Totals('client');
  /** They are told of an error where one keeps the pool from being ready. */
  readonly #watchers = new Watchers<TpError>();
  readonly #retries: Retries;
  #pending = 0;
  #closing = false;
  #closed: Promise<void> | undefined;
  /** What remained when the pool was closed has been ended. */
  #destroyed = false;
  #unreachable: TpError | undefined;

  constructor(addresses: readonly string[], options: PoolOptions) {
    if (addresses.length === 0) throw invalid('a client needs at least one address');
    this.#options = resolvePoolOptions(options);
    this.#retries = new Retries(this.#options.link);
    const { resolver, link, shed } = this.#options;
    this.#waiting = new WaitingCalls(link.limits.maxPendingRequests, shed, this.#totals);
    const targets = addresses.map((address) => parseTarget(address, resolver !== undefined));
    if (this.#options.tls !== undefined) {
      for (const target of targets) checkPlainText(plainTarget(target), options.insecure);
    }
    this.#deadlines = new Deadlines(link.clock, (visit) => this.#eachTimed(visit));
    this.#peers = new PeerSet(targets, this.#options, this);
  }

  get pending(): number {
    return this.#pending;
  }

  call<T = ClientCall>(init: CallInit, open?: (call: ClientCall) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const fault = this.#fault(init);
      if (fault !== undefined) reject(fault);
      else this.#start(this.#make(init, open ?? itself, resolve, reject));
    });
  }

  send(init: SendInit): Promise<void> {
    return new Promise((resolve, reject) => {
      const isStreamed = 'stream' in init && init.stream !== undefined;
      const fault = isStreamed
        ? invalid('a one-way request has its whole body with it (W-124)')
        : this.#fault(init);
      if (fault !== undefined) {
        reject(fault);
        return;
      }
      const call = new ClientCall(init, this, itself, () => resolve(), reject);
      call.oneWay = true;
      this.#start(call);
    });
  }

  /** Why a call cannot be made. */
  #fault(init: CallInit): TpError | undefined {
    const { body, signal } = init;
    const isFit =
      !this.#closing && (body === undefined || body.length <= MAX_INLINE_BODY) && !signal?.aborted;
    return isFit ? undefined : this.#faultOf(init);
  }

  #faultOf({ signal }: CallInit): TpError {
    if (this.#closing)
      return new TpError({ code: 'CLOSED', message: 'the client was closed', processed: 'no' });
    if (signal?.aborted !== true)
      return invalid(`a whole body has at most ${MAX_INLINE_BODY} bytes (W-040); give a stream`);
    const cause: unknown = signal.reason;
    return new TpError({ code: 'CANCEL', message: 'the call was aborted', processed: 'no', cause });
  }

  #start(call: ClientCall): void {
    const { clock, limits } = this.#options.link;
    const now = clock.now();
    this.#pending++;
    this.#retries.calls++;
    this.#deadlines.arm(call, now + (call.init.deadlineMs ?? limits.requestTimeoutMs));
    if (callStart.hasSubscribers) callStart.publish(call.event());
    const link = this.#peers.pick(now);
    if (link === undefined || !link.submit(call)) this.#place(call, link);
  }

  #make(
    init: CallInit,
    open: (call: ClientCall) => unknown,
    resolve: Settle['resolve'],
    reject: Settle['reject'],
  ): ClientCall {
    const afterMs = init.hedgeAfterMs ?? this.#options.hedgeAfterMs;
    return afterMs !== undefined && canHedge(init)
      ? this.#hedged(init, afterMs, open, { resolve, reject })
      : new ClientCall(init, this, open, resolve, reject);
  }

  #hedged(
    init: CallInit,
    afterMs: number,
    open: (call: ClientCall) => unknown,
    settle: Settle,
  ): ClientCall {
    checkHedge(afterMs);
    return hedgedCall(init, this, this.#options.link.clock, afterMs, open, settle);
  }

  /** A call that was not taken at once: gives it to a link, lets it wait for one, or refuses it. */
  #place(call: ClientCall, link: ClientLink | undefined): void {
    const error = link === undefined ? this.#await(call) : this.#giveElsewhere(call, link);
    if (error !== undefined) call.refuse(error);
  }

  /** Gives a call to a link, or lets it wait for one. The error says why neither can be. */
  #dispatch(call: ClientCall, now: number): TpError | undefined {
    const link = this.#peers.pick(now);
    if (link === undefined) return this.#await(call);
    return link.submit(call) ? undefined : this.#giveElsewhere(call, link);
  }

  /** Lets a call wait for a link. The error says why it can't. */
  #await(call: ClientCall): TpError | undefined {
    this.#peers.demand();
    if (this.#unreachable !== undefined && this.#peers.isDown) return this.#unreachable;
    return this.#waiting.add(call);
  }

  /** That link is full: gives the call to another, or makes room. */
  #giveElsewhere(call: ClientCall, link: ClientLink): TpError | undefined {
    const other = this.#peers.withRoom(call.pendingBytes);
    if (other?.submit(call) === true) return undefined;
    if (this.#options.shed === 'oldest' && link.room.make(call.pendingBytes) && link.submit(call))
      return undefined;
    return link.room.overflow(call.pendingBytes);
  }

  retry(call: ClientCall, error: TpError, linkEnded: boolean): boolean {
    const where = this.#destroyed ? 'nowhere' : this.#retries.where(call, error, linkEnded);
    if (where === 'nowhere') return false;
    const link = this.#peers.beside(call);
    if (where === 'another peer' && (link === undefined || link.health === call.link?.health))
      return false;
    if (!this.#retries.take(call)) {
      this.#totals.hit('retryBudget');
      return false;
    }
    call.again(error);
    return (
      link?.submit(call) === true ||
      this.#dispatch(call, this.#options.link.clock.now()) === undefined
    );
  }

  hedge(second: ClientCall, first: ClientCall): boolean {
    const link = this.#destroyed ? undefined : this.#peers.beside(first);
    if (link === undefined) return false;
    if (!this.#retries.takeOne()) {
      this.#totals.hit('retryBudget');
      return false;
    }
    this.#totals.hedges++;
    this.#deadlines.arm(second, first.dueAt);
    return link.submit(second);
  }

  done(): void {
    this.#pending--;
    if (this.#pending === 0) this.#watchers.tell(undefined);
  }

  changed(opened: boolean): void {
    if (opened) this.#dispatchWaiting();
    this.#watchers.tell(undefined);
  }

  ejected(): void {
    this.#totals.hit('ejection');
  }

  ended(link: ClientLink): void {
    this.#totals.add(link.stats());
    this.#watchers.tell(undefined);
  }

  unreachable(error: TpError): void {
    this.#unreachable = error;
    this.#watchers.tell(this.#peers.isPartlyDown ? error : undefined);
    if (this.#peers.isDown) this.#waiting.refuseAll(error);
    else if (this.#waiting.some) this.#peers.demand();
  }

  #dispatchWaiting(): void {
    const now = this.#options.link.clock.now();
    this.#unreachable = undefined;
    this.#waiting.takeAll((call) => this.#dispatch(call, now));
  }

  ready(): Promise<void> {
    if (this.#closing) {
      return Promise.reject(
        new TpError({ code: 'CLOSED', message: 'the client was closed', processed: 'no' }),
      );
    }
    return new Promise((resolve, reject) => {
      const check = (error: TpError | undefined): boolean => {
        if (error !== undefined) reject(error);
        else if (this.#peers.isReady) resolve();
        else return false;
        return true;
      };
      this.#watchers.watch(check);
    });
  }

  reloadTls(tls: DialTls): void {
    if (this.#options.tls === undefined) throw invalid('this pool dials with a dialer of its own');
    this.#options.tls.reload(tls);
  }

  stats(): PoolStats {
    const links: LinkStats[] = [];
    this.#peers.eachLink((link) => links.push(link.stats()));
    return { ...this.#totals.with(links), health: this.#peers.stats() };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#closing = true;
    const { clock, limits } = this.#options.link;
    const error = new TpError({
      code: 'CANCEL',
      message: 'the client was closed before the call ended',
    });
    this.#watchers.tell(
      new TpError({ code: 'CLOSED', message: 'the client was closed', processed: 'no' }),
    );
    const timer = clock.after(limits.drainTimeoutMs, () => {
      this.#destroyed = true;
      this.#peers.destroy(error);
      this.#waiting.refuseAll(error);
    });
    await this.#watchers.until(() => this.#pending === 0);
    this.#peers.stop();
    await this.#watchers.until(() => this.#peers.isGone);
    timer.clear();
    this.#deadlines.stop();
  }

  #eachTimed(visit: (item: Timed) => void): void {
    this.#waiting.each(visit);
    this.#peers.eachLink((link) => link.eachTimed(visit));
  }
}

function itself(call: ClientCall): ClientCall {
  return call;
}

function invalid(message: string): TpError {
  return new TpError({ code: 'INVALID_ARGUMENT', message, processed: 'no' });
}
