import http, { type ServerResponse } from 'node:http';
import type { RunningProxy } from '../proxy.ts';
import { createMetrics } from './metrics.ts';
import { dashboardPage } from './page.ts';
import { stats } from './stats.ts';

/** The pages for whoever operates the proxy. */
export interface Admin {
  /** The bound address as a URL. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Serves the dashboard at `/`, `/metrics`, `/stats.json`, `/healthz` and `/readyz`.
 *
 * @throws {Error} when the address cannot be bound.
 */
export async function startAdmin(
  place: { readonly host: string; readonly port: number },
  proxy: RunningProxy,
): Promise<Admin> {
  const metrics = createMetrics(proxy);
  const page = dashboardPage();
  const pages = new Map<string, (response: ServerResponse) => Promise<void>>([
    [
      '/',
      async (response) => send(response, 200, 'text/html; charset=utf-8', page.html, page.fields),
    ],
    ['/healthz', async (response) => send(response, 200, TEXT, 'ok\n')],
    [
      '/readyz',
      async (response) => {
        const why = await notReady(proxy);
        send(response, why === undefined ? 200 : 503, TEXT, `${why ?? 'ok'}\n`);
      },
    ],
    [
      '/metrics',
      async (response) => send(response, 200, metrics.contentType, await metrics.text()),
    ],
    [
      '/stats.json',
      async (response) =>
        send(response, 200, 'application/json', `${JSON.stringify(stats(proxy))}\n`),
    ],
  ]);
  const server = http.createServer(async (request, response) => {
    const show = pages.get(request.url?.split('?')[0] ?? '');
    if (show === undefined) send(response, 404, TEXT, 'not found\n');
    else if (request.method !== 'GET' && request.method !== 'HEAD') {
      send(response, 405, TEXT, 'GET and HEAD only\n', ['Allow', 'GET, HEAD']);
    } else await show(response);
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

const TEXT = 'text/plain; charset=utf-8';

async function notReady(proxy: RunningProxy): Promise<string | undefined> {
  if (proxy.draining) return 'draining';
  const reachable = await Promise.all(proxy.upstreams.map((upstream) => upstream.reachable()));
  return reachable.includes(true) ? undefined : 'no upstream can be reached';
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
