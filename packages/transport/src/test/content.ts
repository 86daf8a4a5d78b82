import { createHash } from 'node:crypto';

/** Bytes that look like text to a compressor, the same each time. */
export function content(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    if (i % 7 === 0) state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = 97 + (((state >>> 16) + i) % 23);
  }
  return bytes;
}

/** Bytes that no compressor makes smaller, the same each time. */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    bytes[i] = (state ^ (state >>> 13)) & 0xff;
  }
  return bytes;
}

/** Pieces of a body, as a source that keeps count of what was taken from it. */
export class Source implements AsyncIterable<Uint8Array> {
  /** Bytes that were taken. */
  taken = 0;
  /** Whether whoever read it has said that no more is wanted. */
  returned = false;
  readonly #length: number;
  readonly #piece: Uint8Array;

  constructor(length: number, piece = 16 * 1024) {
    this.#length = length;
    this.#piece = content(piece);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: async () => {
        const length = Math.min(this.#piece.length, this.#length - this.taken);
        if (length === 0) return { done: true, value: undefined };
        this.taken += length;
        return { done: false, value: this.#piece.subarray(0, length) };
      },
      return: async () => {
        this.returned = true;
        return { done: true, value: undefined };
      },
    };
  }
}

/** One after the other. */
export async function* pieces(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}

export function sha(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
