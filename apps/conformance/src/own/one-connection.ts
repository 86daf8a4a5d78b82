import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Address, Connection, ConnectionEvents, Dialer } from '@tp/transport';

/** One TCP connection, for a pool that shall have one link and not replace it. */
export class OneConnection {
  #connection: SocketConnection | undefined;
  #used = false;

  /** Dials the first time, and refuses after that. */
  readonly dial: Dialer<Address> = async (address, signal) => {
    if (this.#used || address.kind !== 'tcp') throw new Error('one connection is all there is');
    this.#used = true;
    const socket = connect({ host: address.host, port: address.port, noDelay: true });
    await once(socket, 'connect', { signal });
    this.#connection = new SocketConnection(socket);
    return this.#connection;
  };

  /** Ends the connection when the link has written what it has to say. */
  async end(): Promise<void> {
    await new Promise(setImmediate);
    this.#connection?.end();
  }
}

class SocketConnection implements Connection {
  readonly secure = false;
  readonly remote: string;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.remote = `${socket.remoteAddress}:${socket.remotePort}`;
  }

  get bytesIn(): number {
    return this.#socket.bytesRead;
  }

  get bytesOut(): number {
    return this.#socket.bytesWritten;
  }

  start(events: ConnectionEvents): void {
    const socket = this.#socket;
    let cause: Error | undefined;
    socket.on('data', (chunk: Uint8Array) => events.data(chunk));
    socket.on('drain', () => events.drain());
    socket.on('error', (error) => {
      cause = error;
    });
    socket.on('close', () => events.close(cause));
  }

  write(bytes: Uint8Array): boolean {
    return this.#socket.write(Buffer.from(bytes));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
