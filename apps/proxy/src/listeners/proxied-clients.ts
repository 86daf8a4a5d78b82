import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { addressOf } from '../client-fields.ts';
import { readProxyHeader } from './proxy-header.ts';

/** Who may connect to a listener, and who says for whom. */
export interface ProxiedOptions {
  /** Whether a connection from this address begins with a header of the PROXY protocol. */
  readonly expects: (address: string | undefined) => boolean;
  /** Whether it may stay, by the client's address; undefined for a unix socket. */
  readonly admits: (address: string | undefined) => boolean;
  /** Counts what was cut off. */
  readonly limitHit: (limit: string) => void;
}

/** The connections of a server that others make for their clients. */
export interface ProxiedClients {
  /** Cuts off those whose header is not complete. */
  closeWaiting(): void;
}

/** How long a header may take, in ms. */
const HEADER_MS = 5_000;

interface Client {
  readonly peer: string | undefined;
  readonly headerBytes: number;
}

const clients = new WeakMap<Duplex, Client>();

/** Where the client of a connection is: what a header said, else the peer; `unix` or `ADDRESS:PORT`. */
export function peerOf(socket: Socket): string {
  const told = clients.get(socket)?.peer;
  if (told !== undefined) return told;
  const { remoteAddress, remotePort } = socket;
  return remoteAddress === undefined ? 'unix' : `${remoteAddress}:${remotePort}`;
}

const ids = new WeakMap<Socket, string>();
let lastId = 0;

/** Tells a connection from all others that this process has had. */
export function connectionIdOf(socket: Socket): string {
  const known = ids.get(socket);
  if (known !== undefined) return known;
  lastId += 1;
  const id = String(lastId);
  ids.set(socket, id);
  return id;
}

/** How many bytes came before what is the client's own. */
export function headerBytesOf(socket: Duplex): number {
  return clients.get(socket)?.headerBytes ?? 0;
}

/** One connection among those that stand, whichever of its sockets it is asked of. */
export function placeOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}

/**
 * Stands between a server and its connections: takes the header off, and hands on those that may
 * stay. To be called before anybody else listens for `connection`.
 */
export function admitProxied(server: Server, options: ProxiedOptions): ProxiedClients {
  const { expects, admits, limitHit } = options;
  const waiting = new Set<Socket>();
  /** The clients of connections on which TLS begins: its socket is another one. */
  const underTls = new Map<string, Client>();
  const takers = server.listeners('connection');
  const isTls = server.listenerCount('secureConnection') > 0;
  server.removeAllListeners('connection');

  const closeWaiting = (): void => {
    for (const socket of waiting) socket.destroy();
  };

  const handOver = (socket: Socket, address: string | undefined): void => {
    if (!admits(address)) {
      limitHit('allow');
      socket.destroy();
      return;
    }
    for (const take of takers) Reflect.apply(take, server, [socket]);
  };

  server.on('connection', (socket: Socket) => {
    if (!expects(socket.remoteAddress)) {
      handOver(socket, socket.remoteAddress);
      return;
    }
    waiting.add(socket);
    readHeader(socket, (header) => {
      waiting.delete(socket);
      if (header === undefined) {
        limitHit('proxyHeader');
        return;
      }
      clients.set(socket, header);
      if (isTls) {
        const place = placeOf(socket);
        underTls.set(place, header);
        socket.once('close', () => underTls.delete(place));
      }
      const { peer } = header;
      handOver(socket, peer === undefined ? socket.remoteAddress : addressOf(peer));
      // Whoever reads it found it paused; where TLS does, that reads by itself.
      if (!isTls) socket.resume();
    });
    socket.once('close', () => waiting.delete(socket));
  });
  if (!isTls) return { closeWaiting };
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    const client = underTls.get(placeOf(socket));
    if (client !== undefined) clients.set(socket, client);
  });
  return { closeWaiting };
}

/**
 * Reads a header and leaves what came behind it in the socket, which is paused then.
 *
 * @param done gets undefined when there is none, or not in time; the connection is cut off then. Not
 *   called when it closes before that.
 */
function readHeader(socket: Socket, done: (client: Client | undefined) => void): void {
  let received = Buffer.alloc(0);
  const settle = (client: Client | undefined): void => {
    clearTimeout(timer);
    socket.off('data', onData);
    socket.off('close', onClose);
    if (client === undefined) socket.destroy();
    else socket.off('error', onError);
    done(client);
  };
  const onData = (bytes: Buffer): void => {
    received = Buffer.concat([received, bytes]);
    const header = readProxyHeader(received);
    if (header === 'partial') return;
    if (header === 'wrong') {
      settle(undefined);
      return;
    }
    socket.pause();
    const rest = received.subarray(header.bytes);
    if (rest.length > 0) socket.unshift(rest);
    settle({ peer: header.peer, headerBytes: header.bytes });
  };
  const onClose = (): void => clearTimeout(timer);
  const onError = (): void => {};
  const timer = setTimeout(settle, HEADER_MS, undefined);
  socket.on('data', onData);
  socket.on('close', onClose);
  socket.on('error', onError);
}
