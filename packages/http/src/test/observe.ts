import {
  createServer as createNodeServer,
  type IncomingMessage,
  type RequestOptions as NodeRequestOptions,
  request as nodeRequest,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { createAgent, createClient, createServer, fromListener, type Handler } from '../index.ts';

/** A request, the same over HTTP/1.1 and over tp. */
export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: readonly string[];
  readonly body?: readonly Buffer[];
  readonly trailers?: Readonly<Record<string, string>>;
  /** The client goes away when it has seen that much: the response's head, or one byte of its body. */
  readonly leave?: 'at head' | 'at body';
}

/** What client and listener saw of one exchange. */
export interface Observed {
  status: number;
  reason: string;
  headers: string[];
  /** Empty where the response failed: how much of it comes through before is chance. */
  body: string;
  trailers: string[];
  information: (readonly [status: number, headers: readonly string[]])[];
  failed: boolean;
  log: string[];
}

export type Log = (...words: readonly unknown[]) => void;
export type LoggedListener = (req: IncomingMessage, res: ServerResponse, log: Log) => void;

/** What belongs to the connection of HTTP/1.1 and not to the message. */
const OF_CONNECTION = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding']);

/** A flat list of fields without those of the connection. */
export function endToEnd(raw: readonly string[]): string[] {
  return raw.filter((_, i) => !OF_CONNECTION.has((raw[i - (i % 2)] ?? '').toLowerCase()));
}

/** A listener that writes a log, and a promise for the end of its response. */
function logged(listener: LoggedListener, log: string[]) {
  const { promise, resolve } = Promise.withResolvers<void>();
  let called = false;
  const wrapped = (req: IncomingMessage, res: ServerResponse) => {
    called = true;
    res.on('close', () => setImmediate(resolve));
    listener(req, res, (...words) => {
      log.push(
        words.map((word) => (typeof word === 'string' ? word : JSON.stringify(word))).join(' '),
      );
    });
  };
  return { wrapped, closed: () => (called ? promise : undefined) };
}

function nothingYet(): Observed {
  return {
    status: 0,
    reason: '',
    headers: [],
    body: '',
    trailers: [],
    information: [],
    failed: false,
    log: [],
  };
}

/** Runs a listener behind `node:http`, asked by Node's client. */
export async function overHttp(listener: LoggedListener, asked: Asked): Promise<Observed> {
  const seen = nothingYet();
  const { wrapped, closed } = logged(listener, seen.log);
  const server = createNodeServer({ requireHostHeader: false }, wrapped);
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await listening;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  await askByNode({ host: '127.0.0.1', port: address.port, agent: false }, asked, seen);
  await closed();
  server.closeAllConnections();
  const { promise: down, resolve: stopped } = Promise.withResolvers<void>();
  server.close(() => stopped());
  await down;
  return seen;
}

/** Runs a listener behind tp, asked by Node's client through an agent. */
export async function overAgent(listener: LoggedListener, asked: Asked): Promise<Observed> {
  const seen = nothingYet();
  const { wrapped, closed } = logged(listener, seen.log);
  await using server = createServer(fromListener(wrapped), { onError: () => {} });
  await using client = createClient(await server.listen('teleport://127.0.0.1:0'));
  await askByNode({ agent: createAgent(client) }, asked, seen);
  await closed();
  return seen;
}

/** Asks with `http.request`, and notes what it sees. */
async function askByNode(target: NodeRequestOptions, asked: Asked, seen: Observed): Promise<void> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const body = asked.body ?? [];
  const framing =
    body.length === 0 || asked.headers?.some((name) => /^content-length$/i.test(name))
      ? []
      : ['Transfer-Encoding', 'chunked'];
  const out = nodeRequest({
    ...target,
    setHost: false,
    method: asked.method ?? 'GET',
    path: asked.path ?? '/',
    headers: [...(asked.headers ?? []), ...framing],
  });
  out.on('continue', () => seen.information.push([100, []]));
  out.on('information', (info) => {
    if (info.statusCode !== 100) seen.information.push([info.statusCode, info.rawHeaders]);
  });
  out.on('error', () => {
    seen.failed = true;
    end();
  });
  out.on('response', async (response) => {
    seen.status = response.statusCode ?? 0;
    seen.reason = response.statusMessage ?? '';
    seen.headers = endToEnd(response.rawHeaders);
    const pieces: Buffer[] = [];
    try {
      if (asked.leave === 'at head') out.destroy();
      for await (const piece of response) {
        pieces.push(piece);
        if (asked.leave === 'at body') out.destroy();
      }
    } catch {
      seen.failed = true;
    }
    if (!seen.failed || asked.leave !== undefined)
      seen.body = Buffer.concat(pieces).toString('latin1');
    seen.trailers = response.rawTrailers;
    end();
  });
  if (asked.trailers !== undefined) out.addTrailers(asked.trailers);
  for (const piece of body) out.write(piece);
  out.end();
  await ended;
}

/** Runs a listener behind tp, asked by the lean client. */
export async function overTp(listener: LoggedListener, asked: Asked): Promise<Observed> {
  const seen = nothingYet();
  const { wrapped, closed } = logged(listener, seen.log);
  return askOverTp(fromListener(wrapped), asked, seen, closed);
}

/** Runs a handler behind tp, asked by the lean client. */
export function handlerOverTp(handler: Handler, asked: Asked): Promise<Observed> {
  return askOverTp(handler, asked, nothingYet(), () => undefined);
}

async function askOverTp(
  handler: Handler,
  asked: Asked,
  seen: Observed,
  closed: () => Promise<void> | undefined,
): Promise<Observed> {
  await using server = createServer(handler, { onError: () => {} });
  await using client = createClient(await server.listen('teleport://127.0.0.1:0'));
  const leaving = new AbortController();
  const { trailers } = asked;
  const pieces: Uint8Array[] = [];
  try {
    const response = await client.request({
      method: asked.method ?? 'GET',
      path: asked.path ?? '/',
      headers: asked.headers ?? [],
      signal: leaving.signal,
      body: asked.body === undefined ? null : ReadableStream.from(asked.body),
      ...(trailers === undefined ? {} : { trailers: () => trailers }),
      onInformation: (status, headers) => seen.information.push([status, headers.raw]),
    });
    seen.status = response.status;
    seen.reason = response.reason === '' ? (STATUS_CODES[response.status] ?? '') : response.reason;
    seen.headers = [...response.headers.raw];
    if (asked.leave === 'at head') leaving.abort();
    for await (const piece of response.body) {
      pieces.push(piece);
      if (asked.leave === 'at body') leaving.abort();
    }
    seen.trailers = [...(response.trailers?.raw ?? [])];
  } catch {
    seen.failed = true;
  }
  if (!seen.failed || asked.leave !== undefined)
    seen.body = Buffer.concat(pieces).toString('latin1');
  await closed();
  return seen;
}
