import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Request, ResponseInit } from '../types.ts';
import { ListenerAnswer } from './listener-answer.ts';
import { ListenerRequest } from './listener-request.ts';
import { UpgradeSocket } from './upgrade-socket.ts';

/** What listens to `upgrade` of an `http.Server`; its returned promise, if any, is looked after. */
export type UpgradeListener = (request: IncomingMessage, socket: Socket, head: Buffer) => unknown;

/**
 * Lets a listener answer a request that asks for another protocol. What it writes to the socket is
 * read as an HTTP response; from a 101 on the socket leads to the client.
 */
export function answerUpgrade(request: Request, listener: UpgradeListener): Promise<ResponseInit> {
  const answer = new ListenerAnswer(request, {
    get ended() {
      return socket.writableEnded;
    },
    close: () => socket.destroy(),
    switched: (tunnel, early) => socket.attach(tunnel, early),
  });
  const socket = new UpgradeSocket(answer, request.peer);
  const incoming = new ListenerRequest(request, socket);
  const fail = (error: unknown): void => {
    answer.fail(error);
    socket.destroy(error instanceof Error ? error : new Error(String(error)));
  };
  const leave = (): void => {
    if (answer.isSwitched) return;
    socket.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
  };
  // Node closes a socket that has been idle for as long as was asked for, unless somebody listens.
  socket.on('timeout', () => {
    if (socket.listenerCount('timeout') === 1) socket.destroy();
  });
  if (request.signal.aborted) leave();
  else request.signal.addEventListener('abort', leave, { once: true });
  try {
    const returned = listener(incoming, socket, Buffer.alloc(0));
    if (returned instanceof Promise) returned.catch(fail);
  } catch (error) {
    fail(error);
  }
  return answer.promise;
}
