import { MAX_INLINE_BODY, TpError } from '@tp/wire';
import { type Address, parseAddress } from './address.ts';
import { Balancer, type Choice } from './balancer.ts';
import { type CallInit, type CallOwner, ClientCall, type Settle } from './client-call.ts';
import type { ClientLink } from './client-link.ts';
import { Deadlines, type Timed } from './deadlines.ts';
import { callStart } from './diagnostics.ts';
import { Ejection } from './ejection.ts';
import { Fifo } from './fifo.ts';
import { Peer, type PeerEvents } from './peer.ts';
import { type PeerOptions, type PoolOptions, resolvePoolOptions } from './pool-options.ts';
import type { LinkStats } from './stats.ts';
import { Totals, type TransportStats } from './totals.ts';

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
  /** Calls that have not ended. */
  readonly pending: number;
  /** Resolves when a link to each peer stands. @throws {TpError} UNREACHABLE when one can't be opened. */
  ready(): Promise<void>;
  stats(): TransportStats;
  /** Takes no further call, waits for those under way (at most `drainTimeoutMs`), and closes. */
  close(): Promise<void>;
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens links to the peers at once and keeps them open. A call goes to the open link with the
 * fewest pending calls.
 *
 * @throws {TpError} INVALID_ARGUMENT for an address that can't be read.
 */
export function createPool(peers: readonly string[], options: PoolOptions = {}): Pool {
  return new LinkPool(peers.map(parseAddress), options);
}

/** A call is given to at most so many links. */
const MAX_ATTEMPTS = 3;

class LinkPool implements Pool, CallOwner, PeerEvents {
  readonly #options: PeerOptions;
  readonly #deadlines: Deadlines;
  readonly #peers: readonly Peer[];
  readonly #balancer: Balancer;
  readonly #ejection: Ejection<Peer>;
  readonly #waiting = new Fifo<ClientCall>();
  readonly #totals = new Totals('client');
  readonly #watchers = new Set<(error: TpError | undefined) => void>();
  #pending = 0;
  #closing = false;
  #closed: Promise<void> | undefined;
  #unreachable: TpError | undefined;
  #someAsleep = false;

