import type { ResponseInit } from '@tp/http';
import { TpError } from '@tp/wire';
import { addressOf } from '../client-fields.ts';
import type { OutgoingRequest } from '../exchange.ts';
import type { OriginTarget } from './dial-socket.ts';
import { type ConnectionOwner, dialOrigin, type OriginConnection } from './origin-connection.ts';
import { createOriginExchange, type OriginExchange } from './origin-exchange.ts';
import { createRequestHeadWriter } from './request-head.ts';
import type { HeadMemory } from './response-reader.ts';

/** A bounded pool of keep-alive connections to one HTTP/1.1 origin. */
export interface OriginPool {
  /**
   * Sends a request over an idle connection, a new one, or the first that becomes free.
   *
   * @throws {TpError} `UNREACHABLE` or `OVERFLOW` (never written), `TIMEOUT`, `DEADLINE`, `CANCEL`,
   *   `UPSTREAM` (answered with garbage, or broke off), `BODY_LENGTH` (the client's body).
   */
  send(request: OutgoingRequest): Promise<ResponseInit>;
  /** Requests whose response is not complete. */
  readonly pending: number;
  /** Bytes that crossed its sockets since the start. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly limitHits: ReadonlyMap<string, number>;
  /** Closes idle connections now and each busy one after its exchange; resolves when none is left. */
  close(): Promise<void>;
}

/** Bounds of an origin pool. */
export interface OriginPoolOptions {
  /** Most connections at once. */
  readonly connections: number;
  /** Until a response's head, in ms. */
  readonly timeoutMs: number;
  /** Longest that an unused connection is kept, in ms; undefined: as the origin says, else 4 s. */
  readonly idleTimeoutMs: number | undefined;
}

/** How many requests may wait for a connection; further ones fail with `OVERFLOW`. */
const MAX_WAITING = 10_000;
/**
 * How long an unused connection is kept when the origin does not say, in ms: less than the 5 s
 * that is usual, so that a request seldom meets a connection that is just being closed.
 */
const IDLE_MS = 4_000;
/** By how much sooner than the origin an idle connection is closed here, in ms. */
const IDLE_MARGIN_MS = 1_000;

/** Makes a pool; nothing is dialed before the first request. */
export function createOriginPool(target: OriginTarget, options: OriginPoolOptions): OriginPool {
  return new Pool(target, options);
}

