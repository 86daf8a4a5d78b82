import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { Cancellation, type CancelSignal, endToEnd, type Request } from '@tp/http';
import { Fields, type FieldsInit, TpError } from '@tp/wire';
import { type BodyQueue, createBodyQueue } from '../body-queue.ts';
import { formatFieldLines } from '../h1/field-lines.ts';
import type { OnConnection } from '../window-rule.ts';
import type { FrontHead } from './front-head.ts';
import { connectionIdOf, peerOf } from './proxied-clients.ts';
import { wholeBody } from './whole-body.ts';

/** A request that came over HTTP, in the shape that every listener hands on. */
export interface FrontRequest extends Request, OnConnection {
  /** Whether the whole of it was received. */
  readonly complete: boolean;
  /** Whether the whole of it was received, or has a reader that will receive it. */
  readonly bodyCaredFor: boolean;
  /** Whether the client holds its body back and was not asked for it (RFC 9110 section 10.1.1). */
  readonly owesContinue: boolean;
  /** Whether its response has begun. */
  readonly answered: boolean;
  /** The client is gone: cancels whatever is done for it. */
  abandon(): void;
}

/**
 * How long a client that expects `100 Continue` waits for the origin's, in ms, before the proxy
 * asks for the body itself: some origins never send one.
 */
const CONTINUE_MS = 1_000;
const EMPTY = new Uint8Array(0);

/**
 * Wraps what `node:http` hands out.
 *
 * @param upgrade the protocol that it asks to switch to.
 */
export function createFrontRequest(
  incoming: IncomingMessage,
  response: ServerResponse,
  head: FrontHead,
  expectsContinue: boolean,
  upgrade?: string,
): FrontRequest {
  return new FromNode(incoming, response, head, expectsContinue, upgrade);
}

class FromNode implements FrontRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Fields;
  readonly remainingMs = undefined;
  readonly upgrade: string | undefined;
  readonly #incoming: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #hasBody: boolean;
  readonly #cancellation = new Cancellation();
  #controller: AbortController | undefined;
  #queue: BodyQueue | undefined;
  #dropped = false;
  #gone = false;
  #owesContinue: boolean;
  #continueTimer: NodeJS.Timeout | undefined;

  constructor(
    incoming: IncomingMessage,
    response: ServerResponse,
    head: FrontHead,
    expectsContinue: boolean,
    upgrade: string | undefined,
  ) {
    this.#incoming = incoming;
    this.#response = response;
    this.#hasBody = head.hasBody;
    this.#owesContinue = expectsContinue;
    this.method = incoming.method ?? '';
    this.path = head.path;
    this.headers = head.headers;
    this.upgrade = upgrade;
  }

  get connection(): string {
    return connectionIdOf(this.#incoming.socket);
  }

  get peer(): string {
    return peerOf(this.#incoming.socket);
  }

  get cancellation(): CancelSignal {
    return this.#cancellation;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#gone) this.#controller.abort(clientGone());
    }
    return this.#controller.signal;
  }

  get trailers(): Fields | undefined {
    const raw = this.#incoming.rawTrailers;
    return raw.length === 0 ? undefined : endToEnd(new Fields(raw));
  }

  get complete(): boolean {
    return !this.#hasBody || this.#incoming.complete;
  }

  get bodyCaredFor(): boolean {
    return this.complete || (this.#queue !== undefined && !this.#dropped);
  }

  get answered(): boolean {
    return this.#response.headersSent;
  }

  get owesContinue(): boolean {
    return this.#owesContinue;
  }

  get body(): AsyncIterable<Uint8Array> {
    return this.#open();
  }

  bytes(): Uint8Array | Promise<Uint8Array> {
    return this.#hasBody ? wholeBody(this.#open()) : EMPTY;
  }

  async text(): Promise<string> {
    return Buffer.from(await this.bytes()).toString();
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  inform(status: number, headers?: FieldsInit): void {
    const response = this.#response;
    // A response that waits behind another one on its connection cannot be announced yet.
    if (this.#gone || response.headersSent || response.socket === null) return;
    if (status === 100) {
      this.#askForBody();
      return;
    }
    const lines = formatFieldLines(Fields.from(headers).raw);
    response.socket.write(`HTTP/1.1 ${status} ${phrase(status)}\r\n${lines}\r\n`, 'latin1');
  }

  abandon(): void {
    this.#gone = true;
    clearTimeout(this.#continueTimer);
    this.#queue?.fail(clientGone());
    this.#controller?.abort(clientGone());
    this.#cancellation.cancel(clientGone());
  }

  #open(): BodyQueue {
    if (this.#queue !== undefined) return this.#queue;
    const incoming = this.#incoming;
    const queue = createBodyQueue({
      pause: () => incoming.pause(),
      resume: () => incoming.resume(),
      abandon: () => this.#drop(),
    });
    this.#queue = queue;
    if (!this.#hasBody) {
      queue.end();
      return queue;
    }
    if (this.#gone) {
      queue.fail(clientGone());
      return queue;
    }
    incoming.on('data', (bytes: Buffer) => queue.push(bytes));
    incoming.on('end', () => queue.end());
    if (this.#owesContinue) {
      this.#continueTimer = setTimeout(() => this.#askForBody(), CONTINUE_MS);
    }
    return queue;
  }

  #askForBody(): void {
    clearTimeout(this.#continueTimer);
    if (!this.#owesContinue || this.#gone || this.#response.headersSent) return;
    this.#owesContinue = false;
    this.#response.writeContinue();
  }

  /** Whoever read the body left: what still comes is thrown away. */
  #drop(): void {
    this.#dropped = true;
    clearTimeout(this.#continueTimer);
    if (this.#response.writableEnded) this.#incoming.socket.destroy();
    else this.#incoming.resume();
  }
}

function clientGone(): TpError {
  return new TpError({ code: 'CANCEL', message: 'the client left' });
}

function phrase(status: number): string {
  return STATUS_CODES[status] ?? '';
}
