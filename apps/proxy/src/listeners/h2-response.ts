import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ResponseInit } from '@tp/http';
import { Fields, isTpError, TpError } from '@tp/wire';
import { isBodiless } from '../body.ts';
import { errorAnswer } from '../error-answer.ts';
import type { Refusal } from './front-head.ts';
import { markAnswered } from './h2-answered.ts';
import type { StreamRequest } from './h2-request.ts';
import { listsOf, respondHead } from './h2-response-head.ts';
import { failureFields, ownFields } from './own-answers.ts';

/** How long a client may go on sending a body that nobody reads, in ms, before it is told to stop. */
const LINGER_MS = 2_000;

/**
 * Writes a response. A body that breaks off, or is not as long as declared, resets the stream.
 *
 * @throws {TpError} `UPSTREAM` before anything is written, when the response is not legal.
 */
export async function writeStreamResponse(
  stream: ServerHttp2Stream,
  request: StreamRequest,
  init: ResponseInit,
): Promise<void> {
  const status = init.status ?? 200;
  const fields = Fields.from(init.headers);
  const given = isBodiless(request.method, status) ? null : (init.body ?? null);
  const body = typeof given === 'string' ? Buffer.from(given) : given;
  const declared = fields.get('content-length');
  if (stream.closed) {
    drop(body);
    return;
  }
  try {
    respondHead(stream, status, fields, {
      endStream: body === null,
      waitForTrailers: body !== null && init.trailers !== undefined,
    });
  } catch (error) {
    drop(body);
    const message = 'the response cannot be passed on: its head is not legal in HTTP/2';
    throw new TpError({ code: 'UPSTREAM', message, cause: error });
  }
  if (body === null) {
    finish(stream, request.bodyCaredFor);
    return;
  }
  const { trailers } = init;
  if (trailers !== undefined) {
    stream.once('wantTrailers', () => {
      try {
        stream.sendTrailers(listsOf(Fields.from(trailers())));
      } catch {
        breakOff(stream);
      }
    });
  }
  let sent = 0;
  try {
    for await (const piece of body instanceof Uint8Array ? [body] : body) {
      if (stream.closed) return;
      sent += piece.length;
      if (!stream.write(piece)) await drained(stream);
    }
    if (declared !== undefined && sent !== Number(declared)) {
      breakOff(stream);
    } else {
      finish(stream, request.bodyCaredFor);
    }
  } catch {
    breakOff(stream);
  }
}

/** Answers a request that is not passed on. */
export function writeStreamRefusal(
  stream: ServerHttp2Stream,
  { status, code, why }: Refusal,
): void {
  const text = `${status} ${code}: ${why}\n`;
  writeText(stream, status, text, ownFields(text));
}

/** Answers a request that failed. */
export function writeStreamFailure(stream: ServerHttp2Stream, error: unknown): void {
  const known = isTpError(error)
    ? error
    : new TpError({ code: 'INTERNAL', message: 'the proxy failed', cause: error });
  if (stream.headersSent) {
    breakOff(stream);
    return;
  }
  const { status, text } = errorAnswer(known);
  writeText(stream, status, text, failureFields(status, text, known));
}

function writeText(
  stream: ServerHttp2Stream,
  status: number,
  text: string,
  fields: readonly string[],
): void {
  if (stream.closed) return;
  respondHead(stream, status, new Fields(fields));
  stream.write(text);
  stream.resume();
  finish(stream, false);
}

/**
 * Ends a response. What still comes of a request that nobody reads is not wanted: a client that does
 * not leave off by itself is told so (RFC 9113 section 8.1).
 */
function finish(stream: ServerHttp2Stream, bodyCaredFor: boolean): void {
  markAnswered(stream);
  stream.end();
  if (bodyCaredFor || stream.readableEnded) return;
  stream.resume();
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), LINGER_MS);
  stream.once('close', () => clearTimeout(timer));
}

/** To close it would end the body first, as if that were all of it; this resets (INTERNAL_ERROR). */
function breakOff(stream: ServerHttp2Stream): void {
  markAnswered(stream);
  stream.destroy(new Error('the response broke off'));
}

function drained(stream: ServerHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      stream.off('drain', go);
      stream.off('close', go);
      resolve();
    };
    stream.on('drain', go);
    stream.on('close', go);
    if (stream.closed) go();
  });
}

function drop(body: Uint8Array | AsyncIterable<Uint8Array> | null): void {
  if (body !== null && !(body instanceof Uint8Array)) void body[Symbol.asyncIterator]().return?.();
}
