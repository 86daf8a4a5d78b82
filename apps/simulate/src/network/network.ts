import { TpError } from '@tp/http';
import type { Address, Connection, Dialer } from '@tp/transport';
import type { Host } from '../world/host.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import type { Route } from './route.ts';
import { VirtualConnection, type Ways } from './virtual-connection.ts';

/** What takes connections at an address. */
export interface Listening {
  readonly host: Host;
  accept(connection: Connection): void;
}

/** What becomes of a dial: `refuse` fails, `hang` does nothing, `mute` connects to nobody, `slam` closes at once. */
export type DialFault = 'refuse' | 'hang' | 'mute' | 'slam';

interface PlannedFault {
  readonly kind: DialFault;
  readonly done: () => void;
}

/** What the network tells of itself. */
export interface NetworkEvents {
  /** A library used a connection as none may be used. */
  misuse(what: string): void;
}

/** The network between all processes of a history. */
export class Network {
  readonly connections: VirtualConnection[] = [];
  readonly #world: World;
  readonly #random: Random;
  readonly #events: NetworkEvents;
  readonly #route: () => Route;
  readonly #listening = new Map<string, Listening>();
  readonly #faults = new Map<string, PlannedFault[]>();
  readonly #partitions: { readonly one: string; readonly other: string; readonly until: number }[] =
    [];

  /** @param route draws how the way of a new connection behaves. */
  constructor(world: World, random: Random, route: () => Route, events: NetworkEvents) {
    this.#world = world;
    this.#random = random;
    this.#route = route;
    this.#events = events;
  }

  /** Connections that stand. */
  get alive(): VirtualConnection[] {
    return this.connections.filter((connection) => connection.alive);
  }

  /** Something was written that is still to arrive. */
  get busy(): boolean {
    return this.alive.some(({ pipes }) => pipes.some((pipe) => pipe.busy));
  }

  listen(url: string, listening: Listening): void {
    this.#listening.set(url, listening);
  }

  unlisten(url: string): void {
    this.#listening.delete(url);
  }

  /** The next dial to that address meets this; `done` is called when it has. */
  failNextDial(url: string, kind: DialFault, done: () => void): void {
    const faults = this.#faults.get(url) ?? [];
    faults.push({ kind, done });
    this.#faults.set(url, faults);
  }

  /** Nothing passes between two processes before that time. */
  part(one: string, other: string, until: number): void {
    this.#partitions.push({ one, other, until });
    for (const connection of this.alive) {
      const ends = [connection.dialer.host.name, connection.acceptor.host.name];
      if (ends.includes(one) && ends.includes(other)) {
        for (const pipe of connection.pipes) pipe.hold(until);
      }
    }
  }

  /** All faults but those that are for good are over. */
  heal(): void {
    this.#faults.clear();
    this.#partitions.length = 0;
    for (const { pipes } of this.connections) {
      for (const pipe of pipes) {
        pipe.spare();
        pipe.recover();
        pipe.release();
      }
    }
  }

  /** The dialer of a process. */
  dialer(client: Host): Dialer<Address> {
    return ({ url }, signal) =>
      new Promise<Connection>((resolve, reject) => {
        const planned = this.#faults.get(url)?.shift();
        planned?.done();
        const fault = planned?.kind;
        const onAbort = () => reject(unreachable('no connection was made in time'));
        signal.addEventListener('abort', onAbort, { once: true });
        const settle = (owner: Host, ms: number, call: () => void) =>
          this.#world.at(this.#world.now + ms, owner, () => {
            if (owner === client) signal.removeEventListener('abort', onAbort);
            call();
          });
        const ways = { out: this.#route(), back: this.#route() };
        if (fault === 'hang' || this.#isParted(client.name, url)) return;
        const there = ways.out.latencyMs;
        this.#world.at(this.#world.now + there, undefined, () => {
          const target = this.#listening.get(url);
          if (fault === 'refuse' || target === undefined || !target.host.alive) {
            settle(client, there, () => reject(unreachable('the connection was refused')));
            return;
          }
          settle(target.host, 0, () => {
            const connection = this.#connect(client, target, ways, fault);
            settle(client, there, () => {
              if (signal.aborted) connection.dialer.destroy();
              else resolve(connection.dialer);
            });
          });
        });
      });
  }

  #connect(
    client: Host,
    target: Listening,
    ways: Ways,
    fault: DialFault | undefined,
  ): VirtualConnection {
    const connection = new VirtualConnection(
      this.#world,
      this.#random,
      ways,
      [client, target.host],
      this.connections.length + 1,
      this.#events.misuse,
    );
    this.connections.push(connection);
    if (fault === undefined) target.accept(connection.acceptor);
    else connection.acceptor.belongToNobody();
    if (fault === 'slam') connection.acceptor.destroy();
    if (!client.alive) connection.dialer.die();
    return connection;
  }

  #isParted(one: string, url: string): boolean {
    const other = this.#listening.get(url)?.host.name ?? '';
    return this.#partitions.some(
      (partition) =>
        partition.until > this.#world.now &&
        [partition.one, partition.other].includes(one) &&
        [partition.one, partition.other].includes(other),
    );
  }
}

function unreachable(message: string): TpError {
  return new TpError({ code: 'UNREACHABLE', message, processed: 'no' });
}
