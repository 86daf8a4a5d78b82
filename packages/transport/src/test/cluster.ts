import { TpError } from '@tp/wire';
import { onTestFinished } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { createTransportServer, type TransportServer } from '../server.ts';
import type { Address } from '../socket/address.ts';
import type { Dialer } from '../socket/connection.ts';
import { OK } from './ends.ts';
import { FakeClock } from './fake-clock.ts';
import { type MemoryConnection, memoryPair } from './memory-connection.ts';

/** What a host of the cluster does with a request. */
export type Handle = (exchange: ServerExchange) => void;

/** One host: a server in memory, and what has come to it. */
export class Host {
  server: TransportServer;
  /** Dials that were let in, and those that were turned away. */
  dials = 0;
  requests = 0;
  isUp = true;
  handle: Handle = answer;
  /** The dialers' ends of its connections. */
  readonly connections: MemoryConnection[] = [];

  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
    this.server = this.#start();
  }

  /** Another server takes the place of the one before. */
  restart(): void {
    this.server = this.#start();
    this.isUp = true;
  }

  #start(): TransportServer {
    const server = createTransportServer(
      (exchange) => {
        this.requests++;
        this.handle(exchange);
      },
      {
        clock: this.#clock,
        limits: { drainTimeoutMs: 200, keepaliveMs: 2 ** 30, idleTimeoutMs: Infinity },
      },
    );
    onTestFinished(() => void server.close());
    return server;
  }

  /** All its connections break. */
  breakLinks(): void {
    for (const connection of this.connections.splice(0)) connection.destroy();
  }
}

/** Hosts in memory that are dialled by their names, on one clock. */
export class Cluster {
  readonly clock = new FakeClock();
  readonly #hosts = new Map<string, Host>();

  readonly dial: Dialer<Address> = async (address) => {
    const host = this.host(address.kind === 'unix' ? address.path : address.host);
    host.dials++;
    if (!host.isUp)
      throw new TpError({ code: 'UNREACHABLE', message: 'nobody is there', processed: 'no' });
    const [near, far] = memoryPair();
    host.server.accept(far);
    host.connections.push(near);
    return near;
  };

  /** The host of that name, which is there as soon as somebody asks for it. */
  host(name: string): Host {
    let host = this.#hosts.get(name);
    if (host === undefined) {
      host = new Host(this.clock);
      this.#hosts.set(name, host);
    }
    return host;
  }

  /** How many requests came to each of these hosts. */
  requests(...names: string[]): number[] {
    return names.map((name) => this.host(name).requests);
  }
}

export function answer(exchange: ServerExchange): void {
  exchange.respond(OK, undefined, undefined);
}

/** Refuses at once. */
export function refuse(exchange: ServerExchange): void {
  exchange.refuse(new TpError({ code: 'REFUSED', message: 'no', processed: 'no' }));
}

/** Numbers from 0 to 1 that are the same in each run (mulberry32). */
export function lots(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
