import { type Fields, type Processed, TpError } from '@tp/wire';
import type { IncomingBody } from '../types.ts';
import { lengthFlaw } from './content-length.ts';

const utf8 = new TextDecoder();

/**
 * A body that arrives in pieces, held to the length that its head declared: one that turns out
 * longer or ends shorter fails with `BODY_LENGTH` where it is read.
 */
export class CheckedBody implements IncomingBody {
  readonly #inner: IncomingBody;
  readonly #declared: number;
  readonly #processed: Processed;
  #pieces: CountedPieces | undefined;

  constructor(inner: IncomingBody, declared: number, processed: Processed) {
    this.#inner = inner;
    this.#declared = declared;
    this.#processed = processed;
  }

  get trailers(): Fields | undefined {
    return this.#inner.trailers;
  }

  get body(): AsyncIterable<Uint8Array> {
    return (this.#pieces ??= new CountedPieces(
      this.#inner.body[Symbol.asyncIterator](),
      this.#declared,
      this.#processed,
    ));
  }

  async bytes(): Promise<Uint8Array> {
    const bytes = await this.#inner.bytes();
    if (bytes.length !== this.#declared) {
      throw lengthError(this.#declared, bytes.length, true, this.#processed);
    }
    return bytes;
  }

  async text(): Promise<string> {
    return utf8.decode(await this.bytes());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
}

/** The error of a body that is not as long as its head declared. */
export function lengthError(
  declared: number,
  found: number,
  ended: boolean,
  processed: Processed,
): TpError {
  return new TpError({
    code: 'BODY_LENGTH',
    message: lengthFlaw(declared, found, ended),
    processed,
  });
}

class CountedPieces implements AsyncIterableIterator<Uint8Array> {
  readonly #inner: AsyncIterator<Uint8Array>;
  readonly #declared: number;
  readonly #processed: Processed;
  #length = 0;

  constructor(inner: AsyncIterator<Uint8Array>, declared: number, processed: Processed) {
    this.#inner = inner;
    this.#declared = declared;
    this.#processed = processed;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const result = await this.#inner.next();
    const ended = result.done === true;
    if (!ended) this.#length += result.value.length;
    if (ended ? this.#length === this.#declared : this.#length <= this.#declared) return result;
    void this.return();
    throw lengthError(this.#declared, this.#length, ended, this.#processed);
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#inner.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
