import type { Clock, Timer } from '@tp/transport';
import { isTpError } from '@tp/wire';
import { type ClientOptions, createClient } from '../client/client.ts';
import { isIdempotent } from '../client/idempotent.ts';
import type { Client } from '../types.ts';
import { createDispatcher } from '../undici/dispatcher.ts';
import { eitherHandler } from '../undici/either-handler.ts';
import type { Dispatcher, DispatchHandler, Dispatching, DispatchOptions } from '../undici/types.ts';
import { RelayHandler } from './relay-handler.ts';

/** What all origins have in common; `AdaptiveDispatcherOptions` with the defaults filled in. */
export interface RouteSettings {
  readonly fallback: Dispatching;
  readonly teleport: (origin: URL) => string | readonly string[] | undefined;
  readonly client: ClientOptions;
  readonly clock: Clock;
  readonly rememberMs: number;
  readonly unusedMs: number;
}

/** How long an origin that could not be reached over tp is left to HTTP, in ms: it may be starting. */
const UNREACHABLE_MS = 10_000;

/** A client, and the same as a dispatcher. */
interface Teleport {
  readonly client: Client;
  readonly dispatcher: Dispatcher;
}

/**
 * The way to one origin: not known yet, over tp, or over HTTP for some time. While it is not known
 * requests wait; where HTTP has had its time, they go on over HTTP until a link stands.
 */
export class OriginRoute {
  readonly #origin: URL;
  readonly #settings: RouteSettings;
  #way: 'teleport' | 'http' | undefined;
  #teleport: Teleport | undefined;
  /** Settles, and never rejects, when it is known whether the origin speaks tp. */
  #probe: Promise<void> | undefined;
  #httpUntil = 0;
  readonly #running = new Set<RelayHandler>();
  /** Of the probe that is under way. */
  #connecting: Client | undefined;
  #unused: Timer | undefined;
  #closed = false;

  constructor(origin: URL, settings: RouteSettings) {
    this.#origin = origin;
    this.#settings = settings;
  }

  get way(): 'teleport' | 'http' | undefined {
    return this.#way;
  }

  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    const { fallback, clock } = this.#settings;
    if (this.#way === 'http') {
      if (clock.now() >= this.#httpUntil) this.#find();
      return fallback.dispatch(options, eitherHandler(handler));
    }
    const relay = this.#relay(options, handler);
    if (!relay.start()) return true;
    if (this.#way === undefined) void this.#afterProbe(options, relay, this.#find());
    else if (canRepeat(options.body)) this.#send(options, relay);
    else void this.#afterProbe(options, relay, this.#stands());
    return true;
  }

  /** Closes the links when the requests under way are over. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unused?.clear();
    await this.#probe;
    await this.#forget()?.client.close();
  }

  /** Ends the requests under way. */
  async destroy(error: Error): Promise<void> {
    this.#closed = true;
    this.#unused?.clear();
    for (const relay of this.#running) relay.abort(error);
    await Promise.all([this.#connecting?.close(), this.#forget()?.client.close()]);
  }

  #relay(options: DispatchOptions, handler: DispatchHandler): RelayHandler {
    let teleport: Teleport | undefined;
    const relay: RelayHandler = new RelayHandler(handler, {
      started: () => {
        teleport = this.#teleport;
      },
      failed: (error) => {
        if (!mayGoOverHttp(error, options)) return false;
        if (teleport !== undefined && teleport === this.#teleport) this.#leaveTo(error);
        this.#settings.fallback.dispatch(options, eitherHandler(relay));
        return true;
      },
      over: () => {
        this.#running.delete(relay);
        this.#rest();
      },
    });
    this.#running.add(relay);
    this.#unused?.clear();
    return relay;
  }

  #send(options: DispatchOptions, relay: RelayHandler): void {
    const over = this.#teleport?.dispatcher ?? this.#settings.fallback;
    try {
      over.dispatch(options, eitherHandler(relay));
    } catch (error) {
      relay.abort(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #afterProbe(
    options: DispatchOptions,
    relay: RelayHandler,
    probe: Promise<void>,
  ): Promise<void> {
    await probe;
    if (!relay.aborted) this.#send(options, relay);
  }

  /** Finds out whether the origin speaks tp. */
  #find(): Promise<void> {
    this.#probe ??= this.#connect().finally(() => {
      this.#probe = undefined;
    });
    return this.#probe;
  }

  async #connect(): Promise<void> {
    let client: Client | undefined;
    try {
      const address = this.#settings.teleport(this.#origin);
      if (address === undefined) {
        this.#leaveTo(undefined);
        return;
      }
      client = createClient(address, this.#settings.client);
      this.#connecting = client;
      await client.ready();
      this.#teleport = { client, dispatcher: createDispatcher(client) };
      this.#way = 'teleport';
      this.#rest();
    } catch (error) {
      void client?.close();
      this.#leaveTo(error);
    } finally {
      this.#connecting = undefined;
    }
  }

  /** Resolves when a link stands; where none can be had, the origin is left to HTTP. */
  async #stands(): Promise<void> {
    const teleport = this.#teleport;
    try {
      await teleport?.client.ready();
    } catch (error) {
      if (teleport === this.#teleport) this.#leaveTo(error);
    }
  }

  #leaveTo(error: unknown): void {
    const { clock, rememberMs } = this.#settings;
    const ms = isUnreachable(error) ? Math.min(rememberMs, UNREACHABLE_MS) : rememberMs;
    this.#httpUntil = clock.now() + ms;
    void this.#forget()?.client.close();
    this.#way = 'http';
  }

  #forget(): Teleport | undefined {
    const teleport = this.#teleport;
    this.#teleport = undefined;
    this.#way = undefined;
    return teleport;
  }

  /** While nobody uses the links, they have a time to live. */
  #rest(): void {
    if (this.#running.size > 0 || this.#closed || this.#teleport === undefined) return;
    this.#unused?.clear();
    this.#unused = this.#settings.clock.after(this.#settings.unusedMs, () => {
      void this.#forget()?.client.close();
    });
  }
}

/** Whether a body is there as a whole, so that sending it has not used it up. */
function canRepeat(body: unknown): boolean {
  return (
    body === null || body === undefined || typeof body === 'string' || body instanceof Uint8Array
  );
}

/** Whether a request failed because there is no link to be had, and may be sent another way. */
function mayGoOverHttp(error: Error, { method, body, idempotent }: DispatchOptions): boolean {
  const { cause } = error;
  if (!isTpError(cause) || !canRepeat(body)) return false;
  if (cause.code !== 'UNREACHABLE' && cause.code !== 'CLOSED') return false;
  return cause.processed === 'no' || (idempotent ?? isIdempotent(method));
}

/** Whether nothing was there to speak to, as against a peer that speaks something else. */
function isUnreachable(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('syscall' in at && (at.syscall === 'connect' || at.syscall === 'getaddrinfo')) return true;
    if (at instanceof AggregateError) return at.errors.some(isUnreachable);
  }
  return false;
}
