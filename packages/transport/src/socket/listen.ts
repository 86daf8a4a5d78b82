import cluster from 'node:cluster';
import { lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { ALPN, TpError } from '@tp/wire';
import { type Acceptor, handshakeFailed, identified, tlsOptions } from './accept-tls.ts';
import type { AcceptorTls } from './acceptor-tls.ts';
import { type Address, withPort } from './address.ts';
import type { PendingHandshakes } from './pending-handshakes.ts';
import { remoteOf, socketConnection } from './socket-connection.ts';

/** A place where connections are accepted. */
export interface Listener {
  /** Where it listens, the port filled in. */
  readonly address: Address;
  /** Stops to accept. Connections that were accepted go on. */
  close(): void;
  /** Shows the certificates that its TLS has now to those who come from now on. */
  renew(): void;
  /** Accepts so many connections at once from now on. */
  limit(maxLinks: number): void;
}

/** What makes links of the connections of a port that is opened elsewhere. */
export interface SocketTaker {
  /** Takes a connection on which nothing was read yet. */
  take(socket: Socket): void;
  /** Shows the certificates that its TLS has now to those who come from now on. */
  renew(): void;
}

/** Who is told of connections, and counts those that are not links yet. */
export interface CountingAcceptor extends Acceptor {
  readonly handshakes: PendingHandshakes;
}

/** How connections are accepted. */
interface ListenInit {
  readonly tls: AcceptorTls | undefined;
  /** TLS must stand by then, in ms. */
  readonly handshakeTimeoutMs: number;
  /** Others may listen on the same TCP port. */
  readonly reusePort: boolean;
  /** Further connections are closed as they come. */
  readonly maxLinks: number;
}

/**
 * Listens on a TCP, TLS or unix socket.
 *
 * @throws {TpError} INVALID_ARGUMENT when there is no certificate, or the address can't be bound.
 */
export async function listenSocket(
  address: Address,
  { tls, handshakeTimeoutMs, reusePort, maxLinks }: ListenInit,
  acceptor: CountingAcceptor,
): Promise<Listener> {
  const secure =
    address.kind === 'tls' ? tlsServer(address, tls, handshakeTimeoutMs, acceptor) : undefined;
  const server = secure ?? createServer((socket) => accept(socket, address.kind, acceptor));
  // Whoever is dropped dials elsewhere at once, where one who waited in the backlog would not know.

  server.maxConnections = maxLinks;
  // Else the primary of a cluster offers it to the next worker, again and again while all are full.
  Object.assign(server, { dropMaxConnection: true });
  server.on('drop', (from) => {
    const { remoteAddress, remotePort } = from ?? {};
    const remote = remoteAddress === undefined ? 'unix' : `${remoteAddress}:${remotePort}`;
    acceptor.refused(remote, 'maxLinks', tooManyLinks(server.maxConnections));
  });
  if (address.kind === 'unix') await removeStale(address.path);
  await bind(server, address, reusePort);
  const bound = server.address();
  return {
    address: bound !== null && typeof bound === 'object' ? withPort(address, bound.port) : address,
    close: () => server.close(),
    limit: (most) => {
      server.maxConnections = most;
    },
    renew: () => {
      if (tls !== undefined) secure?.setSecureContext(tls.certificates);
    },
  };
}

/**
 * Makes links of sockets as a listener of that kind does, TLS included.
 *
 * @throws {TpError} INVALID_ARGUMENT when there is no certificate.
 */
export function takeSockets(
  address: Address,
  { tls, handshakeTimeoutMs }: Pick<ListenInit, 'tls' | 'handshakeTimeoutMs'>,
  acceptor: CountingAcceptor,
): SocketTaker {
  if (address.kind !== 'tls') {
    return { take: (socket) => accept(socket, address.kind, acceptor), renew: () => {} };
  }
  const server = tlsServer(address, tls, handshakeTimeoutMs, acceptor);
  return {
    take: (socket) => void server.emit('connection', socket),
    renew: () => {
      if (tls !== undefined) server.setSecureContext(tls.certificates);
    },
  };
}

/** Why a connection is closed as it comes. */
export function tooManyLinks(maxLinks: number): TpError {
  const message = `the server has as many links as maxLinks allows: ${maxLinks}`;
  return new TpError({ code: 'REFUSED', message, processed: 'no' });
}

function accept(socket: Socket, kind: Address['kind'], acceptor: Acceptor): void {
  socket.on('error', () => {});
  acceptor.accept(socketConnection(socket, kind !== 'tcp'));
}

function tlsServer(
  address: Address,
  tls: AcceptorTls | undefined,
  handshakeTimeout: number,
  acceptor: CountingAcceptor,
): TlsServer {
  if (tls === undefined) throw cannot(address, 'teleports:// needs a certificate and its key');
  const { handshakes } = acceptor;
  const server = createTlsServer(tlsOptions(tls, handshakeTimeout, [ALPN]), (socket) => {
    handshakes.delete(remoteOf(socket));
    identified(socket, tls, acceptor, (names) =>
      acceptor.accept(socketConnection(socket, true, names)),
    );
  });
  server.on('connection', (socket) => {
    const remote = remoteOf(socket);
    handshakes.add(remote, remote, () => socket.destroy());
    socket.on('close', () => handshakes.delete(remote));
  });
  server.on('tlsClientError', (cause: Error, socket) => {
    handshakeFailed(cause, socket, acceptor);
    socket.destroy();
  });
  return server;
}

function bind(server: NetServer, address: Address, reusePort: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => reject(cannot(address, cause.message, cause));
    server.once('error', fail);
    const done = () => {
      server.off('error', fail);
      // A connection that could not be accepted (no descriptors left) is no reason to stop.
      server.on('error', () => {});
      resolve();
    };
    if (address.kind === 'unix') server.listen(address.path, done);
    else server.listen({ port: address.port, host: address.host, reusePort }, done);
  });
}

/** Removes a socket that a dead process has left; anything else at that place stays and is an error. */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  const address: Address = { kind: 'unix', path, url: `teleport+unix:${path}` };
  if (!found.isSocket()) throw cannot(address, 'something else than a socket is there');
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = connect({ path }, () => {
      probe.destroy();
      resolve(true);
    });
    // Anything but a refusal (a full backlog, say) may come from a living process.
    probe.on('error', (cause) => resolve(!('code' in cause && cause.code === 'ECONNREFUSED')));
  });
  // In a cluster it is the primary that listens, for all workers; it will find out who else does.
  if (isAlive && cluster.isWorker) return;
  if (isAlive) throw cannot(address, 'another process listens there');
  await unlink(path);
}

function cannot(address: Address, why: string, cause?: unknown): TpError {
  return new TpError({
    code: 'INVALID_ARGUMENT',
    message: `cannot listen on ${address.url}: ${why}`,
    processed: 'no',
    cause,
  });
}
