import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { OutgoingStream } from '@tp/transport';
import { Fields } from '@tp/wire';
import { outgoingBody } from '../body/body.ts';
import { stopBody } from '../body/body-source.ts';
import { declaredLength, NO_LENGTH } from '../body/content-length.ts';
import { hasNoBody } from '../body/no-body.ts';
import { endToEnd } from '../hop-by-hop.ts';
import { asFault, checkStatus, isStream } from '../server/answer-rules.ts';
import type { Request, ResponseInit } from '../types.ts';

/**
 * Writes a handler's answer as HTTP/1.1; resolves when all of it was written, or the client has gone.
 *
 * @param onError is told of what a streamed body or its trailers threw.
 * @throws {TpError} INTERNAL before anything is written, for an answer that cannot be sent as it is.
 */
export async function writeAnswer(
  response: ServerResponse,
  { method }: Request,
  init: ResponseInit,
  onError: (error: unknown) => void,
): Promise<void> {
  const { body } = init;
  const isBodiless = hasNoBody(init.status ?? 200, method);
  if (isStream(body) && (isBodiless || response.destroyed)) stopBody(body);
  if (response.destroyed) return;
  const { whole, stream } = begin(response, init, isBodiless, onError);
  if (stream === undefined) response.end(whole);
  else await pump(response, stream);
}

/** Writes the head. */
function begin(
  response: ServerResponse,
  init: ResponseInit,
  isBodiless: boolean,
  onError: (error: unknown) => void,
): { whole?: Uint8Array | undefined; stream?: OutgoingStream | undefined } {
  try {
    const status = init.status ?? 200;
    checkStatus(status);
    const { raw } = endToEnd(Fields.from(init.headers));
    if (isBodiless) {
      writeHead(response, status, init.reason, without(raw, 'trailer'));
      return {};
    }
    const declared = declaredLength(new Fields(raw));
    const outgoing = outgoingBody(init.body, init.trailers, declared, onError);
    if (outgoing.stream === undefined) {
      const length = String(outgoing.whole?.length ?? 0);
      const fields = without(raw, 'trailer');
      if (declared === NO_LENGTH) fields.push('Content-Length', length);
      writeHead(response, status, init.reason, fields);
    } else {
      try {
        const isInChunks = declared === NO_LENGTH && response.req.httpVersionMinor > 0;
        writeHead(response, status, init.reason, isInChunks ? raw : without(raw, 'trailer'));
      } catch (error) {
        outgoing.source?.stop();
        throw error;
      }
    }
    return outgoing;
  } catch (error) {
    throw asFault(error);
  }
}

function writeHead(
  response: ServerResponse,
  status: number,
  reason: string | undefined,
  raw: readonly string[],
): void {
  if (reason === undefined || reason === '') response.writeHead(status, [...raw]);
  else response.writeHead(status, reason, [...raw]);
}

/** `Trailer` announces what only a body in chunks can bring, and Node refuses it elsewhere. */
function without(raw: readonly string[], unwanted: string): string[] {
  return raw.filter((_, i) => raw[i - (i % 2)]?.toLowerCase() !== unwanted);
}

async function pump(response: ServerResponse, { source, trailers }: OutgoingStream): Promise<void> {
  // Its first piece may be long in coming, and whoever waits for the head is to have it now.
  response.flushHeaders();
  const pieces = source[Symbol.asyncIterator]();
  const stop = (): void => void pieces.return?.();
  response.once('close', stop);
  try {
    for (;;) {
      const { done, value } = await pieces.next();
      if (response.destroyed) return;
      if (done === true) break;
      if (!response.write(value)) await drained(response);
    }
    if (trailers !== undefined) response.addTrailers(Array.from(trailers(), asPair));
    response.end();
  } catch {
    // Its source has told of it. The head is out: this alone says that the body is not whole.
    response.destroy();
  } finally {
    response.off('close', stop);
  }
}

function asPair([name, value]: readonly [string, string]): [string, string] {
  return [name, value];
}

async function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return;
  const closed = new AbortController();
  const close = (): void => closed.abort();
  response.once('close', close);
  await once(response, 'drain', { signal: closed.signal }).catch(() => {});
  response.off('close', close);
}
