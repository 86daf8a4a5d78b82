const PIECE = new Uint8Array(64 * 1024);

/** A body of so many bytes that costs nothing to make. */
export async function* zeros(length: number): AsyncGenerator<Uint8Array> {
  for (let left = length; left > 0; left -= PIECE.length) {
    yield left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
  }
}
