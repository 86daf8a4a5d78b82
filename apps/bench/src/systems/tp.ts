import {
  type Client,
  createClient,
  createServer,
  type Handler,
  type RequestOptions,
  type Response,
  type Server,
} from '@tp/http';
import { exchangeHttp1Bytes } from '@tp/savings';
import { Fields } from '@tp/wire';
import { type SelfSigned, selfSigned } from '../certificate/self-signed.ts';
import type { Tally } from '../measure/tally.ts';
import type { Exchange } from '../traffic/exchange.ts';
import type { System } from './system.ts';

/** How tp is opened for a measurement. */
export interface TpOptions {
  readonly codec: 'none' | 'zstd' | 'deflate';
  readonly tls: boolean;
  /** `maxBatchDelayMs` of the client. */
  readonly clientDelayMs: number;
  /** `maxBatchDelayMs` of the server. */
  readonly serverDelayMs: number;
}

/** A client and a server with one link over TCP loopback, and what crossed it. */
export interface TpLink {
  readonly client: Client;
  /** Bytes on the client's socket and batches that it made, since the link stood. */
  counters(): TpCounters;
  close(): Promise<void>;
}

/** Counters of the client's end of the link. */
export interface TpCounters {
  readonly wireBytesOut: number;
  readonly wireBytesIn: number;
  readonly batchesOut: number;
  readonly batchesIn: number;
}

/** An exchange in the shape that the client takes, made ahead of the measurement. */
export interface PreparedExchange {
  readonly options: RequestOptions;
  readonly status: number;
  readonly body: Uint8Array;
  readonly httpBytes: number;
}

const DEADLINE_MS = 30_000;
/** Every so many answers a caller compares the whole body; in between its length, its first and its last byte. */
const COMPARE_EVERY = 64;
let answersChecked = 0;

/** Opens a link that serves the given exchanges. With one exchange the handler answers without looking. */
export async function openTp(options: TpOptions, exchanges: readonly Exchange[]): Promise<TpLink> {
  const certificate = options.tls ? selfSigned('localhost') : undefined;
  const server = makeServer(options, certificate, exchanges);
  const address = await server.listen(`${options.tls ? 'teleports' : 'teleport'}://127.0.0.1:0`);
  const client = makeClient(options, certificate, address);
  await client.ready();
  const before = countersOf(client);
  return {
    client,
    counters: () => difference(countersOf(client), before),
    close: async () => {
      await client.close();
      await server.close();
    },
  };
}

/** `openTp` as a system for the callers' loop: each caller takes the next exchange of the list. */
export async function openTpSystem(
  options: TpOptions,
  exchanges: readonly Exchange[],
): Promise<System> {
  const link = await openTp(options, exchanges);
  const prepared = exchanges.map(prepareExchange);
  let next = 0;
  const take = (): PreparedExchange | undefined => prepared[next++ % prepared.length];
  return {
    caller: (tally) => callUntilStopped(link.client, take, tally),
    wireBytes: () => {
      const { wireBytesIn, wireBytesOut } = link.counters();
      return wireBytesIn + wireBytesOut;
    },
    close: () => link.close(),
  };
}

/** Builds what the client needs for an exchange. */
export function prepareExchange(exchange: Exchange): PreparedExchange {
  const { method, path, headers, body } = exchange.request;
  return {
    options: { method, path, headers: new Fields(headers), body, deadlineMs: DEADLINE_MS },
    status: exchange.response.status,
    body: exchange.response.body,
    httpBytes: exchangeHttp1Bytes(exchange),
  };
}

/**
 * Compares an answer with what is due; a promise when its body is still to come.
 *
 * @throws {Error} when it is another.
 */
export function checkAnswer(response: Response, due: PreparedExchange): Promise<void> | undefined {
  if (response.status !== due.status) {
    throw new Error(`status ${response.status} came, ${due.status} was due`);
  }
  const body = response.bytes();
  if (body instanceof Promise) return body.then((bytes) => checkBody(bytes, due.body));
  checkBody(body, due.body);
  return undefined;
}

function makeServer(
  options: TpOptions,
  certificate: SelfSigned | undefined,
  exchanges: readonly Exchange[],
): Server {
  return createServer(makeHandler(exchanges), {
    codecs: [options.codec],
    maxBatchDelayMs: options.serverDelayMs,
    // On a machine with other work, all callers wait at times for longer than a server lets them.
    limits: { maxHandlerWaitMs: DEADLINE_MS },
    ...(certificate === undefined ? {} : { tls: { cert: certificate.cert, key: certificate.key } }),
  });
}

function makeClient(
  options: TpOptions,
  certificate: SelfSigned | undefined,
  address: string,
): Client {
  return createClient(address, {
    codecs: [options.codec],
    maxBatchDelayMs: options.clientDelayMs,
    ...(certificate === undefined
      ? {}
      : { tls: { ca: certificate.cert, servername: 'localhost' } }),
  });
}

/** Answers exchanges by their `x-request-id`; one alone without looking. */
export function makeHandler(exchanges: readonly Exchange[]): Handler {
  const answers = new Map(
    exchanges.map(({ id, response }) => [
      id,
      {
        status: response.status,
        headers: new Fields(response.headers),
        body: response.body.length > 0 ? response.body : null,
      },
    ]),
  );
  const only = answers.size === 1 ? answers.values().next().value : undefined;
  if (only !== undefined) return () => only;
  return (request) => answers.get(request.headers.get('x-request-id') ?? '') ?? { status: 404 };
}

async function callUntilStopped(
  client: Client,
  take: () => PreparedExchange | undefined,
  tally: Tally,
): Promise<void> {
  for (;;) {
    const prepared = take();
    if (tally.stopped || prepared === undefined) return;
    const started = tally.start();
    const response = await client.request(prepared.options);
    const unfinished = checkAnswer(response, prepared);
    if (unfinished !== undefined) await unfinished;
    tally.end(started, prepared.httpBytes);
  }
}

/**
 * Compares a body: its length, first and last byte, and every 64th as a whole.
 *
 * @throws {Error} when it is another.
 */
export function checkBody(body: Uint8Array, due: Uint8Array): void {
  answersChecked += 1;
  const same =
    answersChecked % COMPARE_EVERY === 0 ? Buffer.compare(body, due) === 0 : sameEdges(body, due);
  if (same) return;
  throw new Error(
    `a body of ${body.length} bytes came that is not the one of ${due.length} bytes that was due`,
  );
}

function sameEdges(body: Uint8Array, due: Uint8Array): boolean {
  const last = due.length - 1;
  return body.length === due.length && body[0] === due[0] && body[last] === due[last];
}

function countersOf(client: Client): TpCounters {
  const { wireBytesIn, wireBytesOut, links } = client.stats();
  return {
    wireBytesIn,
    wireBytesOut,
    batchesIn: links.reduce((sum, link) => sum + link.batchesIn, 0),
    batchesOut: links.reduce((sum, link) => sum + link.batchesOut, 0),
  };
}

function difference(after: TpCounters, before: TpCounters): TpCounters {
  return {
    wireBytesIn: after.wireBytesIn - before.wireBytesIn,
    wireBytesOut: after.wireBytesOut - before.wireBytesOut,
    batchesIn: after.batchesIn - before.batchesIn,
    batchesOut: after.batchesOut - before.batchesOut,
  };
}
