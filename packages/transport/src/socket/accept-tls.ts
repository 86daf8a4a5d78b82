import type { Socket } from 'node:net';
import type { TLSSocket, TlsOptions } from 'node:tls';
import { isTpError, type TpError } from '@tp/wire';
import { linkError } from '../link/link-error.ts';
import type { AcceptorTls } from './acceptor-tls.ts';
import type { Connection } from './connection.ts';
import { remoteOf } from './socket-connection.ts';

/** Who is told of connections. */
export interface Acceptor {
  accept(connection: Connection): void;
  /** A connection came to nothing before it could be a link; `limit` is what it is counted as. */
  refused(remote: string, limit: string, error: TpError): void;
}

/** What `tls.createServer` is told; peers are to be judged by `identified`, which says why one is refused. */
export function tlsOptions(
  tls: AcceptorTls,
  handshakeTimeout: number,
  protocols: readonly string[],
): TlsOptions {
  return {
    ...tls.certificates,
    ALPNProtocols: [...protocols],
    handshakeTimeout,
    requestCert: tls.asks,
    rejectUnauthorized: false,
    SNICallback: (servername, done) => done(null, tls.contextFor(servername)),
  };
}

/** Hands on a socket whose TLS stands, with its peer's names; one that may not come is destroyed. */
export function identified(
  socket: TLSSocket,
  tls: AcceptorTls,
  acceptor: Acceptor,
  next: (names: readonly string[] | undefined) => void,
): void {
  socket.on('error', () => {});
  let names: readonly string[] | undefined;
  try {
    names = tls.identify(socket);
  } catch (error) {
    if (!isTpError(error)) throw error;
    acceptor.refused(remoteOf(socket), 'peerIdentity', error);
    socket.destroy();
    return;
  }
  next(names);
}

/** Counts a TLS handshake that failed. */
export function handshakeFailed(cause: Error, socket: Socket, acceptor: Acceptor): void {
  const isLate = 'code' in cause && cause.code === 'ERR_TLS_HANDSHAKE_TIMEOUT';
  acceptor.refused(
    remoteOf(socket),
    isLate ? 'handshakeTimeout' : 'tlsHandshake',
    linkError('PROTOCOL', `the TLS handshake failed: ${cause.message}`, cause),
  );
}
