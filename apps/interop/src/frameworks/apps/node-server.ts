import { once } from 'node:events';
import { Server, type ServerResponse } from 'node:http';
import type { Server as NetServer } from 'node:net';
import type { Journal } from '../journal.ts';

/** Lets a server listen on a free port of 127.0.0.1. */
export async function listening(server: NetServer): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

/** The port that a server listens on. */
export function portOf(server: NetServer): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

/** Closes a server and all its connections. */
export async function stop(server: NetServer | undefined): Promise<void> {
  if (server === undefined || !server.listening) return;
  const closed = once(server, 'close');
  server.close();
  if (server instanceof Server) server.closeAllConnections();
  await closed;
}

/** Notes when a response is closed before its end. */
export function noteLeaving(response: ServerResponse, journal: Journal): void {
  response.on('close', () => {
    if (!response.writableFinished) journal.note('the client is gone');
  });
}
