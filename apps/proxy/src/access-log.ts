import type { Request, ResponseInit } from '@tp/http';
import type { TpError } from '@tp/wire';
import type { Logger } from 'pino';
import { errorAnswer } from './error-answer.ts';
import type { OutgoingRequest } from './exchange.ts';
import { REQUEST_ID } from './request-id.ts';

/** Writes a line of the log for requests, or for some of them drawn by lot. */
export interface AccessLog {
  /** Notes a request that has come; undefined when it gets no line. */
  begin(listener: string, request: Request): AccessEntry | undefined;
}

/** One request on its way to its line, which is written when its response has ended. */
export interface AccessEntry {
  /** Where it was sent last. */
  sentTo(group: string, upstream: string, outgoing: OutgoingRequest): void;
  /** The response to pass on instead: the same, its body counted. */
  answered(response: ResponseInit): ResponseInit;
  /** It ends with an answer of the proxy's own, or with none when the client left. */
  failed(error: TpError): void;
}

/**
 * Makes an access log.
 *
 * @param share of the requests that get a line, 0 to 1; asked for each, so that it can change.
 * @param random 0 to 1, without 1.
 */
export function createAccessLog(
  log: Logger,
  share: () => number,
  random: () => number = Math.random,
): AccessLog {
  return {
    begin(listener, request) {
      const part = share();
      if (part === 0 || random() >= part) return undefined;
      return new Entry(log, listener, request);
    },
  };
}

class Entry implements AccessEntry {
  readonly #log: Logger;
  readonly #listener: string;
  readonly #request: Request;
  readonly #started = performance.now();
  #sentTo: { group: string; upstream: string; id: string | undefined } | undefined;

  constructor(log: Logger, listener: string, request: Request) {
    this.#log = log;
    this.#listener = listener;
    this.#request = request;
  }

  sentTo(group: string, upstream: string, outgoing: OutgoingRequest): void {
    this.#sentTo = { group, upstream, id: outgoing.headers.get(REQUEST_ID) };
  }

  answered(response: ResponseInit): ResponseInit {
    const { status = 200, body } = response;
    if (typeof body === 'string' || body instanceof Uint8Array) {
      this.#write({ status, bytes: Buffer.byteLength(body) });
    } else if (body === undefined || body === null) {
      this.#write({ status, bytes: 0 });
    } else {
      const ended = (bytes: number, whole: boolean): void =>
        this.#write(whole ? { status, bytes } : { status, bytes, brokenOff: true });
      return { ...response, body: counted(body, ended) };
    }
    return response;
  }

  failed(error: TpError): void {
    const { code } = error;
    this.#write(code === 'CANCEL' ? { code } : { status: errorAnswer(error).status, code });
  }

  #write(outcome: object): void {
    const { method, path, headers } = this.#request;
    const query = path.indexOf('?');
    this.#log.info(
      {
        method,
        host: headers.get('host'),
        // What is asked for is often a secret, or somebody's name.
        path: query < 0 ? path : path.slice(0, query),
        listener: this.#listener,
        ...this.#sentTo,
        ...outcome,
        ms: Math.round((performance.now() - this.#started) * 1000) / 1000,
      },
      'request',
    );
  }
}

/** The same body; `ended` is called once, when it has come to its end or was left before. */
function counted(
  body: AsyncIterable<Uint8Array>,
  ended: (bytes: number, whole: boolean) => void,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const pieces = body[Symbol.asyncIterator]();
      let bytes = 0;
      let isOpen = true;
      const end = (whole: boolean): void => {
        if (isOpen) ended(bytes, whole);
        isOpen = false;
      };
      return {
        async next() {
          try {
            const piece = await pieces.next();
            if (piece.done === true) end(true);
            else bytes += piece.value.length;
            return piece;
          } catch (error) {
            end(false);
            throw error;
          }
        },
        async return(value: unknown) {
          end(false);
          return (await pieces.return?.(value)) ?? { done: true, value };
        },
      };
    },
  };
}
