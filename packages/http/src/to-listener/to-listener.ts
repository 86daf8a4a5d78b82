import type { ServerResponse } from 'node:http';
import { DEFAULT_LINK_LIMITS } from '@tp/transport';
import { isTpError } from '@tp/wire';
import type { RequestListener } from '../listener/from-listener.ts';
import { listenerOf, madeOfHandler } from '../listener/twins.ts';
import type { Handler, Request, ResponseInit } from '../types.ts';
import { answerError } from './answer-error.ts';
import { HttpRequest } from './http-request.ts';
import { writeAnswer } from './write-answer.ts';

/** What `toListener` may be told. */
export interface ToListenerOptions {
  /** As in `ServerOptions`. Default: `console.error`. */
  readonly onError?: (error: unknown, request: Request) => void;
  /** What `bytes()` of a request gathers at most. Default 4 MiB; then BODY_LIMIT. */
  readonly maxBufferedBodyBytes?: number;
}

/**
 * Serves a handler over HTTP/1.1: a listener for `http.createServer`, the mirror of `fromListener`.
 * With `createNodeServer(toListener(handler))` one handler serves HTTP and tp on one port; links call
 * it without a detour.
 *
 * Bodies go both ways piece by piece and with backpressure, trailers where HTTP/1.1 can carry them
 * (in chunks). The handler's signal fires when the client goes away. Fields of the connection are
 * Node's affair: the handler's are left out (RFC 9110 section 7.6.1), and whole bodies get a
 * `Content-Length`. A body that fails or is not as long as its head says breaks the connection off.
 *
 * What a handler throws is answered 500. A `TpError` is answered with the status that fits its code
 * (503 with `Retry-After` for `OVERLOADED` and `REFUSED`, 413 for `BODY_LIMIT`, 400 for
 * `BODY_LENGTH`, 504 for `DEADLINE`), and the code as text; one of `CANCEL` breaks off.
 */
export function toListener(handler: Handler, options: ToListenerOptions = {}): RequestListener {
  const original = listenerOf(handler);
  if (original !== undefined) return original;
  const onError = options.onError ?? ((error: unknown) => console.error(error));
  const maxBytes = options.maxBufferedBodyBytes ?? DEFAULT_LINK_LIMITS.maxBufferedBodyBytes;
  const listener: RequestListener = (incoming, response) => {
    const request = new HttpRequest(incoming, response, maxBytes);
    void serve(handler, request, response, (error) => onError(error, request));
  };
  return madeOfHandler(listener, handler);
}

async function serve(
  handler: Handler,
  request: HttpRequest,
  response: ServerResponse,
  onError: (error: unknown) => void,
): Promise<void> {
  try {
    const init: ResponseInit = await handler(request);
    await writeAnswer(response, request, init, onError);
  } catch (error) {
    if (!isTpError(error)) onError(error);
    answerError(response, error);
  }
}
