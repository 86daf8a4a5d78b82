import type { ServerHttp2Stream } from 'node:http2';
import { endToEnd, type Request } from '@tp/http';
import { Fields, type FieldsInit, TpError } from '@tp/wire';
import { type BodyQueue, createBodyQueue } from '../body-queue.ts';
import type { FrontHead } from './front-head.ts';
import { isAnswered } from './h2-answered.ts';
import { wholeBody } from './whole-body.ts';

const EMPTY = new Uint8Array(0);

/** A request that came over HTTP/2, in the shape that every listener hands on. */
export function createStreamRequest(
  stream: ServerHttp2Stream,
  method: string,
  head: FrontHead,
  peer: string,
): Request {
  return new FromStream(stream, method, head, peer);
}

class FromStream implements Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Fields;
  readonly hasBody: boolean;
  readonly peer: string;
  readonly remainingMs = undefined;
  trailers: Fields | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #controller = new AbortController();
  #queue: BodyQueue | undefined;

  constructor(stream: ServerHttp2Stream, method: string, head: FrontHead, peer: string) {
    this.#stream = stream;
    this.method = method;
    this.path = head.path;
    this.headers = head.headers;
    this.hasBody = head.hasBody;
    this.peer = peer;
    stream.on('trailers', (_trailers, _flags, raw: unknown) => {
      if (Array.isArray(raw)) this.trailers = endToEnd(new Fields(raw.map(String)));
    });
    stream.once('close', () => {
      const left = new TpError({ code: 'CANCEL', message: 'the client left' });
      if (!stream.readableEnded) this.#queue?.fail(left);
      if (!isAnswered(stream)) this.#controller.abort(left);
    });
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
    if (stream.destroyed || stream.headersSent) return;
    stream.additionalHeaders({ ':status': status, ...headersOf(Fields.from(headers)) });
  }

  #open(): BodyQueue {
    if (this.#queue !== undefined) return this.#queue;
    const stream = this.#stream;
    const queue = createBodyQueue({
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      abandon: () => stream.resume(),
    });
    this.#queue = queue;
    if (!this.hasBody) queue.end();
    else {
      stream.on('data', (bytes: Buffer) => queue.push(bytes));
      stream.on('end', () => queue.end());
    }
    return queue;
  }
}

/** Fields as `node:http2` takes them: names in lower case, repeated ones as a list. */
export function headersOf(fields: Fields): Record<string, string | string[]> {
  const lists = new Map<string, string[]>();
  for (const [given, value] of fields) {
    const name = given.toLowerCase();
    const known = lists.get(name);
    if (known === undefined) lists.set(name, [value]);
    else known.push(value);
  }
  return Object.fromEntries(
    Array.from(lists, ([name, list]) => [name, list.length === 1 ? (list[0] ?? '') : list]),
  );
}
