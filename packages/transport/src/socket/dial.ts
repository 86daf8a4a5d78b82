import { connect } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { TpError } from '@tp/wire';
import type { Address } from './address.ts';
import type { Connection, Dialer } from './connection.ts';
import { DialerTls, type DialTls } from './dialer-tls.ts';
import { checkPlainText, plainAddress } from './plain-text.ts';
import { socketConnection } from './socket-connection.ts';

/**
 * A dialer for TCP, TLS and unix sockets: the one that pools use by themselves, for a dialer of your
 * own that adds to it. What it returns rejects with a `TpError`, processed "no": UNREACHABLE, or
 * INVALID_ARGUMENT for plain text beyond this machine without `insecure`.
 *
 * @throws {TpError} INVALID_ARGUMENT for certificates and names that cannot be.
 */
export function createDialer(tls?: DialTls, insecure = false): Dialer<Address> {
  const dial = dialSocket(new DialerTls(tls));
  return async (address, signal) => {
    checkPlainText(plainAddress(address), insecure);
    return dial(address, signal);
  };
}

/** The same, with TLS that may change meanwhile. */
export function dialSocket(tls: DialerTls): Dialer<Address> {
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
        const names = socket instanceof TLSSocket ? tls.identify(socket) : undefined;
        resolve(socketConnection(socket, address.kind !== 'tcp', names));
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

function open(address: Address, tls: DialerTls) {
  if (address.kind === 'unix') return connect({ path: address.path });
  const { host, port, name = host } = address;
  if (address.kind === 'tcp') return connect({ host, port, noDelay: true });
  return connectTls({ host, port, ...tls.connectOptions(name) });
}

/** Node reports a name with several addresses, none of which answers, without a message. */
function reasonOf(cause: Error): string {
  if (cause.message !== '') return cause.message;
  return cause instanceof AggregateError ? cause.errors.map(String).join('; ') : cause.name;
}
