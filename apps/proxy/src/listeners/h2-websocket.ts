import { createHash, randomBytes } from 'node:crypto';
import type { ServerHttp2Stream } from 'node:http2';
import { PassThrough } from 'node:stream';
import type { ResponseInit } from '@tp/http';
import { Fields, TpError } from '@tp/wire';
import { markAnswered } from './h2-answered.ts';
import { respondHead } from './h2-response-head.ts';

/** RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** What HTTP/1.1 has and an extended CONNECT has not (RFC 8441 section 5). */
const HANDSHAKE: ReadonlySet<string> = new Set([
  'connection',
  'upgrade',
  'sec-websocket-key',
  'sec-websocket-accept',
]);

/** The fields of a request for a WebSocket as HTTP/1.1 has them, and the key among them. */
export function websocketRequest(fields: readonly string[]): { fields: string[]; key: string } {
  const key = randomBytes(16).toString('base64');
  const handshake = ['connection', 'Upgrade', 'upgrade', 'websocket', 'sec-websocket-key', key];
  return { fields: [...withoutHandshake(fields), ...handshake], key };
}

/**
 * Answers an extended CONNECT with what an origin said to the request in HTTP/1.1: 101 becomes 200,
 * and the stream the WebSocket. Any answer but those of 200 to 299 may be written as it is.
 *
 * @returns whether the stream is answered.
 * @throws {TpError} `UPSTREAM` when the origin answers as if it had switched and has not, or has not
 *   read the request.
 */
export function openWebsocket(
  stream: ServerHttp2Stream,
  key: string,
  { status = 200, headers, body, upgrade }: ResponseInit,
): boolean {
  if (upgrade === undefined) {
    // Over HTTP/2 it would say that the WebSocket is open.
    if (status >= 300) return false;
    if (body !== null && typeof body === 'object' && !(body instanceof Uint8Array)) {
      void body[Symbol.asyncIterator]().return?.();
    }
    throw refused(`answers ${status} to a request for a WebSocket`);
  }
  const fields = Fields.from(headers);
  const expected = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  if (fields.get('sec-websocket-accept') !== expected || stream.closed) {
    upgrade(new PassThrough().destroy());
    throw refused('opens a WebSocket that is for another request');
  }
  respondHead(stream, 200, new Fields(withoutHandshake(fields.raw)));
  markAnswered(stream);
  upgrade(stream);
  return true;
}

function withoutHandshake(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (!HANDSHAKE.has(name.toLowerCase())) kept.push(name, raw[i + 1] ?? '');
  }
  return kept;
}

function refused(what: string): TpError {
  return new TpError({ code: 'UPSTREAM', message: `the origin ${what}` });
}
