import { MAX_INLINE_BODY, TpError } from '@tp/wire';
import type { Address } from './address.ts';
import { parseAddress } from './address.ts';
import { type CallInit, type CallOwner, ClientCall, type Settle } from './client-call.ts';
import type { ClientLink } from './client-link.ts';
import type { Dialer } from './connection.ts';
import { Deadlines, type Timed } from './deadlines.ts';
import { type DialTls, dialSocket } from './dial.ts';
import { Fifo } from './fifo.ts';
import { LinkSlot, type LinkSlotEvents } from './link-slot.ts';
import { type LinkOptions, type ResolvedLinkOptions, resolveLinkOptions } from './options.ts';
import { Totals, type TransportStats } from './totals.ts';

/** What a pool may be told. */
export interface PoolOptions extends LinkOptions {
  /** Links to each peer; one link is one core of compression. Default 1. */
  readonly links?: number;
  /** For `teleports://` peers. */
  readonly tls?: DialTls;
  /** Default: sockets. */
  readonly dial?: Dialer<Address>;
  /** From 0 to 1, for jitter. Default `Math.random`. */
  readonly random?: () => number;
}

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

class LinkPool implements Pool, CallOwner, LinkSlotEvents {
  readonly #options: ResolvedLinkOptions;
  readonly #deadlines: Deadlines;
  readonly #slots: LinkSlot[] = [];
  readonly #waiting = new Fifo<ClientCall>();
  readonly #totals = new Totals();
  readonly #watchers = new Set<(error: TpError | undefined) => void>();
  #pending = 0;
  #closing = false;
  #unreachable: TpError | undefined;

  constructor(peers: readonly Address[], options: PoolOptions) {
    if (peers.length === 0) throw invalid('a client needs at least one address');
    const links = options.links ?? 1;
    if (!Number.isInteger(links) || links < 1)
      throw invalid(`found links: ${links}; expected a whole number from 1`);
    this.#options = resolveLinkOptions(options);
    this.#deadlines = new Deadlines(this.#options.clock, (visit) => this.#eachTimed(visit));
    const dial = options.dial ?? dialSocket(options.tls ?? {});
    const random = options.random ?? Math.random;
    for (let link = 0; link < links; link++) {
      for (const address of peers) {
        this.#slots.push(new LinkSlot({ address, dial, options: this.#options, random }, this));
      }
    }
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
    const { clock, limits } = this.#options;
    this.#pending++;
    this.#deadlines.arm(call, clock.now() + (init.deadlineMs ?? limits.requestTimeoutMs));
    const error = this.#dispatch(call);
    if (error !== undefined) call.refuse(error);
  }

  /** Gives a call to a link, or lets it wait for one. The error says why neither can be. */
  #dispatch(call: ClientCall): TpError | undefined {
    const link = this.#pick();
    if (link !== undefined) return link.submit(call);
    if (!this.#slots.some((slot) => slot.opening)) {
      for (const slot of this.#slots) slot.demand();
      if (this.#unreachable !== undefined) return this.#unreachable;
    }
    if (this.#waiting.length >= this.#options.limits.maxPendingRequests) {
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

  #pick(): ClientLink | undefined {
    let best: ClientLink | undefined;
    for (const slot of this.#slots) {
      const link = slot.link;
      if (link !== undefined && (best === undefined || link.pending < best.pending)) best = link;
    }
    return best;
  }

  retry(call: ClientCall, error: TpError): boolean {
    const linkEnded =
      error.code === 'LINK_LOST' || error.code === 'CLOSED' || error.code === 'TIMEOUT';
    if (!linkEnded || call.attempts >= MAX_ATTEMPTS) return false;
    return this.#dispatch(call) === undefined;
  }

  done(): void {
    this.#pending--;
    if (this.#pending === 0) this.#tell(undefined);
  }

  opened(): void {
    this.#unreachable = undefined;
    for (let call = this.#waiting.shift(); call !== undefined; call = this.#waiting.shift()) {
      if (call.over) continue;
      const error = this.#dispatch(call);
      if (error !== undefined) call.refuse(error);
    }
    this.#tell(undefined);
  }

  lost(link: ClientLink): void {
    this.#totals.add(link.stats());
    this.#tell(undefined);
  }

  unreachable(error: TpError): void {
    this.#unreachable = error;
    this.#tell(error);
    if (this.#slots.some((slot) => slot.link !== undefined || slot.opening)) return;
    this.#refuseWaiting(error);
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
        else if (this.#slots.every((slot) => slot.link !== undefined)) resolve();
        else return false;
        return true;
      };
      this.#watch(check);
    });
  }

  stats(): TransportStats {
    const links = [];
    for (const slot of this.#slots) {
      if (slot.link !== undefined) links.push(slot.link.stats());
      for (const link of slot.draining) links.push(link.stats());
    }
    return this.#totals.with(links);
  }

  async close(): Promise<void> {
    this.#closing = true;
    const { clock, limits } = this.#options;
    const error = new TpError({
      code: 'CANCEL',
      message: 'the client was closed before the call ended',
    });
    this.#tell(new TpError({ code: 'CLOSED', message: 'the client was closed', processed: 'no' }));
    const timer = clock.after(limits.drainTimeoutMs, () => {
      for (const slot of this.#slots) slot.destroy(error);
      this.#refuseWaiting(error);
    });
    await this.#until(() => this.#pending === 0);
    for (const slot of this.#slots) slot.stop();
    await this.#until(() =>
      this.#slots.every((slot) => slot.link === undefined && slot.draining.size === 0),
    );
    timer.clear();
    this.#deadlines.stop();
  }

  #eachTimed(visit: (item: Timed) => void): void {
    this.#waiting.each(visit);
    for (const slot of this.#slots) {
      slot.link?.eachTimed(visit);
      for (const link of slot.draining) link.eachTimed(visit);
    }
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
