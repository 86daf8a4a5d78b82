import { connect, isIP } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { ALPN, TpError } from '@tp/wire';
import type { Address } from './address.ts';
import type { Connection, Dialer } from './connection.ts';
import { socketConnection } from './socket-connection.ts';

/** How TLS is spoken to a peer: certificates as Node's `tls.connect` takes them. Always TLS 1.3. */
export type DialTls = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'servername' | 'rejectUnauthorized' | 'checkServerIdentity'
>;

/** A dialer for TCP, TLS and unix sockets. */
export function dialSocket(tls: DialTls): Dialer<Address> {
  return (address, signal) =>
    new Promise<Connection>((resolve, reject) => {
      const socket = open(address, tls);
      const ready = address.kind === 'tls' ? 'secureConnect' : 'connect';
      const fail = (cause: Error) => {
        settle();
        socket.destroy();
        reject(
          new TpError({ code: 'UNREACHABLE', message: reasonOf(cause), processed: 'no', cause }),
        );
      };
      const onAbort = () => fail(new Error('no connection was made in time'));
      const onReady = () => {
        settle();
        resolve(socketConnection(socket, address.kind !== 'tcp'));
      };
      const settle = () => {
        socket.off('error', fail);
        socket.off(ready, onReady);
        signal.removeEventListener('abort', onAbort);
        socket.on('error', () => {});
      };
      socket.once('error', fail);
      socket.once(ready, onReady);
      signal.addEventListener('abort', onAbort, { once: true });
    });
}

function open(address: Address, tls: DialTls) {
  if (address.kind === 'unix') return connect({ path: address.path });
  const { host, port, name = host } = address;
  if (address.kind === 'tcp') return connect({ host, port, noDelay: true });
  return connectTls({
    host,
    port,
    minVersion: 'TLSv1.3',
    ALPNProtocols: [ALPN],
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...tls,
  });
}

/** Node reports a name with several addresses, none of which answers, without a message. */
function reasonOf(cause: Error): string {
  if (cause.message !== '') return cause.message;
  return cause instanceof AggregateError ? cause.errors.map(String).join('; ') : cause.name;
}
