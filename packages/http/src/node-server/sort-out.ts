import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { SharedPort } from '@tp/transport';
import { rememberPeerIdentity } from './peer-identity.ts';

/**
 * Puts a look at each new connection before HTTP: what Node's server does with one waits until it is
 * known to be no link. Listeners that are added later are told of all connections at once.
 */
export function sortOut(server: EventEmitter, event: string, port: SharedPort): void {
  const listeners = server.rawListeners(event);
  server.removeAllListeners(event);
  server.on(event, (socket: Socket) => {
    port.sort(socket, (http, names) => {
      rememberPeerIdentity(http, names);
      for (const listener of listeners) Reflect.apply(listener, server, [http]);
    });
  });
}
