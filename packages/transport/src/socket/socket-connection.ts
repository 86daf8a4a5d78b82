import type { Socket } from 'node:net';
import type { Connection, ConnectionEvents } from './connection.ts';

/**
 * A Node socket (TCP, TLS or unix) as a `Connection`. Nagle's algorithm is off, as a batch is
 * written whole.
 *
 * @param peerIdentity the names in the certificate that the peer showed and that was verified.
 */
export function socketConnection(
  socket: Socket,
  secure: boolean,
  peerIdentity?: readonly string[],
): Connection {
  return new SocketConnection(socket, secure, peerIdentity);
}

/** Where a socket comes from or leads to: `192.0.2.1:7000`, or `unix`. */
export function remoteOf(socket: Socket): string {
  const { remoteAddress, remotePort } = socket;
  return remoteAddress === undefined ? 'unix' : `${remoteAddress}:${remotePort}`;
}

class SocketConnection implements Connection {
  readonly secure: boolean;
  readonly remote: string;
  readonly peerIdentity: readonly string[] | undefined;
  readonly #socket: Socket;
  #events: ConnectionEvents | undefined;
  #waiting = false;

  constructor(socket: Socket, secure: boolean, peerIdentity: readonly string[] | undefined) {
    this.#socket = socket;
    this.secure = secure;
    this.peerIdentity = peerIdentity;
    this.remote = remoteOf(socket);
    socket.setNoDelay(true);
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
    this.#events = events;
    // A plain array: views of a Buffer are Buffers, which are several times as dear to make.
    socket.on('data', (chunk: Uint8Array) =>
      events.data(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)),
    );
    socket.on('error', (error) => {
      cause = error;
    });
    socket.on('end', () => socket.destroy());
    socket.on('close', () => events.close(cause));
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket.destroyed) return false;
    socket.write(bytes, this.#afterWrite);
    this.#waiting = socket.writableLength > 0;
    return !this.#waiting;
  }

  /** `drain` of the socket itself comes only above its high-water mark; a batch is often below it. */
  readonly #afterWrite = (): void => {
    if (!this.#waiting || this.#socket.writableLength > 0) return;
    this.#waiting = false;
    this.#events?.drain();
  };

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
