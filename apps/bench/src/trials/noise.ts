const PIECE_BYTES = 64 * 1024;
const PIECES = 64;

/** Made once: more than any window remembers, so that no part of a body is like one before it. */
let made: Uint8Array[] | undefined;

/** A body of so many bytes that no codec makes smaller. Its pieces are its own, as what is read from a file is. */
export async function* noise(length: number): AsyncGenerator<Uint8Array> {
  made ??= Array.from({ length: PIECES }, (_, i) => noisePiece(i + 1));
  for (let left = length, i = 0; left > 0; left -= PIECE_BYTES, i++) {
    const piece = made[i % PIECES];
    if (piece !== undefined) yield piece.slice(0, left);
  }
}

function noisePiece(seed: number): Uint8Array {
  const words = new Uint32Array(PIECE_BYTES / Uint32Array.BYTES_PER_ELEMENT);
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer);
}
