import type { IncomingMessage, ServerResponse } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { type Answer, createRecorder, type Origin, sendJson } from './recorder.ts';

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

/** An origin with the routes that clients are tried on. */
export function createOrigin(): Origin {
  const attempts = new Map<string, number>();
  const routed =
    (route: Route): Answer =>
    (req, res, body) =>
      route(req, res, segments(req).slice(1), body);
  return createRecorder(
    (req, res, body) => {
      const [name = ''] = segments(req);
      if (name === 'flaky') flaky(req, res, attempts);
      else routed(ROUTES.get(name) ?? notFound)(req, res, body);
    },
    (req) => {
      const route = EARLY.get(segments(req)[0] ?? '');
      return route === undefined ? undefined : routed(route);
    },
  );
}

function segments(req: IncomingMessage): string[] {
  return (req.url ?? '').split(/[/?]/).slice(1);
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

/** Answers 503 twice, then 200, and so on. */
function flaky(req: IncomingMessage, res: ServerResponse, attempts: Map<string, number>): void {
  const attempt = (attempts.get(req.url ?? '') ?? 0) + 1;
  attempts.set(req.url ?? '', attempt > 2 ? 0 : attempt);
  if (attempt <= 2) res.setHeader('Retry-After', '0');
  sendJson(res, attempt > 2 ? 200 : 503, { attempt });
}

function notFound(_req: IncomingMessage, res: ServerResponse): void {
  sendJson(res, 404, { error: 'there is no such thing' });
}

function sendCoded(res: ServerResponse, coding: string, bytes: Buffer): void {
  res.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-encoding': coding });
  res.end(bytes);
}
