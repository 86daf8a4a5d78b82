import type { EventEmitter } from 'node:events';
import type { Server as HttpServer, ServerOptions as HttpServerOptions } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { ListenTls, SharedPort, TransportStats } from '@tp/transport';
import { fromListener, fromListenerOf, type RequestListener } from '../listener/from-listener.ts';
import { LeanServer, type ServerOptions } from '../server/server.ts';
import type { Handler } from '../types.ts';
import { PlainNodeServer } from './plain-node-server.ts';
import { SecureNodeServer } from './secure-node-server.ts';

/** What a server for HTTP and tp may be told: what holds for links as for `createServer`, and besides: */
export interface NodeServerOptions extends ServerOptions {
  /** What `node:http` is told. */
  readonly http?: HttpServerOptions;
}

/** The part of a server for HTTP and tp that serves tp. */
export interface TeleportPart {
  /** Figures of its links; HTTP counts in none of them. */
  stats(): TransportStats;
  /**
   * Shows other certificates from now on, to those who speak HTTP as well; see `Server.reloadTls`.
   *
   * @throws {TpError} INVALID_ARGUMENT when they can't be used; then the old ones stay.
   */
  reloadTls(tls: ListenTls): void;
}

/** An `http.Server` that serves tp on the same port. */
export type NodeServer = HttpServer & { readonly teleport: TeleportPart };

/** An `https.Server` that serves tp on the same port. */
export type TlsNodeServer = HttpsServer & { readonly teleport: TeleportPart };

/**
 * A real `http.Server`, or `https.Server` where `tls` is given, that serves its listener over tp as
 * well, on the same port. It stands in wherever a server of Node's is expected:
 * `createNodeServer(app).listen(8080)`, `Fastify({ serverFactory: (handler) => createNodeServer(handler) })`.
 *
 * A connection is a link if its first byte says so, or under TLS what ALPN agreed on (`tp/1`, else
 * `http/1.1`); one that says nothing for `limits.handshakeTimeoutMs` is closed and counted. Requests
 * on links come to the same listeners: those for `request`, `checkContinue`, `checkExpectation` and
 * `upgrade`;
 * see `fromListener` for how they look. The other events, and Node's time limits, are for HTTP.
 *
 * Over plain TCP a link must come from this machine, unless `insecure` allows others; HTTP may come
 * from anywhere. TLS is 1.3. Certificates of clients are asked for and judged as `tls` says whichever
 * protocol they speak; `tokens` are for links alone.
 *
 * `close()` lets no more connections in, tells those on links that it ends, and calls back when the
 * last one has, after `drainTimeoutMs` for a link. It cannot listen again. `closeAllConnections()`
 * ends links too.
 *
 * @throws {TpError} INVALID_ARGUMENT for options that cannot be.
 */
export function createNodeServer(
  listener: RequestListener | undefined,
  options: NodeServerOptions & { readonly tls: ListenTls },
): TlsNodeServer;
export function createNodeServer(
  listener?: RequestListener,
  options?: Omit<NodeServerOptions, 'tls'>,
): NodeServer;
export function createNodeServer(
  listener?: RequestListener,
  options: NodeServerOptions = {},
): NodeServer | TlsNodeServer {
  const { http, ...forLinks } = options;
  const lean = new LeanServer((request) => handle(request), forLinks);
  const port = lean.transport.sharePort();
  const init: NodeServerInit = { http: http ?? {}, listener, port, lean };
  const server = options.tls === undefined ? new PlainNodeServer(init) : new SecureNodeServer(init);
  const handle = handlerFor(server, listener);
  return server;
}

/** Asks those who listen to the server; its own listener, while it is alone, without a detour. */
function handlerFor(server: EventEmitter, listener: RequestListener | undefined): Handler {
  const emit = fromListenerOf(server, (request, response) => {
    server.emit('request', request, response);
  });
  if (listener === undefined) return emit;
  const handler = fromListener(listener);
  return (request) => (isAlone(server, listener) ? handler(request) : emit(request));
}

function isAlone(server: EventEmitter, listener: RequestListener): boolean {
  return (
    server.listenerCount('request') === 1 &&
    server.listenerCount('request', listener) === 1 &&
    server.listenerCount('checkContinue') === 0 &&
    server.listenerCount('checkExpectation') === 0 &&
    server.listenerCount('upgrade') === 0
  );
}

/** What both kinds of servers are made of. */
export interface NodeServerInit {
  readonly http: HttpServerOptions;
  readonly listener: RequestListener | undefined;
  readonly port: SharedPort;
  readonly lean: LeanServer;
}
