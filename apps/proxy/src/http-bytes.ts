import type { ResponseInit } from '@tp/http';
import { Fields } from '@tp/wire';
import type { OutgoingRequest } from './exchange.ts';

/** What is around names and values: `HTTP/1.1`, spaces and ends of lines, `: ` and the end of each field. */
const AROUND_LINE = 16;
const AROUND_FIELD = 4;

/** About how many bytes the head of a request takes as HTTP/1.1. */
export function headBytes({
  method,
  path,
  headers,
}: Pick<OutgoingRequest, 'method' | 'path' | 'headers'>): number {
  return method.length + path.length + AROUND_LINE + fieldBytes(headers.raw);
}

/** The same with its body, as far as the body's length is known before it has passed. */
export function requestBytes(request: OutgoingRequest): number {
  const { body, declaredLength } = request;
  return headBytes(request) + (body instanceof Uint8Array ? body.length : (declaredLength ?? 0));
}

/**
 * Tells `count` how many bytes a response takes as HTTP/1.1: at once, and piece by piece where nobody
 * knows how long its body is.
 *
 * @returns the response to pass on instead.
 */
export function countResponse(
  response: ResponseInit,
  count: (bytes: number) => void,
): ResponseInit {
  const { body } = response;
  const headers = Fields.from(response.headers);
  const head = AROUND_LINE + fieldBytes(headers.raw);
  if (body === undefined || body === null) count(head);
  else if (typeof body === 'string' || body instanceof Uint8Array) {
    count(head + Buffer.byteLength(body));
  } else {
    const declared = headers.get('content-length');
    count(head + Number(declared ?? 0));
    if (declared === undefined) return { ...response, body: counted(body, count) };
  }
  return response;
}

function fieldBytes(raw: readonly string[]): number {
  let bytes = (raw.length / 2) * AROUND_FIELD;
  for (const text of raw) bytes += text.length;
  return bytes;
}

/** Without a function that waits: one more for each piece would cost more than the count. */
function counted(
  body: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const pieces = body[Symbol.asyncIterator]();
      const note = (step: IteratorResult<Uint8Array>): IteratorResult<Uint8Array> => {
        if (step.done !== true) count(step.value.length);
        return step;
      };
      return {
        next: () => pieces.next().then(note),
        return: (value: unknown) =>
          pieces.return?.(value) ?? Promise.resolve({ done: true, value: undefined }),
      };
    },
  };
}
