import { TpError } from '@tp/wire';

/** Most bytes that are collected. */
const MAX_BUFFERED = 4 * 1024 * 1024;

/**
 * All of a request's body in one piece.
 *
 * @throws {TpError} BODY_LIMIT, processed "no", past 4 MiB.
 */
export async function wholeBody(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > MAX_BUFFERED) {
      throw new TpError({
        code: 'BODY_LIMIT',
        processed: 'no',
        message: `the request body is longer than ${MAX_BUFFERED} bytes`,
      });
    }
  }
  const only = pieces[0];
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces, bytes);
}
