import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

/** What an origin saw of one request. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly rawTrailers: readonly string[];
  /** Its length in bytes and a digest of it; how much of one that broke off came through is chance. */
  readonly body: string;
  readonly aborted: boolean;
}

/** A Node listener, and what it has seen since it was asked last. */
export interface Origin {
  readonly listener: RequestListener;
  /** Resolves with the requests so far, once all of them are over; and forgets them. */
  take(): Promise<SeenRequest[]>;
  /** Resolves when the next request has come. */
  readonly next: Promise<void>;
}

const TEXT = 'Grüße an alle, die das lesen. '.repeat(400);
/** A tenth of a megabyte that does not repeat, so that a piece in the wrong place shows. */
export const PIECE: Buffer = Buffer.from(
  Array.from({ length: 100_000 }, (_, i) => (i * 7919 + (i >> 8) * 31) & 0xff),
);

type Route = (
  req: IncomingMessage,
  res: ServerResponse,
  path: readonly string[],
  body: Buffer,
) => void;

/** The routes that clients are tried on, and a record of all that comes. */
export function createOrigin(): Origin {
  let running = 0;
  let seen: SeenRequest[] = [];
  const attempts = new Map<string, number>();
  let next = Promise.withResolvers<void>();

  const record = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    running++;
    next.resolve();
    next = Promise.withResolvers();
    const pieces: Buffer[] = [];
    res.on('close', () => {
      const { method = '', url = '', rawHeaders, rawTrailers } = req;
      const aborted = !res.writableFinished;
      const body = aborted ? 'not told' : digest(Buffer.concat(pieces));
      seen.push({ method, url, rawHeaders, rawTrailers, body, aborted });
      running--;
    });
    const [, name = '', ...path] = (req.url ?? '').split(/[/?]/);
    const early = EARLY.get(name);
    if (early !== undefined) {
      req.resume();
      early(req, res, path, Buffer.alloc(0));
      return;
    }
    try {
      for await (const piece of req) pieces.push(piece);
    } catch {
      return;
    }
    const body = Buffer.concat(pieces);
    if (name === 'flaky') flaky(req, res, attempts);
    else (ROUTES.get(name) ?? notFound)(req, res, path, body);
  };

  return {
    listener: (req, res) => void record(req, res),
    get next() {
      return next.promise;
    },
    async take() {
      while (running > 0) await turn();
      const taken = seen;
      seen = [];
      attempts.clear();
      return taken;
    },
  };
}

/** The length of bytes, and which ones they are. */
export function digest(bytes: Uint8Array): string {
  return `${bytes.length} ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;
}

/** Answered without waiting for the request's body. */
const EARLY = new Map<string, Route>([
  ['never', () => {}],
  ['reset', (_req, res) => void res.destroy()],
  [
    'stalls',
    (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/octet-stream' });
      res.write(PIECE);
    },
  ],
]);

const ROUTES = new Map<string, Route>([
  [
    'echo',
    (req, res, _path, body) => {
      sendJson(res, 200, { method: req.method, url: req.url, body: body.toString('latin1') });
    },
  ],
  ['status', (_req, res, [status]) => sendJson(res, Number(status), { status: Number(status) })],
  [
    'redirect',
    (_req, res, [status, left = '0']) => {
      const to = left === '0' ? '/echo?from=redirect' : `/redirect/${status}/${Number(left) - 1}`;
      res.writeHead(Number(status), { location: to }).end();
    },
  ],
  [
    'pieces',
    (_req, res, [count]) => {
      res.writeHead(200, { 'content-type': 'application/octet-stream' });
      for (let i = 0; i < Number(count); i++) res.write(PIECE);
      res.end();
    },
  ],
  ['gzip', (_req, res) => sendCoded(res, 'gzip', gzipSync(TEXT))],
  ['br', (_req, res) => sendCoded(res, 'br', brotliCompressSync(TEXT))],
  ['deflate', (_req, res) => sendCoded(res, 'deflate', deflateSync(TEXT))],
  [
    'cookies',
    (req, res) => {
      res.setHeader('Set-Cookie', ['a=1; Path=/; HttpOnly', 'b=2; Path=/']);
      sendJson(res, 200, { cookie: req.headers.cookie ?? null });
    },
  ],
  [
    'fields',
    (_req, res) => {
      res.writeHead(299, 'Oddly Fine', [
        'X-B',
        '1',
        'x-a',
        '2',
        'X-b',
        '3',
        'X-Latin',
        'é',
        'X-Empty',
        '',
      ]);
      res.end('fields');
    },
  ],
  ['empty', (_req, res, [status]) => void res.writeHead(Number(status), { etag: '"x"' }).end()],
  [
    'auth',
    (req, res) => {
      const known = req.headers.authorization === `Basic ${btoa('user:pass word')}`;
      if (!known) res.setHeader('WWW-Authenticate', 'Basic realm="x"');
      sendJson(res, known ? 200 : 401, { known });
    },
  ],
  [
    'broken',
    (_req, res) => {
      res.writeHead(200, { 'content-length': '1000' });
      res.write('only this');
      setTimeout(() => res.destroy(), 20);
    },
  ],
  [
    'early-hints',
    (_req, res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      sendJson(res, 200, { hinted: true });
    },
  ],
  [
    'trailers',
    (req, res) => {
      res.writeHead(200, { trailer: 'x-sum' });
      res.write('with trailers');
      res.addTrailers([['X-Sum', req.rawTrailers.join()]]);
      res.end();
    },
  ],
]);

/** Answers 503 twice, then 200. */
function flaky(req: IncomingMessage, res: ServerResponse, attempts: Map<string, number>): void {
  const attempt = (attempts.get(req.url ?? '') ?? 0) + 1;
  attempts.set(req.url ?? '', attempt);
  if (attempt <= 2) res.setHeader('Retry-After', '0');
  sendJson(res, attempt > 2 ? 200 : 503, { attempt });
}

function notFound(_req: IncomingMessage, res: ServerResponse): void {
  sendJson(res, 404, { error: 'there is no such thing' });
}

function sendJson(res: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value);
  res.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  });
  res.end(text);
}

function sendCoded(res: ServerResponse, coding: string, bytes: Buffer): void {
  res.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-encoding': coding });
  res.end(bytes);
}
