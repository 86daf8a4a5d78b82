import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { type FrontHead, type Refusal, readFrontHead } from './front-head.ts';
import { websocketRequest } from './h2-websocket.ts';
import { NO_CONNECT, NO_EXPECTATION } from './refusals.ts';

/** The head of a request that came over HTTP/2, in the words of HTTP/1.1. */
export interface StreamHead extends FrontHead {
  readonly method: string;
  /** The value of the `Sec-WebSocket-Key` that was made for a request to open a WebSocket. */
  readonly websocketKey: string | undefined;
}

/** Most fields that are read, the parts of a cookie among them, before their stream is reset. */
export const MAX_PAIRS = 512;

const ONLY_WEBSOCKET: Refusal = {
  status: 501,
  code: 'PROTOCOL',
  why: 'websocket is the only protocol that can be asked for in HTTP/2 here',
};
const ODD_TARGET: Refusal = { status: 400, code: 'PROTOCOL', why: 'the target has odd bytes' };
const TOO_LARGE: Refusal = {
  status: 431,
  code: 'HEAD_LIMIT',
  why: 'the head of the request is too large',
};

/**
 * Reads a head: `:authority` is Host, several cookies are one (RFC 9113 section 8), and an extended
 * CONNECT (RFC 8441) is a request that asks to switch to WebSocket.
 *
 * @param maxHeadBytes longest head, counted as HTTP/1.1 would have it.
 */
export function readStreamHead(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  raw: readonly string[],
  maxHeadBytes: number,
): StreamHead | Refusal {
  const asked = headers[':method'] ?? '';
  const target = headers[':path'] ?? '';
  const fields = fieldsOf(headers[':authority'], raw);
  if (bytesOf(fields) + asked.length + target.length > maxHeadBytes) return TOO_LARGE;
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') {
    return NO_EXPECTATION;
  }
  if (!/^[\x21-\x7e]*$/.test(target)) return ODD_TARGET;
  const isConnect = asked === 'CONNECT';
  const protocol = headers[':protocol'];
  if (isConnect && protocol === undefined) return NO_CONNECT;
  if (isConnect && protocol !== 'websocket') return ONLY_WEBSOCKET;
  const websocket = isConnect ? websocketRequest(fields) : undefined;
  const method = isConnect ? 'GET' : asked;
  const head = readFrontHead({
    method,
    rawHeaders: websocket?.fields ?? fields,
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    url: target,
  });
  if ('code' in head) return head;
  if (isConnect && (head.hasBody || stream.endAfterHeaders)) {
    return { status: 400, code: 'PROTOCOL', why: 'this asks for a WebSocket and has ended' };
  }
  const hasBody = !isConnect && !stream.endAfterHeaders;
  return { ...head, method, hasBody, websocketKey: websocket?.key };
}

function fieldsOf(authority: string | undefined, raw: readonly string[]): string[] {
  const fields: string[] = authority === undefined ? [] : ['host', authority];
  let cookie = -1;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    if (name.startsWith(':') || (name === 'host' && authority !== undefined)) continue;
    if (name === 'cookie' && cookie >= 0) {
      fields[cookie] = `${fields[cookie]}; ${value}`;
      continue;
    }
    if (name === 'cookie') cookie = fields.length + 1;
    fields.push(name, value);
  }
  return fields;
}

/** With the colon, the blank and the end of line of each. */
function bytesOf(fields: readonly string[]): number {
  return fields.reduce((sum, text) => sum + text.length + 2, 0);
}
