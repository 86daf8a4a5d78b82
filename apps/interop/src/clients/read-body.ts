import type { Asked } from './client.ts';

/** Reads a response's body to its end, unless the client is to leave it when it has begun. */
export async function readBody(
  body: AsyncIterable<Uint8Array>,
  { leaveInBody }: Asked,
  leaving: AbortController,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) {
    pieces.push(piece);
    if (leaveInBody === true) leaving.abort();
  }
  return Buffer.concat(pieces);
}
