import http, { type IncomingMessage, type Server } from 'node:http';
import https from 'node:https';
import type { ServerTls } from './server-tls.ts';
import { prepareSocketPath } from './socket-path.ts';

/** Where a server of `node:http` listens, and its bounds. */
export interface BindOptions {
  readonly host?: string;
  /** 0 picks a free one. */
  readonly port?: number;
  /** A unix socket, instead of host and port. */
  readonly path?: string;
  /** For HTTPS. */
  readonly tls?: ServerTls;
  /** Whether HTTP/2 is offered too. */
  readonly http2?: boolean;
  /** Largest head of a request, in bytes; a larger one is answered with 431. */
  readonly maxHeadBytes: number;
  /** Whether other processes may listen on the same port. */
  readonly reusePort?: boolean;
  /**
   * Most connections at once; further ones are closed unanswered. To leave them in the backlog
   * instead is not in Node's power: it can stop to accept only by closing the listening socket, and
   * that resets every connection of the backlog.
   */
  readonly maxConnections: number;
  /** How long a request's head may take, in ms; then 408. */
  readonly headersTimeoutMs: number;
}

/** Decides which requests that ask for another protocol come as the event `upgrade`. */
export type MayUpgrade = (request: IncomingMessage) => boolean;

/** A server that does not listen yet. */
export interface Binding {
  readonly server: Server;
  /** The event that brings the sockets that requests name as theirs. */
  readonly connectionEvent: 'connection' | 'secureConnection';
  /**
   * Listens; resolves with the bound address as a URL.
   *
   * @throws {Error} when the address cannot be bound.
   */
  listen(): Promise<string>;
}

/** How often Node looks for heads that take too long, in ms. */
const CHECK_MS = 1_000;
/** How long an idle connection is kept, in ms. */
const KEEP_ALIVE_MS = 60_000;

/**
 * Makes a server with the strict parser and the limits of the proxy.
 *
 * @param mayUpgrade is asked for each request with `Connection: upgrade` and `Upgrade`, by Node 24.9
 *   or later; before, all of them come as `upgrade`.
 */
export function bindHttp(options: BindOptions, mayUpgrade: MayUpgrade): Binding {
  const { tls, maxConnections, maxHeadBytes, headersTimeoutMs } = options;
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
    noDelay: true,
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
  server.maxConnections = maxConnections;
  // Else a master offers it to the next worker, again and again while all are full.
  Object.assign(server, { dropMaxConnection: true });
  // 0 means "no limit": Node drops fields past its limit in silence, we count them ourselves.
  server.maxHeadersCount = 0;
  return {
    server,
    connectionEvent: tls === undefined ? 'connection' : 'secureConnection',
    listen: async () => {
      if (options.path !== undefined) await prepareSocketPath(options.path);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.once('listening', resolve);
        if (options.path !== undefined) server.listen(options.path);
        else {
          const { host = '127.0.0.1', port = 0, reusePort = false } = options;
          server.listen({ host, port, reusePort });
        }
      });
      return boundAddress(server, options);
    },
  };
}

function boundAddress(server: Server, { host = '127.0.0.1', path, tls }: BindOptions): string {
  const bound = server.address();
  if (path !== undefined || bound === null || typeof bound === 'string') return `unix:${path}`;
  const shown = host.includes(':') ? `[${host}]` : host;
  return `${tls === undefined ? 'http' : 'https'}://${shown}:${bound.port}`;
}
