import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * A real `ServerResponse` that writes to a listener's socket. It adds no `Date`, `Connection` or
 * `Keep-Alive`: those belong to an HTTP connection, and whoever prints HTTP adds them there.
 */
export class ListenerResponse extends ServerResponse {
  constructor(request: IncomingMessage, socket: Socket) {
    super(request);
    this.sendDate = false;
    this.removeHeader('connection');
    socket.on('drain', () => {
      if (!this.writableEnded) this.emit('drain');
    });
    this.assignSocket(socket);
  }
}

// Node's own keeps what it needs to know of draining in its server, which is not here.
Object.defineProperty(ListenerResponse.prototype, 'writableNeedDrain', {
  configurable: true,
  get(this: ListenerResponse) {
    return !this.destroyed && !this.writableEnded && this.socket?.writableNeedDrain === true;
  },
});
