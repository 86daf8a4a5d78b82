import type { Handler, Request } from '../types.ts';
import { acceptLazyRequests } from './accept-lazy-requests.ts';
import { LazyRequest } from './lazy-request.ts';
import { RequestOrigin } from './request-origin.ts';
import { ResponseReader } from './response-reader.ts';

/**
 * What a fetch handler is told besides its `Request`: what tp knows and fetch has no words for. Hono
 * shows it as `c.env`.
 */
export type FetchInfo = Pick<
  Request,
  'path' | 'headers' | 'trailers' | 'remainingMs' | 'peer' | 'peerIdentity' | 'oneWay' | 'inform'
>;

/** A handler as Hono's `app.fetch`, h3's, and those of edge runtimes are. */
export type FetchHandler = (
  request: globalThis.Request,
  info: FetchInfo,
) => globalThis.Response | Promise<globalThis.Response>;

/** What `fromFetch` may be told. */
export interface FromFetchOptions {
  /** The scheme of `request.url`. Default `http`. */
  readonly scheme?: 'http' | 'https';
}

/**
 * Serves a fetch handler over tp, or with `toListener` over HTTP.
 *
 * The handler gets a `Request` that is made bit by bit: `headers`, `url`, `signal` and `body` when
 * they are first asked for, a native `Request` only for what nothing else will do (`clone`,
 * `fetch(request)`, `new Request(request)`). So that those two take it, the global `Request` and
 * `fetch` are wrapped when this is first called; they do nothing else than before for any other
 * argument. A copy of the native `Request` that a module took earlier does not take it.
 *
 * `request.url` is made of the request's path and its `Host`; of `localhost` where that is missing,
 * there twice, or none. `text()` and its like gather at most `limits.maxBufferedBodyBytes` and
 * reject with `BODY_LIMIT` beyond. Requests with GET and HEAD have no body, as fetch forbids one. A
 * request with `Expect: 100-continue` is told to go on when its body is first read.
 *
 * What the handler answers goes whole where its body is there already, with up to 64 KiB, and piece
 * by piece otherwise. `Response.error()` fails the request with `INTERNAL`, processed "yes"; what is
 * no `Response`, or one whose body was read, is an error of the handler: 500. A response cannot have
 * trailers, as fetch has none. Fields of the connection are left out of it (RFC 9110 section
 * 7.6.1): a handler that answers with what `fetch` gave it would pass on those of another one.
 */
export function fromFetch(handler: FetchHandler, options: FromFetchOptions = {}): Handler {
  acceptLazyRequests();
  const origin = new RequestOrigin(options.scheme ?? 'http');
  const reader = new ResponseReader();
  return (request) => {
    const answer = handler(new LazyRequest(request, origin), request);
    if (answer instanceof globalThis.Response) return reader.read(answer, request.method);
    return Promise.resolve(answer).then((response) => reader.read(response, request.method));
  };
}
