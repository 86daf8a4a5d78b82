import type { IncomingMessage } from 'node:http';

type Piece = IteratorResult<Uint8Array>;

/**
 * The body of an `IncomingMessage`, read no faster than it is asked for. To leave it early ends the
 * reading alone: its connection goes on.
 */
export class IncomingPieces implements AsyncIterableIterator<Uint8Array> {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #asError: (cause: unknown) => Error;

  /** @param asError makes an error of what the message fails with. */
  constructor(incoming: IncomingMessage, asError: (cause: unknown) => Error) {
    this.#pieces = incoming.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
    this.#asError = asError;
  }

  async next(): Promise<Piece> {
    try {
      return await this.#pieces.next();
    } catch (error) {
      throw this.#asError(error);
    }
  }

  return(): Promise<Piece> {
    this.#pieces.return?.().catch(() => {});
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
