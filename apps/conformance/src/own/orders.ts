import { createHash } from 'node:crypto';
import {
  type CallInit,
  type ClientCall,
  createPool,
  type Pool,
  type PoolOptions,
} from '@tp/transport';
import { Fields, isTpError, MAX_INLINE_BODY, RequestHead } from '@tp/wire';
import type { Order, OrderedRequest } from '../engine/order.ts';
import type { Result } from '../engine/result.ts';
import { OneConnection } from './one-connection.ts';

/** Follows an order on a link of its own, and reports on each request. */
export async function follow(
  address: string,
  options: PoolOptions,
  order: Order,
): Promise<Result[]> {
  const connection = new OneConnection();
  const pool = createPool([address], { ...options, dial: connection.dial });
  const results: Promise<Result>[] = [];
  for (const request of order.requests) {
    const before = request.after === undefined ? undefined : results[request.after];
    results.push(before === undefined ? make(pool, request) : makeAfter(before, pool, request));
  }
  const all = await Promise.all(results);
  if (order.close !== true) await connection.end();
  await pool.close();
  return all;
}

async function makeAfter(before: Promise<Result>, pool: Pool, request: OrderedRequest) {
  await before;
  return make(pool, request);
}

async function make(pool: Pool, request: OrderedRequest): Promise<Result> {
  const abort = new AbortController();
  const info: number[] = [];
  const onInformation = (status: number) => {
    info.push(status);
    if (request.cancelOn === 'info') abort.abort();
  };
  let call: ClientCall | undefined;
  try {
    if (request.oneWay === true) {
      await pool.send(initOf(request));
      return { sent: true };
    }
    call = await pool.call({ ...initOf(request), signal: abort.signal, onInformation });
    if (request.cancelOn === 'head') abort.abort();
    if (hasNoBody(request, call)) await call.body[Symbol.asyncIterator]().return?.();
    const hash = createHash('sha256');
    let body = 0;
    for await (const piece of hasNoBody(request, call) ? [] : call.body) {
      hash.update(piece);
      body += piece.length;
    }
    return {
      ...told(call),
      info,
      body,
      sha256: hash.digest('hex'),
      trailers: pairs(call.trailers),
    };
  } catch (error) {
    if (abort.signal.aborted) return { cancelled: true };
    return { ...failure(error), ...(call === undefined ? {} : { status: call.status }) };
  }
}

/** Whether HTTP gives the response no body (RFC 9110 section 6.4.1): one that comes is not read. */
function hasNoBody({ method }: OrderedRequest, { status }: ClientCall): boolean {
  return method === 'HEAD' || status === 204 || status === 304;
}

function initOf(request: OrderedRequest): CallInit {
  const { method, path, fields = [], body, chunk, trailers, timeoutMs, upgrade = false } = request;
  const head = new RequestHead(method, path, new Fields(fields.flat()));
  const bytes = Uint8Array.from({ length: body ?? 0 }, (_, i) => i % 251);
  const isWhole =
    !upgrade && chunk === undefined && trailers === undefined && bytes.length <= MAX_INLINE_BODY;
  const after = trailers === undefined ? undefined : new Fields(trailers.flat());
  const stream = {
    source: pieces(bytes, chunk ?? bytes.length),
    trailers: after === undefined ? undefined : () => after,
    awaitsSwitch: upgrade,
  };
  return {
    head,
    deadlineMs: timeoutMs,
    ...(isWhole ? { body: bytes } : { stream }),
  };
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function told(call: ClientCall): Result {
  return { status: call.status, reason: call.reason, fields: pairs(call.headers) };
}

function pairs(fields: Fields | undefined): [string, string][] {
  return Array.from(fields ?? [], ([name, value]) => [name, value]);
}

function failure(error: unknown): Result {
  if (!isTpError(error)) return { error: String(error), processed: 'maybe' };
  return { error: error.code === 'LINK_LOST' ? 'CLOSED' : error.code, processed: error.processed };
}
