import type { Socket } from 'node:net';

const identities = new WeakMap<Socket, readonly string[]>();

/** Remembers the names in the verified certificate of a connection's client. */
export function rememberPeerIdentity(socket: Socket, names: readonly string[] | undefined): void {
  if (names !== undefined) identities.set(socket, names);
}

/** Those names; undefined where no certificate was shown or asked for. */
export function peerIdentityOf(socket: Socket): readonly string[] | undefined {
  return identities.get(socket);
}
