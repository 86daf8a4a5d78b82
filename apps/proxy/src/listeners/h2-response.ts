import type { ServerHttp2Stream } from 'node:http2';
import type { ResponseInit } from '@tp/http';
import { Fields, isTpError, TpError } from '@tp/wire';
import { isBodiless } from '../body.ts';
import { errorAnswer } from '../error-answer.ts';
import type { Refusal } from './front-head.ts';
import { markAnswered } from './h2-answered.ts';
import { headersOf } from './h2-request.ts';
import { ownFields } from './own-answers.ts';

/**
 * Writes a response. A body that breaks off, or is not as long as declared, resets the stream.
 *
 * @throws {TpError} `UPSTREAM` before anything is written, when the response is not legal.
 */
export async function writeStreamResponse(
  stream: ServerHttp2Stream,
  method: string,
  init: ResponseInit,
): Promise<void> {
  const status = init.status ?? 200;
  const fields = Fields.from(init.headers);
  const given = isBodiless(method, status) ? null : (init.body ?? null);
  const body = typeof given === 'string' ? Buffer.from(given) : given;
  const declared = fields.get('content-length');
  if (stream.destroyed) {
    drop(body);
    return;
  }
  try {
    stream.respond(
      { ':status': status, ...headersOf(fields) },
      { endStream: body === null, waitForTrailers: body !== null && init.trailers !== undefined },
    );
  } catch (error) {
    drop(body);
    const message = 'the response cannot be passed on: its head is not legal in HTTP/2';
    throw new TpError({ code: 'UPSTREAM', message, cause: error });
  }
  if (body === null) {
    markAnswered(stream);
    return;
  }
  const { trailers } = init;
  if (trailers !== undefined) {
    stream.once('wantTrailers', () => {
      try {
        stream.sendTrailers(headersOf(Fields.from(trailers())));
      } catch {
        breakOff(stream);
      }
    });
  }
  let sent = 0;
  try {
    for await (const piece of body instanceof Uint8Array ? [body] : body) {
      if (stream.destroyed) return;
      sent += piece.length;
      if (!stream.write(piece)) await drained(stream);
    }
    if (declared !== undefined && sent !== Number(declared)) {
      breakOff(stream);
    } else {
      markAnswered(stream);
      stream.end();
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
  writeText(stream, status, `${status} ${code}: ${why}\n`);
}

/** Answers a request that failed. */
export function writeStreamFailure(stream: ServerHttp2Stream, error: unknown): void {
  const known = isTpError(error)
    ? error
    : new TpError({ code: 'INTERNAL', message: 'the proxy failed', cause: error });
  if (stream.destroyed) return;
  if (stream.headersSent) {
    breakOff(stream);
    return;
  }
  const { status, text } = errorAnswer(known);
  writeText(stream, status, text);
}

/** What still comes of the request is not wanted (RFC 9113 section 8.1). */
function writeText(stream: ServerHttp2Stream, status: number, text: string): void {
  stream.respond({ ':status': status, ...headersOf(new Fields(ownFields(status, text))) });
  markAnswered(stream);
  stream.end(text);
  stream.resume();
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
    if (stream.destroyed) go();
  });
}

function drop(body: Uint8Array | AsyncIterable<Uint8Array> | null): void {
  if (body !== null && !(body instanceof Uint8Array)) void body[Symbol.asyncIterator]().return?.();
}