  constructor(peers: readonly Address[], options: PoolOptions) {
    if (peers.length === 0) throw invalid('a client needs at least one address');
    this.#options = resolvePoolOptions(options);
    this.#deadlines = new Deadlines(this.#options.link.clock, (visit) => this.#eachTimed(visit));
    const { random, ejection, link } = this.#options;
    this.#balancer = new Balancer(random, ejection.probeShare);
    this.#ejection = new Ejection(
      ejection,
      link.clock,
      random,
      () => this.#peers,
      () => this.changed(false),
    );
    this.#peers = peers.map((address) => new Peer(address, this.#options, this));
  }

  get pending(): number {
    return this.#pending;
  }

  call<T = ClientCall>(init: CallInit, open?: (call: ClientCall) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#start(init, open ?? itself, resolve, reject);
    });
  }

  #start(
    init: CallInit,
    open: (call: ClientCall) => unknown,
    resolve: Settle['resolve'],
    reject: Settle['reject'],
  ): void {
    if (this.#closing) {
      reject(new TpError({ code: 'CLOSED', message: 'the client was closed', processed: 'no' }));
      return;
    }
    if (init.body !== undefined && init.body.length > MAX_INLINE_BODY) {
      reject(invalid(`a whole body has at most ${MAX_INLINE_BODY} bytes (W-040); give a stream`));
      return;
    }
    if (init.signal?.aborted === true) {
      const cause: unknown = init.signal.reason;
      reject(
        new TpError({ code: 'CANCEL', message: 'the call was aborted', processed: 'no', cause }),
      );
      return;
    }
    const call = new ClientCall(init, this, open, resolve, reject);
    const { clock, limits } = this.#options.link;
    this.#pending++;
    const now = clock.now();
    this.#deadlines.arm(call, now + (init.deadlineMs ?? limits.requestTimeoutMs));
    if (callStart.hasSubscribers) callStart.publish(call.event());
    const error = this.#dispatch(call, now);
    if (error !== undefined) call.refuse(error);
  }

  /** Gives a call to a link, or lets it wait for one. The error says why neither can be. */
  #dispatch(call: ClientCall, now: number): TpError | undefined {
    const link = this.#balancer.pick(now);
    if (link !== undefined) {
      if (this.#someAsleep) this.#demand();
      return this.#give(call, link);
    }
    if (!this.#peers.some((peer) => peer.opening)) this.#demand();
    if (this.#unreachable !== undefined && this.#peers.every((peer) => peer.isDown))
      return this.#unreachable;
    if (this.#waiting.length >= this.#options.link.limits.maxPendingRequests) {
      this.#totals.hit('maxPendingRequests');
      return new TpError({
        code: 'OVERFLOW',
        message: `${this.#waiting.length} calls wait for a link`,
        processed: 'no',
      });
    }
    this.#waiting.push(call);
    return undefined;
  }

  #demand(): void {
    this.#someAsleep = false;
    for (const peer of this.#peers) peer.demand();
  }

  /** Gives a call to that link, or to another when it is full. */
  #give(call: ClientCall, link: ClientLink): TpError | undefined {
    if (link.submit(call)) return undefined;
    const other = this.#balancer.withRoom(call.pendingBytes);
    return other?.submit(call) === true ? undefined : link.overflow(call.pendingBytes);
  }

  retry(call: ClientCall, error: TpError): boolean {
    const linkEnded =
      error.code === 'LINK_LOST' || error.code === 'CLOSED' || error.code === 'TIMEOUT';
    if (!linkEnded || call.attempts >= MAX_ATTEMPTS) return false;
    return this.#dispatch(call, this.#options.link.clock.now()) === undefined;
  }

  done(): void {
    this.#pending--;
    if (this.#pending === 0) this.#tell(undefined);
  }

  changed(opened: boolean): void {
    this.#balancer.use(this.#choices());
    this.#someAsleep = this.#peers.some((peer) => peer.isAsleep);
    if (opened) this.#dispatchWaiting();
    this.#tell(undefined);
  }

  /** The links that may get calls: those of peers that are ejected only when there are no others. */
  #choices(): Choice[] {
    const choices: Choice[] = [];
    const lastResort: Choice[] = [];
    for (const peer of this.#peers) {
      const links = peer.health.standing === 'ejected' ? lastResort : choices;
      for (const { link } of peer.slots) if (link !== undefined) links.push({ link, weight: 1 });
    }
    return choices.length > 0 ? choices : lastResort;
  }

  failing(peer: Peer): void {
    if (this.#ejection.failed(peer)) this.#totals.hit('ejection');
  }

  ended(link: ClientLink): void {
    this.#totals.add(link.stats());
    this.#tell(undefined);
  }

  unreachable(error: TpError): void {
    this.#unreachable = error;
    this.#tell(error);
    if (this.#peers.every((peer) => peer.isDown)) this.#refuseWaiting(error);
  }

  #dispatchWaiting(): void {
    const now = this.#options.link.clock.now();
    this.#unreachable = undefined;
    for (let call = this.#waiting.shift(); call !== undefined; call = this.#waiting.shift()) {
      if (call.over) continue;
      const error = this.#dispatch(call, now);
      if (error !== undefined) call.refuse(error);
    }
  }

  /** No link will take the calls that wait for one. */
  #refuseWaiting(error: TpError): void {
    const { code, message } = error;
    const refusal = new TpError({ code, message, processed: 'no', cause: error });
    for (let call = this.#waiting.shift(); call !== undefined; call = this.#waiting.shift()) {
      call.refuse(refusal);
    }
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
        else if (this.#peers.every((peer) => peer.isFull)) resolve();
        else return false;
        return true;
      };
      this.#watch(check);
    });
  }

  stats(): TransportStats {
    const links: LinkStats[] = [];
    for (const peer of this.#peers) peer.eachLink((link) => links.push(link.stats()));
    return this.#totals.with(links);
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
    this.#tell(new TpError({ code: 'CLOSED', message: 'the client was closed', processed: 'no' }));
    const timer = clock.after(limits.drainTimeoutMs, () => {
      for (const peer of this.#peers) peer.destroy(error);
      this.#refuseWaiting(error);
    });
    await this.#until(() => this.#pending === 0);
    for (const peer of this.#peers) peer.stop();
    await this.#until(() => this.#peers.every((peer) => peer.isGone));
    timer.clear();
    this.#deadlines.stop();
    this.#ejection.stop();
  }

  #eachTimed(visit: (item: Timed) => void): void {
    this.#waiting.each(visit);
    for (const peer of this.#peers) peer.eachLink((link) => link.eachTimed(visit));
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#watch(() => {
        if (!condition()) return false;
        resolve();
        return true;
      });
    });
  }

  /** Asks now and at each change, until the answer is true. */
  #watch(check: (error: TpError | undefined) => boolean): void {
    if (check(undefined)) return;
    const watcher = (error: TpError | undefined) => {
      if (check(error)) this.#watchers.delete(watcher);
    };
    this.#watchers.add(watcher);
  }

  #tell(error: TpError | undefined): void {
    for (const watcher of this.#watchers) watcher(error);
  }
}

function itself(call: ClientCall): ClientCall {
  return call;
}

function invalid(message: string): TpError {
  return new TpError({ code: 'INVALID_ARGUMENT', message, processed: 'no' });
}
