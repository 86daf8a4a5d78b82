import { systemClock } from '@tp/transport';
import { TpError } from '@tp/wire';
import type { ClientOptions } from '../client/client.ts';
import { BaseDispatcher } from '../undici/base-dispatcher.ts';
import { eitherHandler } from '../undici/either-handler.ts';
import { portOf, UNSTARTED } from '../undici/handler-port.ts';
import type { Dispatcher, DispatchHandler, Dispatching, DispatchOptions } from '../undici/types.ts';
import { UndiciError } from '../undici/undici-error.ts';
import { OriginRoute, type RouteSettings } from './origin-route.ts';

/** What an adaptive dispatcher may be told. */
export interface AdaptiveDispatcherOptions {
  /** Takes what cannot go over tp: an `Agent` of undici, say. It is not closed with the dispatcher. */
  readonly fallback: Dispatching;
  /**
   * Where an origin is to be found over tp, as an address or several equal ones; undefined where it
   * is not. Default: its own host and port, `teleports://` for `https:` and `teleport://` for `http:`.
   */
  readonly teleport?: (origin: URL) => string | readonly string[] | undefined;
  /**
   * For the clients to all origins. Without `insecure: true` plain `http:` origins beyond this
   * machine stay with HTTP.
   */
  readonly client?: ClientOptions;
  /** How long an origin that does not speak tp is left to HTTP before it is tried again, in ms. Default 600,000. */
  readonly rememberMs?: number;
  /** The links to an origin are closed when no request went over them for so long, in ms. Default 60,000. */
  readonly unusedMs?: number;
  /** How many origins are remembered; the one that was used least recently is forgotten. Default 100. */
  readonly maxOrigins?: number;
}

/** Which way requests to an origin go. */
export type OriginWay = 'teleport' | 'http';

/** A dispatcher that goes over tp where it can. */
export interface AdaptiveDispatcher extends Dispatcher {
  /** The way to that origin, as far as it is known. */
  wayTo(origin: string | URL): OriginWay | undefined;
}

/**
 * A dispatcher for any number of origins, of undici 6, 7 or 8 and for `fetch`, that finds out which
 * of them speak tp: those are asked over tp, the others over HTTP.
 *
 * The first request to an origin waits until a link to it stands or its peer has shown in the
 * handshake that it speaks something else, at most the client's `handshakeTimeoutMs`; then it goes
 * the way that was found, once. An origin that speaks HTTP only is remembered for `rememberMs`, one
 * that could not be reached for 10 s, and is tried again after that while its requests go on over
 * HTTP. An origin that has ceased to speak tp is found by the request that meets it: one that was
 * certainly not processed, or is idempotent, goes over HTTP if its body can be sent again, or once a
 * link was waited for in vain. Upgrades and CONNECT always go over HTTP.
 */
export function createAdaptiveDispatcher(options: AdaptiveDispatcherOptions): AdaptiveDispatcher {
  return new ByOrigin(options);
}

class ByOrigin extends BaseDispatcher implements AdaptiveDispatcher {
  readonly #settings: RouteSettings;
  readonly #maxOrigins: number;
  /** The one that was used last comes last. */
  readonly #routes = new Map<string, OriginRoute>();
  #closed = false;
  #destroyed = false;

  constructor(options: AdaptiveDispatcherOptions) {
    super();
    const { fallback, teleport, client = {}, rememberMs, unusedMs, maxOrigins } = options;
    this.#maxOrigins = maxOrigins ?? 100;
    this.#settings = {
      fallback,
      teleport: teleport ?? sameHostAndPort,
      client,
      clock: client.clock ?? systemClock,
      rememberMs: rememberMs ?? 600_000,
      unusedMs: unusedMs ?? 60_000,
    };
  }

  get closed(): boolean {
    return this.#closed;
  }

  get destroyed(): boolean {
    return this.#destroyed;
  }

  wayTo(origin: string | URL): OriginWay | undefined {
    return this.#routes.get(new URL(origin).origin)?.way;
  }

  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    if (this.#closed) {
      portOf(handler).fail(UNSTARTED, closedError(this.#destroyed));
      return false;
    }
    const { origin, method, upgrade } = options;
    if (origin === undefined || method === 'CONNECT' || upgrade) {
      return this.#settings.fallback.dispatch(options, eitherHandler(handler));
    }
    return this.#routeTo(origin).dispatch(options, handler);
  }

  protected async end(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#routes.values()].map((route) => route.close()));
    this.#destroyed = true;
  }

  protected async abort(error: Error | null): Promise<void> {
    this.#closed = true;
    this.#destroyed = true;
    const reason = error ?? closedError(true);
    await Promise.all([...this.#routes.values()].map((route) => route.destroy(reason)));
  }

  #routeTo(given: string | URL): OriginRoute {
    const { origin } = new URL(given);
    const route = this.#routes.get(origin) ?? new OriginRoute(new URL(origin), this.#settings);
    this.#routes.delete(origin);
    this.#routes.set(origin, route);
    for (const [name, oldest] of this.#routes) {
      if (this.#routes.size <= this.#maxOrigins) break;
      this.#routes.delete(name);
      void oldest.close();
    }
    return route;
  }
}

function closedError(destroyed: boolean): UndiciError {
  const message = `the dispatcher was ${destroyed ? 'destroyed' : 'closed'}`;
  const cause = new TpError({ code: 'CLOSED', message, processed: 'no' });
  return new UndiciError(destroyed ? 'UND_ERR_DESTROYED' : 'UND_ERR_CLOSED', cause);
}

function sameHostAndPort({ protocol, hostname, port }: URL): string | undefined {
  if (protocol === 'https:') return `teleports://${hostname}:${port === '' ? 443 : port}`;
  if (protocol === 'http:') return `teleport://${hostname}:${port === '' ? 80 : port}`;
  return undefined;
}
