import http, { type ServerResponse } from 'node:http';
import { measurePage } from './measure.ts';
import { createMetrics } from './metrics.ts';
import { dashboardPage } from './page.ts';
import type { AdminSource } from './source.ts';

/** Answers with a page. */
type Show = (response: ServerResponse, query: string) => Promise<void>;

/** The pages for whoever operates the proxy. */
export interface Admin {
  /** The bound address as a URL. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Serves the dashboard at `/`, `/metrics`, `/stats.json`, `/healthz` and `/readyz`, and `/measure` and
 * `/measure.json` where savings are measured.
 *
 * @throws {Error} when the address cannot be bound.
 */
export async function startAdmin(
  place: { readonly host: string; readonly port: number },
  source: AdminSource,
): Promise<Admin> {
  const metrics = createMetrics();
  const page = dashboardPage();
  const pages = new Map<string, Show>([
    [
      '/',
      async (response) => send(response, 200, 'text/html; charset=utf-8', page.html, page.fields),
    ],
    ['/healthz', async (response) => sendState(response, source.notAlive())],
    ['/readyz', async (response) => sendState(response, await source.notReady())],
    [
      '/metrics',
      async (response) =>
        send(response, 200, metrics.contentType, await metrics.text(await source.figures())),
    ],
    ...measurePages(source),
    [
      '/stats.json',
      async (response) => {
        const { stats } = await source.figures();
        send(response, 200, 'application/json', `${JSON.stringify(stats)}\n`);
      },
    ],
  ]);
  const server = http.createServer(async (request, response) => {
    const [path = '', query = ''] = request.url?.split('?') ?? [];
    const show = pages.get(path);
    if (show === undefined) send(response, 404, TEXT, 'not found\n');
    else if (request.method !== 'GET' && request.method !== 'HEAD') {
      send(response, 405, TEXT, 'GET and HEAD only\n', ['Allow', 'GET, HEAD']);
    } else await show(response, query);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(place.port, place.host, resolve);
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : place.port;
  const host = place.host.includes(':') ? `[${place.host}]` : place.host;
  return {
    address: `http://${host}:${port}`,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

/** Where nobody measures, there is nothing. */
function measurePages({ measuring }: AdminSource): [string, Show][] {
  if (measuring === undefined) return [];
  return [
    [
      '/measure',
      async (response, query) => {
        const which = new URLSearchParams(query).get('listener');
        const page = measurePage(measuring.results(), which);
        send(response, 200, 'text/html; charset=utf-8', page, STATIC_FIELDS);
      },
    ],
    [
      '/measure.json',
      async (response) => {
        const listeners = measuring.results();
        send(response, 200, 'application/json', `${JSON.stringify({ listeners })}\n`);
      },
    ],
  ];
}

/** A page without scripts. */
const STATIC_FIELDS = [
  [
    'Content-Security-Policy',
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ],
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'no-referrer'],
].flat();

const TEXT = 'text/plain; charset=utf-8';

/** 200 when all is well, else 503 and why. */
function sendState(response: ServerResponse, why: string | undefined): void {
  send(response, why === undefined ? 200 : 503, TEXT, `${why ?? 'ok'}\n`);
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  more: readonly string[] = [],
): void {
  const length = `${Buffer.byteLength(body)}`;
  const fields = ['Content-Type', type, 'Content-Length', length, 'Cache-Control', 'no-store'];
  response.writeHead(status, [...fields, ...more]);
  response.end(body);
}
