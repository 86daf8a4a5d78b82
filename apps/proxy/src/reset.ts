import type { Socket } from 'node:net';

/** Ends a connection in a way that nobody takes for a regular end, where it is one that can: not TLS, no unix socket. */
export function reset(socket: Socket): void {
  if ('encrypted' in socket || socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
