import { isDeepStrictEqual } from 'node:util';
import {
  type Client,
  createClient,
  createServer,
  Fields,
  type Handler,
  type LinkLimits,
  type RequestOptions,
  type ResponseInit,
} from '@tp/http';
import type { Sent } from './exchange.ts';
import { codecsOf, type Setting } from './settings.ts';

/** What one replay took. */
export interface Replayed {
  /** Bytes on the link's sockets; the handshake is not among them. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** CPU of both ends of the link for one exchange, in µs, with making and checking the calls. */
  readonly cpuUsPerExchange: number;
}

/** Recorded traffic comes as fast as it is taken, so nothing may be turned away or given up. */
const LIMITS: Partial<LinkLimits> = {
  maxPendingBytes: Number.POSITIVE_INFINITY,
  maxRunningBytes: Number.POSITIVE_INFINITY,
  maxHandlerWaitMs: Number.POSITIVE_INFINITY,
  maxBufferedBodyBytes: Number.POSITIVE_INFINITY,
  stallTimeoutMs: 600_000,
  requestTimeoutMs: 600_000,
};
/** Compressors are opened in the first part of a replay; on a link that stays, that is paid once. */
const OPENING_SHARE = 0.2;
const EMPTY = new Uint8Array(0);
/** Calls of one batch are under way at once: no more than a link takes. */
const MOST_AT_ONCE = 1000;

/**
 * Sends exchanges over a new link of its own on this machine, near end and far end in this process, and
 * counts. Every request and every answer is compared with what it was recorded as.
 *
 * @param batches how many calls are handed over together, one number after the other; the answers to
 * one are awaited before the next.
 * @throws {Error} when something else came than was sent.
 */
export async function replay(
  exchanges: readonly Sent[],
  setting: Setting,
  batches: readonly number[],
): Promise<Replayed> {
  const failures: unknown[] = [];
  const server = createServer(answerInTurn(exchanges), {
    codecs: codecsOf(setting),
    limits: LIMITS,
    onError: (error) => failures.push(error),
  });
  const address = await server.listen('teleport://127.0.0.1:0');
  const client = createClient(address, {
    codecs: codecsOf(setting),
    links: 1,
    limits: LIMITS,
  });
  try {
    await client.ready();
    const before = client.stats();
    const cpuUsPerExchange = await sendAll(client, exchanges, batches);
    const after = client.stats();
    return {
      requestBytes: after.wireBytesOut - before.wireBytesOut,
      responseBytes: after.wireBytesIn - before.wireBytesIn,
      cpuUsPerExchange,
    };
  } catch (error) {
    throw failures.length > 0 ? failures[0] : error;
  } finally {
    await client.close();
    await server.close();
  }
}

/** Sends all, and gives the CPU that an exchange took, in µs. */
async function sendAll(
  client: Client,
  exchanges: readonly Sent[],
  batches: readonly number[],
): Promise<number> {
  let start = 0;
  let mark = { start, cpu: process.cpuUsage() };
  for (const batch of batches) {
    if (mark.start === 0 && start >= exchanges.length * OPENING_SHARE) {
      mark = { start, cpu: process.cpuUsage() };
    }
    for (const end = start + batch; start < end; ) {
      const next = Math.min(start + MOST_AT_ONCE, end);
      await Promise.all(exchanges.slice(start, next).map((exchange) => send(client, exchange)));
      start = next;
    }
  }
  if (start < exchanges.length) throw new Error('the batches do not hold all exchanges');
  const { user, system } = process.cpuUsage(mark.cpu);
  return (user + system) / (exchanges.length - mark.start);
}

async function send(client: Client, { request, response: due }: Sent): Promise<void> {
  const options: RequestOptions = {
    method: request.method,
    path: request.path,
    headers: new Fields(request.headers),
    body: request.body,
  };
  const response = await client.request(options);
  const body = await response.bytes();
  if (response.status !== due.status || Buffer.compare(body, due.body) !== 0) {
    throw new Error(
      `${keyOf(request)}: ${response.status} with ${body.length} bytes came, ` +
        `${due.status} with ${due.body.length} bytes was recorded`,
    );
  }
  if (!isDeepStrictEqual(response.headers.raw, due.headers)) {
    throw new Error(`${keyOf(request)} was answered with other fields than were recorded`);
  }
}

/** Answers what was recorded for a method and path, in the order in which it was recorded. */
function answerInTurn(exchanges: readonly Sent[]): Handler {
  const due = new Map<string, Sent[]>();
  for (const exchange of exchanges.toReversed()) {
    const key = keyOf(exchange.request);
    const others = due.get(key);
    if (others === undefined) due.set(key, [exchange]);
    else others.push(exchange);
  }
  return (request) => {
    const next = due.get(keyOf(request))?.pop();
    if (next === undefined) throw new Error(`nobody recorded ${keyOf(request)}`);
    const body = request.bytes();
    if (!isDeepStrictEqual(request.headers.raw, next.request.headers)) {
      throw new Error(`${keyOf(request)} came with other fields than were recorded`);
    }
    if (body instanceof Promise) return body.then((bytes) => answerOf(next, bytes));
    return answerOf(next, body);
  };
}

/** @throws {Error} when the request's body is not the one that was recorded. */
function answerOf({ request, response }: Sent, body: Uint8Array): ResponseInit {
  if (Buffer.compare(body, request.body ?? EMPTY) !== 0) {
    throw new Error(`${keyOf(request)} came with another body than was recorded`);
  }
  const { status, headers, body: answer } = response;
  return { status, headers: new Fields(headers), body: answer.length > 0 ? answer : null };
}

function keyOf({ method, path }: { readonly method: string; readonly path: string }): string {
  return `${method} ${path}`;
}
