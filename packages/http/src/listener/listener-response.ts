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
    // Node's server keeps what it needs to know of draining, and is not here. A property of its own,
    // as a framework may give it another prototype (Express does).
    socket.on('drain', () => {
      Object.defineProperty(this, 'writableNeedDrain', NEED_DRAIN);
      if (!this.writableEnded) this.emit('drain');
    });
    this.assignSocket(socket);
  }
}

const NEED_DRAIN: PropertyDescriptor & ThisType<ServerResponse> = {
  configurable: true,
  get() {
    return !this.destroyed && !this.writableEnded && this.socket?.writableNeedDrain === true;
  },
};
