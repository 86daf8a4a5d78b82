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
  /**
   * What is under way on those that had a request yet. An entry stays as long as its connection: where
   * entries come and go with requests, V8 leaves a table behind for each few of them, and with it what
   * was under way then, until its next full collection.
   */
  const underWay = new Map<Duplex, FrontRequest[]>();
  const sockets = new Set<Socket>();
  const raw = new Set<Socket>();
  const isTls = event === 'secureConnection';
  /** Those on which TLS does not stand yet, by where they lead. */
  const handshaking = new Map<string, Socket>();
  /** Told when there is none left. */
  let lastOne = (): void => undefined;
  let closedIn = 0;
  let closedOut = 0;
  // One function for all sockets, and not one for each.
  function onClose(this: Socket): void {
    sockets.delete(this);
    closedIn += this.bytesRead;
    closedOut += this.bytesWritten;
    const requests = underWay.get(this) ?? [];
    underWay.delete(this);
    for (const request of requests) request.abandon();
  }
  function onRawClose(this: Socket): void {
    raw.delete(this);
    if (raw.size === 0) lastOne();
  }
  server.on(event, (socket: Socket) => {
    sockets.add(socket);
    if (isTls) handshaking.delete(placeOf(socket));
    socket.on('close', onClose);
  });
  return {
    came: (socket) => {
      raw.add(socket);
      socket.on('close', onRawClose);
      if (!isTls) return;
      const place = placeOf(socket);
      handshaking.set(place, socket);
      socket.on('close', () => {
        if (handshaking.get(place) === socket) handshaking.delete(place);
      });
    },
    ended: async () => {
      while (raw.size > 0) {
        await new Promise<void>((resolve) => {
          lastOne = resolve;
        });
      }
    },
    begin: (socket, request) => {
      if (!sockets.has(socket)) return;
      const requests = underWay.get(socket);
      if (requests === undefined) underWay.set(socket, [request]);
      else requests.push(request);
    },
    done: (socket, request) => {
      const requests = underWay.get(socket) ?? [];
      if (requests.at(-1) === request) requests.pop();
      else if (requests.includes(request)) requests.splice(requests.indexOf(request), 1);
    },
    mayInterrupt: (socket) => {
      const [first, ...others] = underWay.get(socket) ?? [];
      return first === undefined || (others.length === 0 && !first.answered);
    },
    only: (socket) => {
      const [first, ...others] = underWay.get(socket) ?? [];
      return others.length === 0 ? first : undefined;
    },
    isBusy: (socket) => (underWay.get(socket)?.length ?? 0) > 0,
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
