import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Handler, Request, ResponseInit } from '../types.ts';
import { waitsToGoOn } from '../waits-to-go-on.ts';
import { ListenerAnswer } from './listener-answer.ts';
import { ListenerRequest } from './listener-request.ts';
import { ListenerResponse } from './listener-response.ts';
import { ListenerSocket } from './listener-socket.ts';
import { handlerOf, madeOfListener } from './twins.ts';
import { answerUpgrade, type UpgradeListener } from './upgrade-conversation.ts';

/** What `http.createServer` takes: also an Express application, and the callback of Koa or Nest. */
export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Serves a Node listener over tp.
 *
 * It gets an `IncomingMessage` and a `ServerResponse` as from `node:http`, of HTTP version 1.1, on
 * a socket that leads nowhere else. The response goes out as the listener made it, in case, order
 * and repetition of fields, without the `Date` that Node adds, and without what belongs to an HTTP
 * connection, whoever set it (`Connection`, `Keep-Alive`, `Transfer-Encoding`, RFC 9110 section 7.6.1). A body that comes without a `Content-Length` is shown
 * as `Transfer-Encoding: chunked`, by which body parsers see that there is one. A request with
 * `Expect: 100-continue` is told to go on before the listener sees it; with any other expectation it
 * is answered 417.
 *
 * A listener that throws, or whose promise rejects, is answered 500 and reported to `onError` of
 * the server. `response.destroy()` fails the request with `INTERNAL`, processed "yes".
 *
 * A request that asks for another protocol goes to `options.upgrade`, as to a listener for the event
 * `upgrade` of an `http.Server`: with a socket on which it writes a response by itself, and which leads
 * to the client once that was a 101; `ws` takes it as it is. Without `upgrade` such a request comes to
 * the listener as any other.
 *
 * Of a listener that `toListener` made, this gives the handler that it was made of.
 */
export function fromListener(
  listener: RequestListener,
  { upgrade }: FromListenerOptions = {},
): Handler {
  if (upgrade !== undefined) {
    const plain = fromListener(listener);
    return (request) =>
      request.upgrade === undefined ? plain(request) : answerUpgrade(request, upgrade);
  }
  const original = handlerOf(listener);
  if (original !== undefined) return original;
  return madeOfListener((request) => new Conversation(request).run(listener, NOBODY), listener);
}

/** What `fromListener` may be told. */
export interface FromListenerOptions {
  /** Answers requests that ask for another protocol, as `WebSocketServer.handleUpgrade` does. */
  readonly upgrade?: UpgradeListener;
}

/** The server whose listeners for `checkContinue`, `checkExpectation` and `upgrade` are asked as Node's asks them. */
export type ExpectationEvents = Pick<EventEmitter, 'emit' | 'listenerCount'>;

/** `fromListener` for a listener of a server that has others for expectations and upgrades. */
export function fromListenerOf(server: ExpectationEvents, listener: RequestListener): Handler {
  return (request) =>
    request.upgrade !== undefined && server.listenerCount('upgrade') > 0
      ? answerUpgrade(request, (...asked) => server.emit('upgrade', ...asked))
      : new Conversation(request).run(listener, server);
}

const NOBODY: ExpectationEvents = new EventEmitter();

/** One request, its response, and the socket that both belong to. */
class Conversation {
  readonly #answer: ListenerAnswer;
  readonly #socket: ListenerSocket;
  readonly #request: ListenerRequest;
  readonly #response: ListenerResponse;

  constructor(request: Request) {
    const conversation = this;
    this.#answer = new ListenerAnswer(request, {
      get ended() {
        return conversation.#response.writableEnded;
      },
      close: () => this.#socket.destroy(),
    });
    this.#socket = new ListenerSocket(this.#answer, request.peer);
    this.#request = new ListenerRequest(request, this.#socket);
    this.#response = new ListenerResponse(this.#request, this.#socket);
    this.#response.once('finish', () => this.#finished());
    this.#socket.on('timeout', () => this.#timedOut());
    this.#watch(request.signal);
  }

  run(listener: RequestListener, server: ExpectationEvents): Promise<ResponseInit> {
    const { promise } = this.#answer;
    try {
      if (this.#expectationMet(server)) {
        const returned: unknown = listener(this.#request, this.#response);
        if (returned instanceof Promise) returned.catch((error: unknown) => this.#fail(error));
      }
    } catch (error) {
      promise.catch(() => {});
      this.#fail(error);
      return Promise.reject(error);
    }
    return promise;
  }

  /** As Node's server does it for a listener (RFC 9110 section 10.1.1). */
  #expectationMet(server: ExpectationEvents): boolean {
    const { expect } = this.#request.headers;
    if (expect === undefined) return true;
    const isContinue = waitsToGoOn(expect);
    const event = isContinue ? 'checkContinue' : 'checkExpectation';
    if (server.listenerCount(event) > 0) {
      server.emit(event, this.#request, this.#response);
      return false;
    }
    if (isContinue) this.#response.writeContinue();
    else this.#response.writeHead(417).end();
    return isContinue;
  }

  #fail(error: unknown): void {
    this.#answer.fail(error);
    this.#socket.destroy();
  }

  #finished(): void {
    this.#answer.complete();
    this.#request.resume();
    // Not within the write that was the last: Node then makes an error for whoever else waits on it.
    process.nextTick(close, this.#socket);
  }

  #watch(signal: AbortSignal): void {
    if (signal.aborted) this.#abort();
    else signal.addEventListener('abort', () => this.#abort(), { once: true });
  }

  /** The client has gone, or has its answer and sends no more. */
  #abort(): void {
    if (this.#answer.isComplete) {
      this.#request.destroy();
      return;
    }
    this.#socket.destroy();
    this.#request.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
  }

  /** As Node's server does it: without anyone who cares, the socket is closed. */
  #timedOut(): void {
    const request = !this.#request.complete && this.#request.emit('timeout', this.#socket);
    const response = this.#response.emit('timeout', this.#socket);
    if (!request && !response) this.#socket.destroy();
  }
}

function close(socket: ListenerSocket): void {
  socket.destroy();
}
