import { type ErrorCode, type Processed, TpError } from '@tp/wire';
import { Fifo } from '../fifo.ts';
import type { RateLimit } from '../rate-limit.ts';
import type { ReceiveWindow } from './receive-window.ts';

/** What a reader asks of the link: credit for what was read, and the end of the exchange when nobody reads on. */
export interface BodyReaderOwner {
  /** What is true of the request if the exchange fails now. */
  readonly processed: Processed;
  /** Bytes have been read (or dropped) and may be granted again. */
  consumed(bytes: number): void;
  /** The user has stopped reading before the end. */
  abandoned(): void;
}

interface Waiting {
  resolve(result: IteratorResult<Uint8Array>): void;
  reject(error: unknown): void;
}

/** Where so many pieces wait, those below this size are gathered, up to the last size, in bytes. */
const MANY = 16;
const SMALL = 4 * 1024;
const GATHERED = 16 * 1024;

const DONE: IteratorResult<Uint8Array> = { done: true, value: undefined };

/** A body that arrives in pieces, as an async iterator. Holds at most the stream's window. */
export class BodyReader implements AsyncIterableIterator<Uint8Array> {
  /** The stream's credit. */
  readonly window: ReceiveWindow;
  /** Whether the link has noted that there is credit to give back. */
  granting = false;
  /** Bytes that wait to be read and hold back the link's credit no longer: it was given back for them. */
  lent = 0;
  /** What small pieces it may still get; made when one comes. */
  small: RateLimit | undefined;
  /** All bytes that have come. */
  received = 0;
  /** Whether the peer has said that nothing follows. */
  complete = false;
  /** Whether its user has stopped reading before the end. */
  left = false;
  readonly #owner: BodyReaderOwner;
  readonly #maxCollected: number;
  readonly #pieces = new Fifo<Uint8Array>();
  /** The last piece that waits, while it takes in small ones: so much of it is filled. */
  #tail: Uint8Array | undefined;
  #filled = 0;
  #held = 0;
  #released = false;
  #error: TpError | undefined;
  #waiting: Waiting | undefined;

  /** @param maxCollected what `collect` gathers at most, in bytes. */
  constructor(owner: BodyReaderOwner, window: ReceiveWindow, maxCollected: number) {
    this.#owner = owner;
    this.window = window;
    this.#maxCollected = maxCollected;
  }

  /** Whether nothing that comes is wanted: the body is complete, or nobody reads on. */
  get ended(): boolean {
    return this.complete || this.#error !== undefined;
  }

  /** Bytes that have come and wait to be read. */
  get held(): number {
    return this.#held;
  }

  /** Whether its user waits for bytes that have not come. */
  get starving(): boolean {
    return this.#waiting !== undefined;
  }

  /**
   * A piece has come. One that has to wait is copied, so that it does not keep the whole batch
   * that brought it in memory; small ones are gathered, so that a byte costs no more than a byte.
   */
  push(bytes: Uint8Array, start: number, end: number): void {
    this.received += end - start;
    if (this.#waiting !== undefined) {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      this.#owner.consumed(end - start);
      waiting.resolve({ done: false, value: bytes.subarray(start, end) });
      return;
    }
    this.#held += end - start;
    if (end - start < SMALL && this.#pieces.length >= MANY) this.#gather(bytes, start, end);
    else {
      this.#flushTail();
      this.#pieces.push(bytes.slice(start, end));
    }
  }

  #gather(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#filled + end - start;
    let tail = this.#tail;
    if (tail === undefined || length > tail.length) {
      if (length > GATHERED) {
        this.#flushTail();
        this.#gather(bytes, start, end);
        return;
      }
      // The first is often the only one.
      const grown = new Uint8Array(tail === undefined ? length : Math.min(GATHERED, length * 2));
      if (tail !== undefined) grown.set(tail.subarray(0, this.#filled));
      tail = grown;
      this.#tail = grown;
    }
    tail.set(bytes.subarray(start, end), this.#filled);
    this.#filled = length;
  }

  #flushTail(): void {
    if (this.#tail !== undefined) this.#pieces.push(this.#tail.subarray(0, this.#filled));
    this.#tail = undefined;
    this.#filled = 0;
  }

  /** The body is complete. */
  finish(): void {
    this.complete = true;
    this.#waiting?.resolve(DONE);
    this.#waiting = undefined;
  }

  /** The body will not be complete. What waits to be read is dropped. */
  fail(error: TpError): void {
    if (this.ended) return;
    this.#error = error;
    this.#drop();
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  /**
   * The exchange has ended: what waits to be read stays readable, but holds back the link's credit
   * no longer, so that a body which nobody reads cannot stop others.
   */
  release(): void {
    if (this.#held > 0 && !this.#released) this.#owner.consumed(this.#held);
    this.#released = true;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#pieces.length === 0) this.#flushTail();
    const piece = this.#pieces.shift();
    if (piece !== undefined) {
      this.#held -= piece.length;
      if (!this.#released) this.#owner.consumed(piece.length);
      return Promise.resolve({ done: false, value: piece });
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.complete) return Promise.resolve(DONE);
    if (this.#waiting !== undefined) {
      return Promise.reject(
        this.#failure(
          'INVALID_ARGUMENT',
          'a body is read piece by piece: await one before the next',
        ),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Leaving a `for await` early ends the exchange. */
  return(): Promise<IteratorResult<Uint8Array>> {
    const early = !this.ended;
    this.#drop();
    if (early) {
      this.left = true;
      this.#owner.abandoned();
      this.fail(this.#failure('CANCEL', 'the body was not read to its end'));
    }
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * The whole body.
   *
   * @throws {TpError} BODY_LIMIT past `maxCollected` bytes.
   */
  async collect(): Promise<Uint8Array> {
    const max = this.#maxCollected;
    const pieces: Uint8Array[] = [];
    let length = 0;
    for await (const piece of this) {
      length += piece.length;
      if (length > max) {
        throw this.#failure(
          'BODY_LIMIT',
          `a body is longer than the ${max} bytes that are gathered; read it piece by piece, or raise maxBufferedBodyBytes`,
        );
      }
      pieces.push(piece);
    }
    return pieces.length === 1 && pieces[0] !== undefined
      ? pieces[0]
      : Buffer.concat(pieces, length);
  }

  #failure(code: ErrorCode, message: string): TpError {
    return new TpError({ code, message, processed: this.#owner.processed });
  }

  #drop(): void {
    if (this.#held > 0 && !this.#released) this.#owner.consumed(this.#held);
    this.#held = 0;
    this.#tail = undefined;
    this.#filled = 0;
    while (this.#pieces.shift() !== undefined);
  }
}
