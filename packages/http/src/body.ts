import type { OutgoingStream } from '@tp/transport';
import { type Fields, MAX_INLINE_BODY } from '@tp/wire';
import type { Body } from './types.ts';

/** A body as the transport takes it: whole with its head, or a stream. */
export interface OutgoingBody {
  readonly whole: Uint8Array | undefined;
  readonly stream: OutgoingStream | undefined;
}

const NO_BODY: OutgoingBody = { whole: undefined, stream: undefined };

/**
 * Decides how a body travels: text and bytes up to 64 KiB with their head (W-040), anything else
 * piece by piece.
 */
export function outgoingBody(
  body: Body | null | undefined,
  trailers: (() => Fields) | undefined,
): OutgoingBody {
  if (body === null || body === undefined) {
    return trailers === undefined
      ? NO_BODY
      : { whole: undefined, stream: { source: pieces(), trailers } };
  }
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
    return { whole: undefined, stream: { source: body, trailers } };
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  if (trailers === undefined && bytes.length <= MAX_INLINE_BODY)
    return { whole: bytes, stream: undefined };
  return { whole: undefined, stream: { source: pieces(bytes), trailers } };
}

async function* pieces(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}
