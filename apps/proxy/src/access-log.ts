import type { Request, ResponseInit } from '@tp/http';
import type { TpError } from '@tp/wire';
import type { Logger } from 'pino';
import { addressOf } from './client-fields.ts';
import { errorAnswer } from './error-answer.ts';
import type { OutgoingRequest } from './exchange.ts';
import { REQUEST_ID } from './request-id.ts';
import { TRACEPARENT, traceIdOf } from './traceparent.ts';
import type { Destination, Watch, Watcher } from './watch.ts';
import { watchedBody } from './watched-body.ts';

/**
 * Makes what writes a line of the log for requests, when their response has ended: for those that
 * fail, and of the others for some, drawn by lot.
 *
 * @param share of the requests that get a line, 0 to 1; asked for each, so that it can change. At 0
 *   there are no lines at all.
 * @param random 0 to 1, without 1.
 */
export function createAccessLog(
  log: Logger,
  share: () => number,
  random: () => number = Math.random,
): Watcher {
  return {
    begin(listener, request) {
      const part = share();
      if (part === 0) return undefined;
      return new Entry(log, listener, request, random() < part);
    },
  };
}

class Entry implements Watch {
  readonly #log: Logger;
  readonly #listener: string;
  readonly #request: Request;
  readonly #isDrawn: boolean;
  readonly #started = performance.now();
  #attempts = 0;
  #sentTo: object | undefined;

  constructor(log: Logger, listener: string, request: Request, isDrawn: boolean) {
    this.#log = log;
    this.#listener = listener;
    this.#request = request;
    this.#isDrawn = isDrawn;
  }

  sends({ group, upstream }: Destination, outgoing: OutgoingRequest): OutgoingRequest {
    const { headers } = outgoing;
    this.#attempts += 1;
    this.#sentTo = {
      group,
      upstream: upstream.name,
      ...(this.#attempts === 1 ? undefined : { attempts: this.#attempts }),
      id: headers.get(REQUEST_ID),
      trace: traceIdOf(headers.get(TRACEPARENT)),
    };
    return outgoing;
  }

  retried(): void {}

  answered(response: ResponseInit): ResponseInit {
    const { status = 200, body } = response;
    const headMs = this.#ms();
    if (typeof body === 'string' || body instanceof Uint8Array) {
      this.#write({ status, bytes: Buffer.byteLength(body), headMs }, status >= 500);
    } else if (body === undefined || body === null) {
      this.#write({ status, bytes: 0, headMs }, status >= 500);
    } else {
      let bytes = 0;
      const piece = ({ length }: Uint8Array): void => {
        bytes += length;
      };
      const ended = (whole: boolean): void => {
        const outcome = { status, bytes, headMs, ...(whole ? undefined : { brokenOff: true }) };
        this.#write(outcome, status >= 500 || !whole);
      };
      return { ...response, body: watchedBody(body, { piece, ended }) };
    }
    return response;
  }

  failed(error: TpError): void {
    const { code } = error;
    // A client that leaves is no failure of ours.
    if (code === 'CANCEL') this.#write({ code }, false);
    else this.#write({ status: errorAnswer(error).status, code }, true);
  }

  #write(outcome: object, isFailure: boolean): void {
    if (!this.#isDrawn && !isFailure) return;
    const { method, path, headers, peer } = this.#request;
    const query = path.indexOf('?');
    this.#log.info(
      {
        method,
        host: headers.get('host'),
        // What is asked for is often a secret, or somebody's name.
        path: query < 0 ? path : path.slice(0, query),
        client: addressOf(peer),
        listener: this.#listener,
        ...this.#sentTo,
        ...outcome,
        ms: this.#ms(),
      },
      'request',
    );
  }

  #ms(): number {
    return Math.round((performance.now() - this.#started) * 1000) / 1000;
  }
}
