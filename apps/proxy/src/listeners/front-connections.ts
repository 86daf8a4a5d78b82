import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FrontRequest } from './front-request.ts';
import { headerBytesOf, placeOf } from './proxied-clients.ts';

/** The open connections of an HTTP listener, with what is under way on each. */
export interface FrontConnections {
  /** Notes a connection as it comes in, before its TLS. */
  came(socket: Socket): void;
  /** Resolves when there is none left. */
  ended(): Promise<void>;
  /** Notes a request until `done`; when its connection closes before that, it is abandoned. */
  begin(socket: Socket, request: FrontRequest): void;
  done(socket: Socket, request: FrontRequest): void;
  /** Whether an answer of the proxy's own can be written now without garbling another one. */
  mayInterrupt(socket: Duplex): boolean;
  /** The request that is under way on a connection; undefined for none and for several. */
  only(socket: Duplex): FrontRequest | undefined;
  /** Whether a request is under way on a connection. */
  isBusy(socket: Duplex): boolean;
  /** Closes connections on which nothing came yet, or TLS does not stand: Node does not count them as idle. */
  closeUnused(): void;
  /** Cuts all connections off, those too that speak another protocol, which Node lets go of. */
  destroy(): void;
  /** Bytes that crossed the sockets since the start. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Follows the connections of a server. */
export function trackConnections(server: Server, event: string): FrontConnections {
  const open = new Map<Duplex, Set<FrontRequest>>();
  const sockets = new Set<Socket>();
  const raw = new Set<Socket>();
  /** Those on which TLS does not stand yet, by where they lead. */
  const handshaking = new Map<string, Socket>();
  /** Told when there is none left. */
  let lastOne = (): void => undefined;
  let closedIn = 0;
  let closedOut = 0;
  server.on(event, (socket: Socket) => {
    const requests = new Set<FrontRequest>();
    open.set(socket, requests);
    sockets.add(socket);
    handshaking.delete(placeOf(socket));
    socket.on('close', () => {
      open.delete(socket);
      sockets.delete(socket);
      closedIn += socket.bytesRead;
      closedOut += socket.bytesWritten;
      for (const request of requests) request.abandon();
    });
  });
  return {
    came: (socket) => {
      const place = placeOf(socket);
      raw.add(socket);
      handshaking.set(place, socket);
      socket.on('close', () => {
        raw.delete(socket);
        if (handshaking.get(place) === socket) handshaking.delete(place);
        if (raw.size === 0) lastOne();
      });
    },
    ended: async () => {
      while (raw.size > 0) {
        await new Promise<void>((resolve) => {
          lastOne = resolve;
        });
      }
    },
    begin: (socket, request) => void open.get(socket)?.add(request),
    done: (socket, request) => void open.get(socket)?.delete(request),
    mayInterrupt: (socket) => {
      const requests = [...(open.get(socket) ?? [])];
      return requests.length === 0 || (requests.length === 1 && requests[0]?.answered === false);
    },
    only: (socket) => {
      const [first, ...others] = open.get(socket) ?? [];
      return others.length === 0 ? first : undefined;
    },
    isBusy: (socket) => (open.get(socket)?.size ?? 0) > 0,
    destroy: () => {
      for (const socket of [...sockets, ...raw]) socket.destroy();
    },
    closeUnused: () => {
      for (const socket of sockets) {
        if (socket.bytesRead === headerBytesOf(socket)) socket.destroy();
      }
      for (const socket of handshaking.values()) socket.destroy();
    },
    get bytesIn() {
      let sum = closedIn;
      for (const socket of sockets) sum += socket.bytesRead;
      return sum;
    },
    get bytesOut() {
      let sum = closedOut;
      for (const socket of sockets) sum += socket.bytesWritten;
      return sum;
    },
  };
}
