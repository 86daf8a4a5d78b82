import type { Client } from '../types.ts';
import { createDispatcher, type DispatcherOptions } from '../undici/dispatcher.ts';
import type { Dispatcher } from '../undici/types.ts';
import { LazyRequest } from './lazy-request.ts';

/** What `createFetch` may be told. */
export interface FetchOptions extends Omit<DispatcherOptions, 'origins'> {
  /** What relative URLs are resolved against. Default `http://localhost`, so that `fetch('/items')` asks for `/items`. */
  readonly baseUrl?: string | URL;
  /**
   * The origins whose requests go over the client, asked for or led to by a redirect. Default: the
   * one that each call asks for; a redirect away from it goes `elsewhere`, since the peer may not
   * speak for that origin.
   */
  readonly origins?: readonly (string | URL)[];
}

/** The platform's own, also where this module's has taken its place. */
const platformFetch = globalThis.fetch;

/**
 * `fetch` over a client: the platform's own, with Request and Response, streams both ways, signals,
 * redirects and content codings, whose requests go over the client's links instead of HTTP
 * connections. The URL's authority becomes the `host` field; its scheme does not travel.
 *
 * It rejects as `fetch` does, with a `TypeError` whose `cause` is an `UndiciError`, whose `cause`
 * is the `TpError`.
 *
 * @throws {TypeError} for a base or an origin that is no URL.
 */
export function createFetch(client: Client, options: FetchOptions = {}): typeof globalThis.fetch {
  const { baseUrl = 'http://localhost', origins, ...rest } = options;
  const base = new URL(baseUrl);
  const dispatcherFor =
    origins === undefined
      ? dispatchersByOrigin(client, rest)
      : always(createDispatcher(client, { origins, ...rest }));
  return (input, init) => {
    const asked = typeof input === 'string' ? resolved(input, base) : nativeOf(input);
    const dispatcher = dispatcherFor(asked instanceof Request ? asked.url : asked);
    if (init instanceof Request) return platformFetch(new Request(asked, init), { dispatcher });
    return platformFetch(asked, { ...init, dispatcher });
  };
}

/** The platform's own `fetch` does not know the requests that a fetch handler is given. */
function nativeOf(input: URL | Request): URL | Request {
  return LazyRequest.is(input) ? input.native() : input;
}

/** A dispatcher for each origin that is asked for. Most programs ask for one: the last is kept. */
function dispatchersByOrigin(
  client: Client,
  options: DispatcherOptions,
): (url: string | URL) => Dispatcher {
  let lastOrigin = '';
  let last: Dispatcher | undefined;
  return (url) => {
    const origin = typeof url === 'string' ? originOf(url) : url.origin;
    if (last === undefined || origin !== lastOrigin) {
      lastOrigin = origin;
      last = createDispatcher(client, { ...options, origins: origin === 'null' ? [] : [origin] });
    }
    return last;
  };
}

function always(dispatcher: Dispatcher): () => Dispatcher {
  return () => dispatcher;
}

/** What is no URL is left to `fetch`, which says so. */
function resolved(input: string, base: URL): string | URL {
  return URL.canParse(input, base.href) ? new URL(input, base) : input;
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'null';
}
