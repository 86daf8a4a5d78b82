import http, { type IncomingMessage, type Server } from 'node:http';
import https from 'node:https';
import type { ServerTls } from './server-tls.ts';

/** What a server of `node:http` speaks, and its bounds. */
export interface SpeakOptions {
  /** For HTTPS. */
  readonly tls?: ServerTls;
  /** Whether HTTP/2 is offered too. */
  readonly http2?: boolean;
  /** Largest head of a request, in bytes; a larger one is answered with 431. */
  readonly maxHeadBytes: number;
  /** How long a request's head may take, in ms; then 408. */
  readonly headersTimeoutMs: number;
}

/** Decides which requests that ask for another protocol come as the event `upgrade`. */
export type MayUpgrade = (request: IncomingMessage) => boolean;

/** How often Node looks for heads that take too long, in ms. */
const CHECK_MS = 1_000;
/** How long an idle connection is kept, in ms. */
const KEEP_ALIVE_MS = 60_000;

/**
 * Makes a server with the strict parser and the limits of the proxy. It does not listen: connections are
 * given to it with the event `connection`.
 *
 * @param mayUpgrade is asked for each request with `Connection: upgrade` and `Upgrade`, by Node 24.9
 *   or later; before, all of them come as `upgrade`.
 */
export function speakHttp(options: SpeakOptions, mayUpgrade: MayUpgrade): Server {
  const { tls, maxHeadBytes, headersTimeoutMs } = options;
  const settings = {
    maxHeaderSize: maxHeadBytes,
    headersTimeout: headersTimeoutMs,
    // A long upload is no attack by itself.
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.min(CHECK_MS, headersTimeoutMs),
    insecureHTTPParser: false,
    // Node would answer by itself, and go on with what stands behind the request.
    requireHostHeader: false,
    shouldUpgradeCallback: mayUpgrade,
  };
  const server: Server =
    tls === undefined
      ? http.createServer(settings)
      : https.createServer({
          ...settings,
          ...tls.options,
          ALPNProtocols: options.http2 === true ? ['h2', 'http/1.1'] : ['http/1.1'],
        });
  // 0 means "no limit": Node drops fields past its limit in silence, we count them ourselves.
  server.maxHeadersCount = 0;
  // With this, Node begins to look for heads that take too long, and to know which connections are idle.
  server.emit('listening');
  return server;
}
