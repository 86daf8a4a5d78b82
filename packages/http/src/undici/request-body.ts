import { Readable } from 'node:stream';
import { openStream, type Stream } from '../body/body-source.ts';
import { invalidArgument } from './undici-error.ts';

/** A request's body as undici takes it, before it is sent. */
export interface RequestBody {
  /** The body, when it is there as a whole. */
  readonly whole?: Uint8Array;
  /** Where the body comes from, when it is not. */
  readonly stream?: AsyncIterable<unknown>;
  /** How long a stream is, in bytes, when that is known. */
  readonly length?: number;
  /** What the body is, unless the request says so itself. */
  readonly contentType?: string;
}

const NONE: RequestBody = {};

/**
 * Tells undici's kinds of bodies apart. What is empty is no body.
 *
 * @throws {UndiciError} for anything else.
 */
export function requestBody(body: unknown): RequestBody {
  if (body === null || body === undefined) return NONE;
  if (typeof body === 'string') return ofBytes(Buffer.from(body));
  if (body instanceof Uint8Array) return ofBytes(body);
  if (ArrayBuffer.isView(body)) {
    return ofBytes(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  }
  if (body instanceof ArrayBuffer) return ofBytes(Buffer.from(body));
  if (typeof body !== 'object') throw noBody();
  if (body instanceof Blob) {
    const { size, type } = body;
    if (size === 0) return NONE;
    return { stream: body.stream(), length: size, ...(type === '' ? {} : { contentType: type }) };
  }
  if (isFormData(body)) return ofForm(body);
  if (isAsyncIterable(body)) return { stream: body };
  if (isIterable(body)) return { stream: piecesOf(body) };
  if (isOldStream(body)) return { stream: new Readable().wrap(body) };
  throw noBody();
}

/** What is told while a body is sent. */
export interface SendingEvents {
  /** Called when a piece has been taken, to be sent. */
  sent(piece: Uint8Array): void;
  /** Called when the body has been taken to its end. */
  ended(): void;
  /** Called with what the source threw. */
  failed(error: unknown): void;
}

/** The pieces of a streamed body as the client takes them, each told of, text as UTF-8. */
export class BodyPieces implements AsyncIterableIterator<Uint8Array> {
  readonly #stream: Stream<unknown>;
  readonly #length: number | undefined;
  readonly #events: SendingEvents;
  readonly #begin: Promise<void> | undefined;
  #taken = 0;
  #stopped = false;

  /**
   * @param length what the head says of it, in bytes; a stream of another length fails.
   * @param begin the first piece is not asked for before this.
   */
  constructor(
    body: AsyncIterable<unknown>,
    length: number | undefined,
    events: SendingEvents,
    begin?: Promise<void>,
  ) {
    this.#stream = openStream(body);
    this.#length = length;
    this.#events = events;
    this.#begin = begin;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    try {
      await this.#begin;
      const result = await this.#stream.next();
      if (result.done === true) return this.#end();
      const piece = asBytes(result.value);
      this.#taken += piece.length;
      if (this.#length !== undefined && this.#taken > this.#length) throw mismatch();
      this.#events.sent(piece);
      return { done: false, value: piece };
    } catch (error) {
      if (!this.#stopped) this.#events.failed(error);
      this.stop();
      throw error;
    }
  }

  /** Nothing further is wanted. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#stream.stop();
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.stop();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #end(): IteratorResult<Uint8Array> {
    if (this.#length !== undefined && this.#taken !== this.#length) throw mismatch();
    this.#events.ended();
    return { done: true, value: undefined };
  }
}

/** The error of a body that is not as long as `content-length` says. */
export function mismatch(): Error {
  return invalidArgument(
    'Request body length does not match content-length header',
    'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  );
}

function ofBytes(bytes: Uint8Array): RequestBody {
  return bytes.length === 0 ? NONE : { whole: bytes };
}

/** The platform knows how to print a form. That of another copy of undici becomes one of its own. */
function ofForm(form: FormLike): RequestBody {
  const own = new FormData();
  for (const [name, value] of form) {
    if (typeof value === 'string') own.append(name, value);
    else own.append(name, value, value.name);
  }
  const printed = new Response(own);
  const contentType = printed.headers.get('content-type');
  if (printed.body === null || contentType === null) throw noBody();
  return { stream: printed.body, contentType };
}

async function* piecesOf(body: Iterable<unknown>): AsyncGenerator<unknown> {
  yield* body;
}

/** A piece of a body as bytes; text as UTF-8. */
export function asBytes(piece: unknown): Uint8Array {
  if (typeof piece === 'string') return Buffer.from(piece);
  if (piece instanceof Uint8Array) return piece;
  throw new TypeError('a piece of a body is a string or a Uint8Array');
}

function noBody(): Error {
  return invalidArgument(
    'body must be a string, a Buffer, a Readable stream, an iterable, or an async iterable',
  );
}

type FormLike = Iterable<readonly [name: string, value: string | File]>;

function isFormData(body: object): body is FormLike {
  return Symbol.toStringTag in body && body[Symbol.toStringTag] === 'FormData' && isIterable(body);
}

function isAsyncIterable(body: object): body is AsyncIterable<unknown> {
  return Symbol.asyncIterator in body;
}

function isIterable(body: object): body is Iterable<unknown> {
  return Symbol.iterator in body;
}

function isOldStream(body: object): body is NodeJS.ReadableStream {
  return 'pipe' in body && typeof body.pipe === 'function' && 'on' in body;
}
