import { MAX_INLINE_BODY } from '@tp/wire';
import { openStream, type Stream } from '../body/body-source.ts';
import { asBytes, mismatch } from './request-body.ts';

/** Whether a body of that declared length may ride with its head (W-040). */
export function isShort(length: number | undefined): length is number {
  return length !== undefined && length <= MAX_INLINE_BODY;
}

/**
 * A short streamed body that may be in memory already, as `fetch` gives what was text or bytes: then
 * it can go as a whole. One that lets a turn of the event loop pass is on its way from somewhere, and
 * must not hold back its head.
 */
export class GatheredBody implements AsyncIterableIterator<unknown> {
  readonly #stream: Stream<unknown>;
  readonly #length: number;
  readonly #pieces: Uint8Array[] = [];
  #pending: Promise<IteratorResult<unknown>> | undefined = undefined;

  constructor(body: AsyncIterable<unknown>, length: number) {
    this.#stream = openStream(body);
    this.#length = length;
  }

  /**
   * The whole body, or undefined when it does not come at once: then this is the body, to be read
   * from its beginning.
   *
   * @throws what the source throws, and `UND_ERR_REQ_CONTENT_LENGTH_MISMATCH`.
   */
  async whole(): Promise<Uint8Array | undefined> {
    let timer: NodeJS.Immediate | undefined;
    const turn = new Promise<undefined>((resolve) => {
      timer = setImmediate(resolve, undefined);
    });
    let taken = 0;
    try {
      for (;;) {
        this.#pending = this.#stream.next();
        const result = await Promise.race([this.#pending, turn]);
        if (result === undefined) return undefined;
        if (result.done === true) break;
        const piece = asBytes(result.value);
        this.#pieces.push(piece);
        taken += piece.length;
        if (taken > this.#length) throw mismatch();
      }
    } catch (error) {
      this.stop();
      throw error;
    } finally {
      clearImmediate(timer);
    }
    if (taken !== this.#length) throw mismatch();
    const [first] = this.#pieces;
    return this.#pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.#pieces);
  }

  next(): Promise<IteratorResult<unknown>> {
    const value = this.#pieces.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    const pending = this.#pending ?? this.#stream.next();
    this.#pending = undefined;
    return pending;
  }

  /** Nothing further is wanted. */
  stop(): void {
    this.#stream.stop();
  }

  return(): Promise<IteratorResult<unknown>> {
    this.stop();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
