interface Waiting {
  resolve(result: IteratorResult<Uint8Array>): void;
  reject(error: Error): void;
}

const DONE: IteratorResult<Uint8Array> = { done: true, value: undefined };

/** Pieces that one side puts in and the other takes out as an async iterable. */
export class PieceQueue implements AsyncIterableIterator<Uint8Array> {
  readonly #pieces: Uint8Array[] = [];
  readonly #onEmpty: () => void;
  readonly #onStop: () => void;
  #size = 0;
  #ended = false;
  #error: Error | undefined;
  #waiting: Waiting | undefined;

  /**
   * @param onEmpty is called each time the last piece has been taken.
   * @param onStop is called when nothing further is wanted.
   */
  constructor(onEmpty: () => void, onStop: () => void) {
    this.#onEmpty = onEmpty;
    this.#onStop = onStop;
  }

  /** Bytes that wait. */
  get size(): number {
    return this.#size;
  }

  push(piece: Uint8Array): void {
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#pieces.push(piece);
      this.#size += piece.length;
      return;
    }
    this.#waiting = undefined;
    waiting.resolve({ done: false, value: piece });
  }

  end(): void {
    this.#ended = true;
    this.#waiting?.resolve(DONE);
    this.#waiting = undefined;
  }

  fail(error: Error): void {
    if (this.#ended) return;
    this.#error ??= error;
    this.#waiting?.reject(this.#error);
    this.#waiting = undefined;
  }

  /** All that waits, as one piece. */
  takeAll(): Uint8Array {
    const all = Buffer.concat(this.#pieces, this.#size);
    this.#pieces.length = 0;
    this.#size = 0;
    return all;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const value = this.#pieces.shift();
    if (value !== undefined) {
      this.#size -= value.length;
      if (this.#pieces.length === 0) this.#onEmpty();
      return Promise.resolve({ done: false, value });
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.#onStop();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
