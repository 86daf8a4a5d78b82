import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { ResponseInit } from '@tp/http';
import { Fields, TpError } from '@tp/wire';
import { isBodiless } from '../body.ts';
import { reset } from '../reset.ts';
import { bodyPassed } from '../young-garbage.ts';
import type { FrontRequest } from './front-request.ts';

/** How long a client may go on sending a body that nobody reads, in ms, before it is cut off. */
const LINGER_MS = 2_000;

/** Up to here a body is joined with its head: one string costs less to write than two pieces. */
const JOINED_BYTES = 8 * 1024;

/**
 * Writes a response exactly as it is given: its fields in order and case, its reason phrase, and
 * nothing of Node's own but the framing of the connection.
 *
 * @returns when the whole of it is handed to the socket; a promise only for a streamed body.
 * @throws {TpError} `UPSTREAM` before anything is written, when the response is not legal. A body
 *   that breaks off later, or is not as long as declared, resets the connection: a client never
 *   takes a short body for a whole one.
 */
export function writeResponse(
  response: ServerResponse,
  request: FrontRequest,
  init: ResponseInit,
  lastOfConnection: boolean,
): Promise<void> | undefined {
  const status = init.status ?? 200;
  const fields = Fields.from(init.headers);
  const bodiless = isBodiless(request.method, status);
  const body = bodiless ? null : asBytes(init.body);
  const declared = fields.get('content-length');
  const length = declared === undefined ? undefined : Number(declared);
  const known = body === null ? 0 : body instanceof Uint8Array ? body.length : undefined;
  if (!bodiless && length !== undefined && known !== undefined && known !== length) {
    drop(init.body);
    throw invalid(`its body has ${known} bytes, its content-length says ${declared}`);
  }
  const cutOff = !request.bodyCaredFor;
  const close = lastOfConnection || cutOff || request.owesContinue;
  writeHead(response, init, status, fields.raw, {
    close,
    framed: bodiless || length !== undefined,
  });
  if (body === null || body instanceof Uint8Array) {
    if (cutOff && length !== undefined) linger(response, body);
    else if (body === null) response.end();
    else if (body.length > JOINED_BYTES) response.end(body);
    else response.end(latin1(body), 'latin1');
    return undefined;
  }
  return stream(response, body, length, init.trailers);
}

/**
 * Answers with a text of the proxy's own.
 *
 * @param cutOff the client still sends a body that nobody wants; the connection ends after that.
 */
export function writeText(
  response: ServerResponse,
  status: number,
  fields: readonly string[],
  text: string,
  cutOff: boolean,
): void {
  response.removeHeader('connection');
  response.writeHead(status, cutOff ? [...fields, 'Connection', 'close'] : [...fields]);
  if (cutOff && !response.req.complete) linger(response, Buffer.from(text));
  else response.end(text);
}

/** Ends the connection in a way that no client takes for the regular end of a body. */
export function breakOff(response: ServerResponse): void {
  const socket = response.socket;
  if (socket === null) response.destroy();
  else reset(socket);
}

function writeHead(
  response: ServerResponse,
  init: ResponseInit,
  status: number,
  raw: readonly string[],
  { close, framed }: { close: boolean; framed: boolean },
): void {
  response.sendDate = false;
  // Node then adds no Connection and no Keep-Alive of its own.
  response.removeHeader('connection');
  const isOld = response.req.httpVersionMinor === 0;
  // `Trailer` announces what only a chunked body can bring; Node refuses it elsewhere.
  const fields = framed || isOld ? without(raw, 'trailer') : [...raw];
  const persists = response.shouldKeepAlive && !close && (framed || !isOld);
  if (!persists && !isOld) fields.push('Connection', 'close');
  else if (persists && isOld) fields.push('Connection', 'keep-alive');
  else if (!persists) response.shouldKeepAlive = false;
  try {
    response.writeHead(status, init.reason ?? STATUS_CODES[status] ?? '', fields);
  } catch (error) {
    drop(init.body);
    throw invalid('its head has characters that must not stand there', error);
  }
}

function without(raw: readonly string[], unwanted: string): string[] {
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (name.length !== unwanted.length || name.toLowerCase() !== unwanted) {
      kept.push(name, raw[i + 1] ?? '');
    }
  }
  return kept;
}

async function stream(
  response: ServerResponse,
  body: AsyncIterable<Uint8Array>,
  length: number | undefined,
  trailers: ResponseInit['trailers'],
): Promise<void> {
  let sent = 0;
  // The body may be long in coming (events, for one): whoever waits for the head has it now.
  response.flushHeaders();
  try {
    for await (const piece of body) {
      if (response.destroyed) return;
      sent += piece.length;
      bodyPassed(piece.length);
      if (length !== undefined && sent > length) break;
      if (!response.write(piece)) await drained(response);
    }
    if (length !== undefined && sent !== length) {
      breakOff(response);
      return;
    }
    if (trailers !== undefined) response.addTrailers([...Fields.from(trailers())].map(pair));
    response.end();
  } catch {
    // The head is out: the only way left to say that the body is not whole.
    breakOff(response);
  }
}

function pair([name, value]: readonly [string, string]): [string, string] {
  return [name, value];
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go);
      response.off('close', go);
      resolve();
    };
    response.on('drain', go);
    response.on('close', go);
    if (response.destroyed) go();
  });
}

/*
 * Sends all of the response but its end, and swallows what the client still sends: to close at once
 * would reset the connection, and the client could lose the response (RFC 9112 section 9.6).
 */
function linger(response: ServerResponse, body: Uint8Array | null): void {
  const request = response.req;
  if (body === null) response.flushHeaders();
  else response.write(body);
  const timer = setTimeout(() => response.end(), LINGER_MS);
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  request.once('end', end);
  request.once('close', end);
  request.resume();
}

function asBytes(body: ResponseInit['body']): Uint8Array | AsyncIterable<Uint8Array> | null {
  if (body === undefined) return null;
  return typeof body === 'string' ? Buffer.from(body) : body;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function drop(body: ResponseInit['body']): void {
  if (body === null || body === undefined || typeof body === 'string') return;
  if (!(body instanceof Uint8Array)) void body[Symbol.asyncIterator]().return?.();
}

function invalid(why: string, cause?: unknown): TpError {
  return new TpError({
    code: 'UPSTREAM',
    message: `the response cannot be passed on: ${why}`,
    cause,
  });
}
