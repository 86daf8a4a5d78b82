import type { OutgoingStream } from '@tp/transport';
import { type FieldsInit, MAX_INLINE_BODY, TpError } from '@tp/wire';
import type { Body } from '../types.ts';
import { BodySource, type BodySourceInit } from './body-source.ts';
import { BAD_LENGTH, lengthFlaw, NO_LENGTH } from './content-length.ts';

/** A body as the transport takes it: whole with its head, or a stream. */
export interface OutgoingBody {
  readonly whole: Uint8Array | undefined;
  readonly stream: OutgoingStream | undefined;
  /** Where the stream comes from, to stop it if it is never sent. */
  readonly source: BodySource | undefined;
}

const NO_BODY: OutgoingBody = { whole: undefined, stream: undefined, source: undefined };

/**
 * Decides how a body travels: text and bytes up to 64 KiB with their head (W-040), anything else
 * piece by piece.
 *
 * @param declared what the head says of the length, in bytes; see `declaredLength`.
 * @param onError is told of what a stream throws while it is sent.
 * @throws {TpError} INVALID_ARGUMENT, processed "no", when the body is none, or not as long as declared.
 */
export function outgoingBody(
  body: Body | null | undefined,
  trailers: (() => FieldsInit) | undefined,
  declared: number,
  onError?: (error: unknown) => void,
): OutgoingBody {
  if (body === null || body === undefined) {
    if (declared > 0 || declared === BAD_LENGTH) throw contradiction(declared, 0);
    return trailers === undefined ? NO_BODY : streamed(pieces(), { declared, trailers, onError });
  }
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
    if (declared === BAD_LENGTH) throw contradiction(declared, 0);
    return streamed(body, { declared, trailers, onError });
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  if (declared !== NO_LENGTH && declared !== bytes.length) {
    throw contradiction(declared, bytes.length);
  }
  if (trailers === undefined && bytes.length <= MAX_INLINE_BODY)
    return { whole: bytes, stream: undefined, source: undefined };
  return streamed(pieces(bytes), { declared, trailers, onError });
}

function streamed(body: AsyncIterable<Uint8Array>, init: BodySourceInit): OutgoingBody {
  const source = new BodySource(body, init);
  const trailers = init.trailers === undefined ? undefined : () => source.trailers;
  return { whole: undefined, stream: { source, trailers }, source };
}

function contradiction(declared: number, found: number): TpError {
  return new TpError({
    code: 'INVALID_ARGUMENT',
    message: lengthFlaw(declared, found),
    processed: 'no',
  });
}

async function* pieces(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}
