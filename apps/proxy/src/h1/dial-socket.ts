import net from 'node:net';
import tls, { type PeerCertificate } from 'node:tls';
import { formatProxyHeader, type ProxyProtocol } from './proxy-protocol.ts';

/** Where an origin listens. */
export interface OriginTarget {
  readonly host?: string;
  readonly port?: number;
  /** A unix socket, instead of host and port. */
  readonly path?: string;
  /** TLS, with these authorities (PEM) instead of the system's. */
  readonly tls?: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    /** The name that `host` is an address of. */
    readonly servername?: string;
    /** Instead of a comparison with the host: why a verified certificate is not the origin's. */
    readonly checkServerIdentity?: (
      host: string,
      certificate: PeerCertificate,
    ) => Error | undefined;
  };
  /** Each connection begins with a header that says whom it is made for. */
  readonly proxyProtocol?: ProxyProtocol;
}

/**
 * Connects to an origin. What is written meanwhile waits, behind the header of the PROXY protocol
 * where there is one.
 *
 * @param peer whom the connection is made for, for that header: `ADDRESS:PORT`; undefined: for nobody
 *   but the proxy.
 */
export function dialSocket(target: OriginTarget, peer?: string): net.Socket {
  const place =
    target.path === undefined
      ? { host: target.host ?? '127.0.0.1', port: target.port ?? 80, noDelay: true }
      : { path: target.path };
  const { proxyProtocol } = target;
  if (target.tls === undefined) {
    const socket = net.connect(place);
    return proxyProtocol === undefined ? socket : withHeader(socket, proxyProtocol, peer);
  }
  const servername =
    target.host !== undefined && net.isIP(target.host) === 0 ? target.host : undefined;
  const options = {
    ...place,
    ...target.tls,
    ALPNProtocols: ['http/1.1'],
    ...(servername === undefined ? {} : { servername }),
  };
  if (proxyProtocol === undefined) return tls.connect(options);
  const plain = withHeader(net.connect(place), proxyProtocol, peer);
  const secure = tls.connect({ ...options, socket: plain });
  plain.on('error', (error) => secure.destroy(error));
  return secure;
}

/** The address is known, and written, once it is connected; what else is written comes later. */
function withHeader(
  socket: net.Socket,
  version: ProxyProtocol,
  peer: string | undefined,
): net.Socket {
  socket.prependOnceListener('connect', () => {
    socket.write(formatProxyHeader(version, peer, socket));
  });
  return socket;
}
