import { Readable } from 'node:stream';
import { Fields, type FieldsInit, isTpError, TpError } from '@tp/wire';
import { lengthFlaw, NO_LENGTH } from './content-length.ts';

/** What is known of a streamed body before it is read. */
export interface BodySourceInit {
  /** The length that the head declares, in bytes, or `NO_LENGTH`. */
  readonly declared: number;
  /** Asked for once the stream has ended. */
  readonly trailers?: (() => FieldsInit) | undefined;
  /** Told of what the stream or `trailers` threw that is no `TpError`. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** A stream of pieces that can be stopped at any time. */
export interface Stream<T> {
  next(): Promise<IteratorResult<T>>;
  stop(): void;
}

/**
 * A body to send piece by piece. It stops a Node or web stream at once when it is not wanted any
 * more, also before its first piece (their own iterators wait for a pending read first), counts
 * against the declared length, and asks for the trailers when it has ended.
 */
export class BodySource implements AsyncIterableIterator<Uint8Array> {
  readonly #stream: Stream<Uint8Array>;
  readonly #init: BodySourceInit;
  #length = 0;
  #stopped = false;
  #trailers = Fields.empty;

  /** @throws {TpError} INVALID_ARGUMENT when `body` is nothing to read from. */
  constructor(body: AsyncIterable<Uint8Array>, init: BodySourceInit) {
    this.#stream = openStream(body);
    this.#init = init;
  }

  /** The fields after the body, once it has been read to its end. */
  get trailers(): Fields {
    return this.#trailers;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    try {
      const result = await this.#stream.next();
      if (this.#stopped) return { done: true, value: undefined };
      this.#check(result);
      return result;
    } catch (error) {
      if (!this.#stopped && !isTpError(error)) this.#init.onError?.(error);
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

  #check(result: IteratorResult<Uint8Array>): void {
    const { declared, trailers } = this.#init;
    const done = result.done === true;
    if (!done) this.#length += result.value.length;
    const wrong = done ? this.#length !== declared : this.#length > declared;
    if (declared !== NO_LENGTH && wrong) {
      throw invalid(lengthFlaw(declared, this.#length, done));
    }
    if (done && trailers !== undefined) this.#trailers = Fields.from(trailers());
  }
}

/** Ends a body that will not be sent. */
export function stopBody(body: AsyncIterable<Uint8Array>): void {
  openStream(body).stop();
}

/** Opens a body: a Node or web stream is stopped at once, also while a piece of it is waited for. */
export function openStream<T>(body: AsyncIterable<T>): Stream<T> {
  if (isWebStream(body)) {
    if (body.locked) throw invalid('the body is a ReadableStream that something else reads');
    const reader = body.getReader();
    return {
      async next() {
        const { done, value } = await reader.read();
        return done ? { done, value: undefined } : { done, value };
      },
      stop: () => void reader.cancel().catch(ignore),
    };
  }
  if (typeof body[Symbol.asyncIterator] !== 'function') {
    throw invalid('a body is a string, a Uint8Array, or an async iterable of Uint8Array');
  }
  const iterator = body[Symbol.asyncIterator]();
  if (body instanceof Readable) {
    // An error that comes before the first read has no other listener; the first read reports it.
    body.on('error', ignore);
    return { next: () => iterator.next(), stop: () => void body.destroy() };
  }
  return {
    next: () => iterator.next(),
    stop: () => void Promise.resolve(iterator.return?.()).catch(ignore),
  };
}

function isWebStream<T>(body: AsyncIterable<T>): body is ReadableStream<T> {
  return body instanceof ReadableStream;
}

function invalid(message: string): TpError {
  return new TpError({ code: 'INVALID_ARGUMENT', message });
}

function ignore(): void {}
