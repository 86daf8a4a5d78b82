import { MAX_INLINE_BODY } from '@tp/wire';

type Reader = ReadableStreamDefaultReader<Uint8Array>;
type Read = Awaited<ReturnType<Reader['read']>>;

/**
 * How many steps of promises a piece may take to count as being there. A `Response` made of text or
 * bytes has its end within three, and none of these steps waits for anything outside.
 */
const STEPS = 8;

/**
 * Takes a response's body: whole where all of it is there already and it has at most 64 KiB, else as
 * pieces, of which the first may have been read.
 *
 * @returns nothing where the body is empty.
 * @throws what the stream failed with before its first piece.
 */
export async function gather(
  stream: ReadableStream<Uint8Array>,
): Promise<Uint8Array | AsyncIterable<Uint8Array> | null> {
  const reader = stream.getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  while (size <= MAX_INLINE_BODY) {
    const pending = reader.read();
    const read = await soon(pending, pieces.length === 0);
    if (read === undefined) return new RemainingPieces(reader, pieces, pending);
    if (read.done) return whole(pieces, size);
    pieces.push(bytesOf(read.value));
    size += read.value.length;
  }
  return new RemainingPieces(reader, pieces, undefined);
}

/** What a promise resolves with within a few steps; undefined where it takes longer. */
async function soon(pending: Promise<Read>, isFirst: boolean): Promise<Read | undefined> {
  let isSettled = false;
  let hasFailed = false;
  pending.then(
    () => {
      isSettled = true;
    },
    () => {
      hasFailed = true;
    },
  );
  for (let step = 0; step < STEPS && !isSettled && !hasFailed; step++) await undefined;
  // A failure behind the first piece is for whoever reads on to meet.
  return isSettled || (hasFailed && isFirst) ? pending : undefined;
}

function whole(pieces: readonly Uint8Array[], size: number): Uint8Array | null {
  if (size === 0) return null;
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces, size);
}

/** @throws {TypeError} for what is no bytes, as fetch has it. */
function bytesOf(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  throw new TypeError(`a response's body gave ${typeof piece}; expected Uint8Array`);
}

/** The pieces that were read, the read that is under way, and all that follows. */
class RemainingPieces implements AsyncIterableIterator<Uint8Array> {
  readonly #reader: Reader;
  readonly #pieces: Uint8Array[];
  #pending: Promise<Read> | undefined;

  constructor(reader: Reader, pieces: Uint8Array[], pending: Promise<Read> | undefined) {
    this.#reader = reader;
    this.#pieces = pieces;
    this.#pending = pending;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const piece = this.#pieces.shift();
    if (piece !== undefined) return { done: false, value: piece };
    const pending = this.#pending ?? this.#reader.read();
    this.#pending = undefined;
    const { done, value } = await pending;
    return done ? { done, value: undefined } : { done, value: bytesOf(value) };
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.#reader.cancel().catch(() => {});
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
