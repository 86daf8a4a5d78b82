import type { TpError } from '@tp/wire';
import { bodyPassed } from './young-garbage.ts';

/** A body on its way from a socket to one reader. */
export interface BodyQueue extends AsyncIterable<Uint8Array> {
  push(bytes: Uint8Array): void;
  /** No more will come. */
  end(): void;
  /** The reader gets what is queued, then this error. */
  fail(error: TpError): void;
}

/** What the queue asks of the socket that fills it. */
export interface BodySource {
  pause(): void;
  resume(): void;
  /** The reader left before the end. */
  abandon(): void;
}

/** Bytes in the queue past which the source is paused; it goes on when the queue is empty. */
const BODY_QUEUE_BYTES = 256 * 1024;

/** Makes a queue that one reader empties. */
export function createBodyQueue(source: BodySource): BodyQueue {
  return new Queue(source);
}

type Step = IteratorResult<Uint8Array, undefined>;
const DONE: Step = { done: true, value: undefined };

class Queue implements BodyQueue, AsyncIterator<Uint8Array, undefined> {
  readonly #source: BodySource;
  readonly #pieces: Uint8Array[] = [];
  #bytes = 0;
  #paused = false;
  #ended = false;
  #error: TpError | undefined;
  #waiting: { resolve: (step: Step) => void; reject: (error: TpError) => void } | undefined;

  constructor(source: BodySource) {
    this.#source = source;
  }

  push(bytes: Uint8Array): void {
    if (this.#ended) return;
    bodyPassed(bytes.length);
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      this.#waiting = undefined;
      waiting.resolve({ done: false, value: bytes });
      return;
    }
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= BODY_QUEUE_BYTES && !this.#paused) {
      this.#paused = true;
      this.#source.pause();
    }
  }

  end(): void {
    this.#ended = true;
    this.#waiting?.resolve(DONE);
    this.#waiting = undefined;
  }

  fail(error: TpError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return this;
  }

  next(): Promise<Step> {
    const piece = this.#pieces.shift();
    if (piece !== undefined) {
      this.#bytes -= piece.length;
      if (this.#paused && this.#bytes === 0) {
        this.#paused = false;
        this.#source.resume();
      }
      return Promise.resolve({ done: false, value: piece });
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  return(): Promise<Step> {
    const over = this.#ended;
    this.#pieces.length = 0;
    this.#bytes = 0;
    this.end();
    if (!over) this.#source.abandon();
    return Promise.resolve(DONE);
  }
}
