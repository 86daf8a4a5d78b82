import cluster from 'node:cluster';
import { createServer, type Socket } from 'node:net';
import type { Address } from '../config/address.ts';
import { loopTurn } from './loop-turn.ts';
import { prepareSocketPath } from './socket-path.ts';

/** Who takes the connections that come to a door. */
export interface Behind {
  /** Takes a connection on which nothing was read yet. */
  take(socket: Socket): void;
  /** Whether it goes on sending to those who have ended their side. */
  readonly allowsHalfOpen: boolean;
  /** Most connections of the door at once; undefined for any number. */
  readonly maxConnections: number | undefined;
  /** Is told of each that was closed for it. */
  dropped(): void;
}

/** An address where connections come in, whoever stands behind it: that may change while it is open. */
export interface Door {
  /** The bound port; 0 for a unix socket. */
  readonly port: number;
  /** Leads the connections that come from now on to somebody; those before stay where they are. */
  lead(behind: Behind): void;
  /**
   * Takes what has come already and closes; resolves when nothing further will come. The system resets
   * what comes to it in that very moment, unless `net.ipv4.tcp_migrate_req` lets another process that
   * listens on the same port have it.
   */
  close(): Promise<void>;
}

/** As long as connections come without a pause, a door stays open to be closed, in ms. */
const CLOSE_MS = 500;

/**
 * Opens the door of an address. Nobody may be behind it only until control is given back.
 *
 * @param reusePort whether other processes may listen on the same port.
 * @throws {Error} when the address cannot be bound.
 */
export async function openDoor(address: Address, reusePort: boolean): Promise<Door> {
  const server = createServer({ noDelay: true, allowHalfOpen: true });
  // Else a master offers it to the next worker, again and again while all are full.
  Object.assign(server, { dropMaxConnection: true });
  let accepted = 0;
  let taker: Behind | undefined;
  server.on('connection', (socket) => {
    accepted += 1;
    if (taker === undefined) {
      socket.destroy();
      return;
    }
    if (!taker.allowsHalfOpen) socket.allowHalfOpen = false;
    taker.take(socket);
  });
  server.on('drop', () => taker?.dropped());
  if ('path' in address) await prepareSocketPath(address.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      // A connection that could not be accepted (no descriptors left) is no reason to stop.
      server.on('error', () => {});
      resolve();
    });
    if ('path' in address) server.listen(address.path);
    else if ('host' in address)
      server.listen({ host: address.host, port: address.port, reusePort });
    else reject(new Error(`${address.text} is no place to listen`));
  });
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    lead(behind) {
      taker = behind;
      // Not left in the backlog instead: Node can stop to accept only by closing the listening
      // socket, and that resets every connection of the backlog.
      server.maxConnections = behind.maxConnections ?? Number.POSITIVE_INFINITY;
    },
    async close() {
      // What comes to a master's socket goes to another worker.
      if (cluster.isWorker && !reusePort) {
        server.close();
        return;
      }
      const until = performance.now() + CLOSE_MS;
      // The loop accepts one connection a turn; the first of these turns may have begun before.
      let before: number;
      await loopTurn();
      do {
        before = accepted;
        await loopTurn();
      } while (accepted !== before && performance.now() < until);
      server.close();
    },
  };
}

/** The address of a door as a URL, its port filled in. */
export function doorUrl(address: Address, { port }: Door): string {
  if (!('host' in address)) return address.text;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  const scheme = address.kind === 'http' ? 'http' : 'teleport';
  return `${scheme}${address.tls ? 's' : ''}://${host}:${port}`;
}
