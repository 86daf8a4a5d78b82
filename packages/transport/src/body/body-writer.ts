import { type Fields, MAX_DATA, TpError } from '@tp/wire';
import { Fifo } from '../fifo.ts';
import type { BodyFlight } from './flight.ts';
import type { ReadsAhead, SendBuffer } from './send-buffer.ts';

/** What a writer tells the exchange that it belongs to. */
export interface BodyWriterOwner {
  /** There is something to send, or the end to say. */
  writable(): void;
  /** The source has failed: the exchange cannot be completed. */
  sourceFailed(error: TpError): void;
}

/** What goes out next: a piece, the end with it, or trailers as the end. */
interface Slice {
  readonly bytes: Uint8Array;
  readonly last: boolean;
  readonly trailers: Fields | undefined;
}

const EMPTY = new Uint8Array(0);

/** Where so many pieces wait together, those below this size go together. */
const MANY = 16;
const SMALL = 4 * 1024;

/** A body that is read from its source as the peer grants credit, a little ahead of it. */
export class BodyWriter implements ReadsAhead {
  /** What the stream may send, and what is under way. */
  readonly flight: BodyFlight;
  /** Whether the link has this writer in its round. */
  queued = false;
  readonly #owner: BodyWriterOwner;
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #trailers: (() => Fields) | undefined;
  readonly #buffer: SendBuffer;
  readonly #pieces = new Fifo<Uint8Array>();
  #offset = 0;
  #held = 0;
  #reading = false;
  #ended = false;
  #closed = false;

  constructor(
    owner: BodyWriterOwner,
    source: AsyncIterable<Uint8Array>,
    trailers: (() => Fields) | undefined,
    flight: BodyFlight,
    buffer: SendBuffer,
  ) {
    this.#owner = owner;
    this.#source = opened(source);
    this.#trailers = trailers;
    this.flight = flight;
    this.#buffer = buffer;
    this.#read();
  }

  /** Bytes that were read from the source and not yet sent. */
  get held(): number {
    return this.#held;
  }

  /** Whether the end was sent, or nothing further is wanted. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether there is something that the credit allows to be sent. */
  get ready(): boolean {
    return (
      !this.#closed &&
      ((this.#held > 0 && this.flight.credit > 0) || (this.#ended && this.#held === 0))
    );
  }

  /** The next piece, sent at `now`: at most one data record, the stream's credit, and `allowed` (the link's). */
  take(allowed: number, now: number): Slice {
    const piece = this.#pieces.peek();
    if (piece === undefined) {
      this.#close();
      const trailers = this.#trailers?.();
      return { bytes: EMPTY, last: true, trailers: trailers?.size === 0 ? undefined : trailers };
    }
    const most = Math.min(MAX_DATA, this.flight.credit, allowed);
    const bytes = this.#shift(piece, most);
    this.#let(bytes.length);
    this.flight.send(bytes.length, now);
    const last = this.#ended && this.#held === 0 && this.#trailers === undefined;
    if (last) this.#close();
    this.#read();
    return { bytes, last, trailers: undefined };
  }

  /** Takes up to `most` bytes; small pieces that wait together become one (a record each is dear to both sides). */
  #shift(piece: Uint8Array, most: number): Uint8Array {
    const rest = piece.length - this.#offset;
    if (rest >= SMALL || rest >= most || this.#pieces.length < MANY) return this.#cut(piece, most);
    const gathered = new Uint8Array(Math.min(most, this.#held));
    for (let at = 0; at < gathered.length; ) {
      const next = this.#pieces.peek();
      if (next === undefined) break;
      const part = this.#cut(next, gathered.length - at);
      gathered.set(part, at);
      at += part.length;
    }
    return gathered;
  }

  /** Up to `most` bytes of the first piece. */
  #cut(piece: Uint8Array, most: number): Uint8Array {
    const end = Math.min(piece.length, this.#offset + most);
    const bytes = piece.subarray(this.#offset, end);
    this.#offset = end;
    if (end === piece.length) {
      this.#pieces.shift();
      this.#offset = 0;
    }
    return bytes;
  }

  /** Nothing further is wanted: the source is told. */
  stop(): void {
    if (this.#closed) return;
    this.#close();
    while (this.#pieces.shift() !== undefined);
    this.#let(this.#held);
    if (!this.#ended) closeSource(this.#source);
  }

  /** The link's buffer has room again. */
  readOn(): void {
    this.#read();
  }

  #close(): void {
    this.#closed = true;
    this.flight.end();
    this.#buffer.leave(this);
  }

  /** Bytes that were read ahead are held no more. */
  #let(bytes: number): void {
    if (bytes === 0) return;
    this.#held -= bytes;
    this.#buffer.remove(bytes);
  }

  #read(): void {
    if (this.#reading || this.#ended || this.#closed || !this.#buffer.mayRead(this)) return;
    this.#reading = true;
    try {
      this.#source.next().then(this.#onRead, this.#onError);
    } catch (cause) {
      Promise.reject(cause).catch(this.#onError);
    }
  }

  readonly #onRead = (result: IteratorResult<Uint8Array>): void => {
    this.#reading = false;
    if (this.#closed) return;
    if (result.done === true) this.#ended = true;
    else if (!(result.value instanceof Uint8Array)) {
      this.#onError(new TypeError('a body stream gave something that is not a Uint8Array'));
      return;
    } else if (result.value.length > 0) {
      this.#pieces.push(result.value);
      this.#held += result.value.length;
      this.#buffer.add(result.value.length);
    }
    this.#read();
    if (this.ready) this.#owner.writable();
  };

  readonly #onError = (cause: unknown): void => {
    this.#reading = false;
    if (this.#closed) return;
    this.#ended = true;
    this.stop();
    this.#owner.sourceFailed(
      new TpError({
        code: 'CANCEL',
        message: `the source of a body failed: ${cause instanceof Error ? cause.message : String(cause)}`,
        cause,
      }),
    );
  };
}

/** The source's iterator; one that fails at once when there is none (a stream that is locked). */
function opened(source: AsyncIterable<Uint8Array>): AsyncIterator<Uint8Array> {
  try {
    return source[Symbol.asyncIterator]();
  } catch (cause) {
    return { next: () => Promise.reject(cause) };
  }
}

/** Tells a source that nothing further is wanted; how it takes that is nobody's concern any more. */
function closeSource(source: AsyncIterator<Uint8Array>): void {
  try {
    source.return?.()?.catch?.(() => {});
  } catch {
    // It has ended either way.
  }
}