class Pool implements OriginPool, ConnectionOwner {
  readonly memory: HeadMemory = { text: '', head: undefined };
  readonly limitHits = new Map<string, number>();
  pending = 0;
  readonly #target: OriginTarget;
  readonly #options: OriginPoolOptions;
  readonly #writer = createRequestHeadWriter();
  readonly #all = new Set<OriginConnection>();
  readonly #idle: OriginConnection[] = [];
  readonly #waiting = new Set<OriginExchange>();
  /** Connections of requests that ask for another protocol, one each, beside the pool. */
  readonly #apart = new Map<OriginConnection, OriginExchange>();
  #dialing = 0;
  /** The same by client, where the origin is told of that. */
  readonly #dialingFor = new Map<string | undefined, number>();
  #closedBytesIn = 0;
  #closedBytesOut = 0;
  #sweep: NodeJS.Timeout | undefined;
  #onClosed: (() => void) | undefined;
  #closing = false;
  readonly #onOver = (exchange: OriginExchange): void => {
    this.pending -= 1;
    this.#waiting.delete(exchange);
  };

  constructor(target: OriginTarget, options: OriginPoolOptions) {
    this.#target = target;
    this.#options = options;
  }

  get bytesIn(): number {
    let sum = this.#closedBytesIn;
    for (const connection of this.#all) sum += connection.bytesIn;
    for (const connection of this.#apart.keys()) sum += connection.bytesIn;
    return sum;
  }

  get bytesOut(): number {
    let sum = this.#closedBytesOut;
    for (const connection of this.#all) sum += connection.bytesOut;
    for (const connection of this.#apart.keys()) sum += connection.bytesOut;
    return sum;
  }

  send(request: OutgoingRequest): Promise<ResponseInit> {
    return new Promise((resolve, reject) => {
      this.pending += 1;
      const settle = { resolve, reject };
      const { timeoutMs } = this.#options;
      const exchange = createOriginExchange(request, timeoutMs, settle, this.#onOver);
      if (request.upgrade === undefined) this.#dispatch(exchange);
      else this.#dispatchApart(exchange);
    });
  }

  close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#sweep);
    for (const connection of this.#idle.splice(0)) connection.destroy();
    // What has switched ends when whoever speaks through it does.
    for (const [connection, exchange] of this.#apart) {
      if (exchange.over && !connection.isSwitched) connection.destroy();
    }
    if (this.#isEmpty) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onClosed = resolve;
    });
  }

  onConnect(connection: OriginConnection): void {
    this.#dialled(connection);
    this.onIdle(connection);
  }

  onIdle(connection: OriginConnection): void {
    const next = this.#isInTheWay(connection) ? undefined : this.#takeWaiting(connection.peer);
    if (next !== undefined) {
      this.#start(connection, next);
    } else if (this.#closing || this.#idleLimit(connection) === 0 || this.#isInTheWay(connection)) {
      connection.destroy();
    } else {
      connection.idleSince = performance.now();
      this.#idle.push(connection);
      this.#sweep ??= setInterval(() => this.#closeIdle(), 500).unref();
    }
  }

  onStale(exchange: OriginExchange, _error: TpError): void {
    exchange.repeated = true;
    this.#wait(exchange);
  }

  onClose(connection: OriginConnection, dialError: TpError | undefined): void {
    this.#all.delete(connection);
    this.#countClosed(connection);
    const idle = this.#idle.indexOf(connection);
    if (idle >= 0) this.#idle.splice(idle, 1);
    if (dialError !== undefined) {
      this.#dialled(connection);
      this.#takeWaiting(connection.peer)?.fail(dialError);
    }
    this.#dialForWaiting();
    if (this.#isEmpty) this.#onClosed?.();
  }

  get #isEmpty(): boolean {
    return this.#all.size === 0 && this.#apart.size === 0;
  }

  #countClosed({ bytesIn, bytesOut }: OriginConnection): void {
    this.#closedBytesIn += bytesIn;
    this.#closedBytesOut += bytesOut;
  }

  /**
   * A request that asks for another protocol has a new connection: a kept one may be closed in the
   * moment of its reuse, and the request must not be repeated then (W-132). What switches stays open
   * long, and takes no place that others wait for.
   */
  #dispatchApart(exchange: OriginExchange): void {
    const connection = dialOrigin(
      this.#target,
      {
        memory: this.memory,
        onConnect: (connected) => {
          if (exchange.over) connected.destroy();
          else this.#start(connected, exchange, (free) => free.destroy());
        },
        onIdle: (refused) => refused.destroy(),
        onStale: (stale, error) => stale.fail(error),
        onClose: (closed, dialError) => {
          this.#apart.delete(closed);
          this.#countClosed(closed);
          if (dialError !== undefined) exchange.fail(dialError);
          if (this.#isEmpty) this.#onClosed?.();
        },
      },
      this.#peerOf(exchange),
    );
    this.#apart.set(connection, exchange);
  }

  #dispatch(exchange: OriginExchange): void {
    const now = performance.now();
    const peer = this.#peerOf(exchange);
    for (let free = this.#takeIdle(peer); free !== undefined; free = this.#takeIdle(peer)) {
      if (free.usable && now - free.idleSince < this.#idleLimit(free)) {
        this.#start(free, exchange);
        return;
      }
      free.destroy();
    }
    if (this.#waiting.size >= MAX_WAITING) {
      this.limitHits.set('maxPendingRequests', (this.limitHits.get('maxPendingRequests') ?? 0) + 1);
      exchange.fail(
        new TpError({
          code: 'OVERFLOW',
          processed: 'no',
          message: `${MAX_WAITING} requests wait for a connection to the origin already`,
        }),
      );
      return;
    }
    this.#wait(exchange);
  }

  #wait(exchange: OriginExchange): void {
    this.#waiting.add(exchange);
    this.#dialForWaiting();
  }

  #dialForWaiting(): void {
    if (this.#target.proxyProtocol !== undefined) {
      this.#dialForPeers();
      return;
    }
    while (this.#dialing < this.#waiting.size && this.#all.size < this.#options.connections) {
      this.#dialing += 1;
      this.#all.add(dialOrigin(this.#target, this));
    }
  }

  /** As many connections for each client as it has requests that wait; what others left idle makes room. */
  #dialForPeers(): void {
    let underWay: Map<string | undefined, number> | undefined;
    for (const exchange of this.#waiting) {
      if (this.#all.size >= this.#options.connections) {
        this.#idle[0]?.destroy();
        return;
      }
      const peer = this.#peerOf(exchange);
      const client = addressOf(peer);
      underWay ??= new Map(this.#dialingFor);
      const ready = underWay.get(client) ?? 0;
      if (ready > 0) {
        underWay.set(client, ready - 1);
        continue;
      }
      this.#dialing += 1;
      this.#dialingFor.set(client, (this.#dialingFor.get(client) ?? 0) + 1);
      this.#all.add(dialOrigin(this.#target, this, peer));
    }
  }

  /** An attempt to connect has ended. */
  #dialled({ peer }: OriginConnection): void {
    this.#dialing -= 1;
    if (this.#target.proxyProtocol === undefined) return;
    const client = addressOf(peer);
    const left = (this.#dialingFor.get(client) ?? 0) - 1;
    if (left > 0) this.#dialingFor.set(client, left);
    else this.#dialingFor.delete(client);
  }

  /** For whom an exchange needs a connection of its own; undefined where all share them. */
  #peerOf(exchange: OriginExchange): string | undefined {
    return this.#target.proxyProtocol === undefined ? undefined : exchange.request.incoming.peer;
  }

  /** Whether a connection that is made for a peer may carry an exchange. */
  #isFor(peer: string | undefined, exchange: OriginExchange): boolean {
    if (this.#target.proxyProtocol === undefined) return true;
    return addressOf(peer) === addressOf(this.#peerOf(exchange));
  }

  /** Whether there may be no more connections, and who waits longest needs another one than this. */
  #isInTheWay(connection: OriginConnection): boolean {
    if (this.#target.proxyProtocol === undefined || this.#dialing > 0) return false;
    if (this.#all.size < this.#options.connections) return false;
    const [first] = this.#waiting;
    return first !== undefined && !this.#isFor(connection.peer, first);
  }

  #takeIdle(peer: string | undefined): OriginConnection | undefined {
    if (this.#target.proxyProtocol === undefined) return this.#idle.pop();
    const client = addressOf(peer);
    const at = this.#idle.findLastIndex((one) => addressOf(one.peer) === client);
    return at < 0 ? undefined : this.#idle.splice(at, 1)[0];
  }

  #takeWaiting(peer: string | undefined): OriginExchange | undefined {
    for (const exchange of this.#waiting) {
      if (!this.#isFor(peer, exchange)) continue;
      this.#waiting.delete(exchange);
      if (!exchange.over) return exchange;
    }
    return undefined;
  }

  #start(
    connection: OriginConnection,
    exchange: OriginExchange,
    letGo: (connection: OriginConnection) => void = (free) => this.onIdle(free),
  ): void {
    let head: string;
    try {
      head = this.#writer.write(exchange.request);
    } catch (error) {
      exchange.fail(
        error instanceof TpError
          ? error
          : new TpError({ code: 'INTERNAL', message: 'cannot write the request', cause: error }),
      );
      letGo(connection);
      return;
    }
    connection.start(exchange, head);
  }

  #closeIdle(): void {
    const now = performance.now();
    const kept = this.#idle.filter((one) => now - one.idleSince < this.#idleLimit(one));
    if (kept.length < this.#idle.length) {
      const stale = this.#idle.filter((one) => !kept.includes(one));
      this.#idle.splice(0, this.#idle.length, ...kept);
      for (const one of stale) one.destroy();
    }
    if (kept.length === 0) {
      clearInterval(this.#sweep);
      this.#sweep = undefined;
    }
  }

  /** A second before the origin closes it: what is sent in that moment would be lost. */
  #idleLimit({ idleTimeoutMs: said }: OriginConnection): number {
    const longest = this.#options.idleTimeoutMs;
    if (said === undefined) return longest ?? IDLE_MS;
    const safe = Math.max(0, said - IDLE_MARGIN_MS);
    return longest === undefined ? safe : Math.min(longest, safe);
  }
}
