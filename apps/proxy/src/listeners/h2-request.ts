import type { ServerHttp2Stream } from 'node:http2';
import { endToEnd, type Request } from '@tp/http';
import { Fields, type FieldsInit, TpError } from '@tp/wire';
import { type BodyQueue, createBodyQueue } from '../body-queue.ts';
import type { OnConnection } from '../window-rule.ts';
import { isAnswered } from './h2-answered.ts';
import type { StreamHead } from './h2-head.ts';
import { listsOf } from './h2-response-head.ts';
import { wholeBody } from './whole-body.ts';

const EMPTY = new Uint8Array(0);

/** A request that came over HTTP/2, in the shape that every listener hands on. */
export interface StreamRequest extends Request, OnConnection {
  /** Whether the whole of it was received, or has a reader that will receive it. */
  readonly bodyCaredFor: boolean;
}

/** Where a request came in. */
export interface Connection {
  readonly id: string;
  /** Where its client is: `ADDRESS:PORT`, or `unix`. */
  readonly peer: string;
}

/**
 * How long a client that expects `100 Continue` waits for the origin's, in ms, before the proxy
 * asks for the body itself, as over HTTP/1.1.
 */
const CONTINUE_MS = 1_000;

/** Wraps what `node:http2` hands out. */
export function createStreamRequest(
  stream: ServerHttp2Stream,
  head: StreamHead,
  connection: Connection,
): StreamRequest {
  return new FromStream(stream, head, connection);
}

class FromStream implements StreamRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Fields;
  readonly hasBody: boolean;
  readonly peer: string;
  readonly connection: string;
  readonly remainingMs = undefined;
  readonly upgrade: string | undefined;
  trailers: Fields | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #controller = new AbortController();
  #queue: BodyQueue | undefined;
  #dropped = false;
  #owesContinue: boolean;
  #continueTimer: NodeJS.Timeout | undefined;

  constructor(stream: ServerHttp2Stream, head: StreamHead, { id, peer }: Connection) {
    this.#stream = stream;
    this.#owesContinue = head.hasBody && head.headers.has('expect');
    this.method = head.method;
    this.upgrade = head.websocketKey === undefined ? undefined : 'websocket';
    this.path = head.path;
    this.headers = head.headers;
    this.hasBody = head.hasBody;
    this.peer = peer;
    this.connection = id;
    stream.on('trailers', (_trailers, _flags, raw: unknown) => {
      if (Array.isArray(raw)) this.trailers = endToEnd(new Fields(raw.map(String)));
    });
    stream.once('close', () => {
      clearTimeout(this.#continueTimer);
      this.#queue?.fail(clientLeft());
      if (!isAnswered(stream)) this.#controller.abort(clientLeft());
    });
  }

  get bodyCaredFor(): boolean {
    return (
      !this.hasBody || this.#stream.readableEnded || (this.#queue !== undefined && !this.#dropped)
    );
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get body(): AsyncIterable<Uint8Array> {
    return this.#open();
  }

  bytes(): Uint8Array | Promise<Uint8Array> {
    return this.hasBody ? wholeBody(this.#open()) : EMPTY;
  }

  async text(): Promise<string> {
    return Buffer.from(await this.bytes()).toString();
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  inform(status: number, headers?: FieldsInit): void {
    const stream = this.#stream;
    if (stream.closed || stream.headersSent) return;
    if (status === 100) this.#askForBody();
    else stream.additionalHeaders({ ':status': status, ...listsOf(Fields.from(headers)) });
  }

  #open(): BodyQueue {
    if (this.#queue !== undefined) return this.#queue;
    const stream = this.#stream;
    const queue = createBodyQueue({
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      abandon: () => {
        this.#dropped = true;
        clearTimeout(this.#continueTimer);
        stream.resume();
      },
    });
    this.#queue = queue;
    if (!this.hasBody) {
      queue.end();
      return queue;
    }
    stream.on('data', (bytes: Buffer) => queue.push(bytes));
    stream.on('end', () => {
      // Node ends what its client reset without an error as well: then it is not the whole body.
      if (stream.closed && !isAnswered(stream)) queue.fail(clientLeft());
      else queue.end();
    });
    if (this.#owesContinue) {
      this.#continueTimer = setTimeout(() => this.#askForBody(), CONTINUE_MS);
    }
    return queue;
  }

  #askForBody(): void {
    clearTimeout(this.#continueTimer);
    if (!this.#owesContinue || this.#stream.closed || this.#stream.headersSent) return;
    this.#owesContinue = false;
    this.#stream.additionalHeaders({ ':status': 100 });
  }
}

function clientLeft(): TpError {
  return new TpError({ code: 'CANCEL', message: 'the client left' });
}
