import type { IncomingBody, Request } from '@tp/http';
import { MAX_INLINE_BODY, type Processed, TpError } from '@tp/wire';

/** Whether a response has no body whatever its fields say (RFC 9112 section 6.3). */
export function isBodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304 || status < 200;
}

/**
 * The value of `content-length`.
 *
 * @returns undefined when there is no such field.
 * @throws {TpError} `PROTOCOL` when it is not one plain number (RFC 9110 section 8.6).
 */
export function declaredLength(values: readonly string[]): number | undefined {
  if (values.length === 0) return undefined;
  const value = values[0] ?? '';
  if (values.length > 1 || !/^\d{1,15}$/.test(value)) {
    throw new TpError({
      code: 'PROTOCOL',
      processed: 'no',
      message: 'content-length is not one plain number',
    });
  }
  return Number(value);
}

/** A body as it is passed on; null when there is none. */
export type PassedBody = Uint8Array | AsyncIterable<Uint8Array> | null;

/**
 * Takes a request's body for passing it on: in one piece when it is small, so that it rides in its
 * head's record and can be sent again; else as a stream.
 *
 * @param follows whether pieces of a body are still to come: false when there is no body,
 *   undefined when all there is of it has come with the head.
 * @param waits the client holds its body back until it is asked for (`Expect: 100-continue`), so
 *   that reading it before the request is sent on would wait for ever.
 */
export function takeBody(
  request: Request,
  declared: number | undefined,
  follows: boolean | undefined,
  waits: boolean,
): PassedBody | Promise<PassedBody> {
  if (follows === false) return null;
  if (follows === undefined && declared === undefined) return undeclared(request.bytes());
  if (follows === true && (waits || declared === undefined || declared > MAX_INLINE_BODY)) {
    return request.body;
  }
  return exactly(request.bytes(), declared ?? 0);
}

/**
 * Whether the body of a message from a link is to be passed on piece by piece: pieces are to come,
 * or trailers came after them, or the message does not say, as piece by piece is always right.
 */
export function comesInPieces(message: IncomingBody): boolean {
  return !('receiving' in message) || message.receiving === true || message.trailers !== undefined;
}

function undeclared(bytes: Uint8Array | Promise<Uint8Array>): PassedBody | Promise<PassedBody> {
  if (bytes instanceof Promise) return bytes.then(undeclared);
  return bytes.length === 0 ? null : once(bytes);
}

/** As a stream: what has no declared length is passed on without one, thus chunked. */
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function exactly(
  bytes: Uint8Array | Promise<Uint8Array>,
  declared: number,
): Uint8Array | Promise<Uint8Array> {
  if (bytes instanceof Promise) return bytes.then((all) => exactly(all, declared));
  if (bytes.length === declared) return bytes;
  throw new TpError({
    code: 'BODY_LENGTH',
    processed: 'no',
    message: `the request body has ${bytes.length} bytes, its content-length says ${declared}`,
  });
}

/**
 * Bounds a stream whose length nobody declared. Its iteration throws `BODY_LIMIT` past `maxBytes`,
 * and leaves the stream. No generator: that would pass an early `return()` on only when the next
 * piece has come, which may be never.
 */
export function atMost(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncIterable<Uint8Array> {
  const source = body[Symbol.asyncIterator]();
  let bytes = 0;
  const leave = async (): Promise<IteratorResult<Uint8Array>> => {
    await source.return?.();
    return { done: true, value: undefined };
  };
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    const step = await source.next();
    if (step.done === true) return step;
    bytes += step.value.length;
    if (bytes <= maxBytes) return step;
    await leave();
    throw bodyLimit(maxBytes, 'maybe');
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: leave }) };
}

/** The error of a request whose body is longer than allowed. */
export function bodyLimit(maxBytes: number, processed: Processed): TpError {
  return new TpError({
    code: 'BODY_LIMIT',
    processed,
    message: `the request body is longer than ${maxBytes} bytes`,
  });
}
