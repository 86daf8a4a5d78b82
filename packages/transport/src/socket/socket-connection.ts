import type { Socket } from 'node:net';
import type { Connection, ConnectionEvents } from './connection.ts';

/** A batch up to this size, in bytes, goes to the socket as one piece: those that carry data do. */
const WHOLE = 96 * 1024;
/** Once the socket takes no more, it gets the rest in pieces of this size, so that what it takes can be seen. */
const PIECE = 16 * 1024;
const NOTHING = new Uint8Array(0);

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
  /** What the socket was not given yet, as it takes no more. */
  #rest: Uint8Array[] = [];
  #ending = false;

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
    if (this.#rest.length > 0) {
      this.#rest.push(bytes);
      return false;
    }
    if (bytes.length > WHOLE) this.#writeFirst(bytes);
    else this.#writeWhole(bytes);
    this.#waiting = socket.writableLength > 0;
    return !this.#waiting;
  }

  /** A write that the socket takes at once needs no call back, which costs more than all else about it. */
  #writeWhole(bytes: Uint8Array): void {
    const socket = this.#socket;
    socket.write(bytes);
    if (socket.writableLength > 0) socket.write(NOTHING, this.#afterWrite);
  }

  /** Writes of many bytes what the socket takes, and one piece more. */
  #writeFirst(bytes: Uint8Array): void {
    const socket = this.#socket;
    let at = 0;
    while (at < bytes.length && socket.writableLength === 0) {
      socket.write(bytes.subarray(at, at + WHOLE), this.#afterWrite);
      at += WHOLE;
    }
    if (at < bytes.length) this.#rest.push(bytes.subarray(at));
  }

  /** `drain` of the socket itself comes only above its high-water mark; a batch is often below it. */
  readonly #afterWrite = (): void => {
    const socket = this.#socket;
    if (!this.#waiting || socket.writableLength > 0) return;
    while (this.#rest.length > 0 && !socket.destroyed) {
      this.#writePiece();
      if (socket.writableLength > 0) return;
    }
    this.#waiting = false;
    if (this.#ending) socket.end();
    this.#events?.drain();
  };

  #writePiece(): void {
    const [first, ...others] = this.#rest;
    if (first === undefined) return;
    this.#socket.write(first.subarray(0, PIECE), this.#afterWrite);
    this.#rest = first.length > PIECE ? [first.subarray(PIECE), ...others] : others;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#ending = true;
    if (this.#rest.length === 0) this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
