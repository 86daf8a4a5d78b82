import type { Connection, ConnectionEvents } from '@tp/transport';
import type { Host } from '../world/host.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import { Pipe } from './pipe.ts';
import type { Route } from './route.ts';

/** A way of a connection, there and back. */
export interface Ways {
  readonly out: Route;
  readonly back: Route;
}

/** A connection between two processes, with both its ends. */
export class VirtualConnection {
  readonly dialer: End;
  readonly acceptor: End;
  /** Whether a direction of it went silent for good. */
  vanished = false;

  constructor(
    world: World,
    random: Random,
    ways: Ways,
    [client, server]: readonly [Host, Host],
    number: number,
    misuse: (what: string) => void,
  ) {
    this.dialer = new End(world, client, `${client.name}#${number}`, server.name, misuse);
    this.acceptor = new End(world, server, `${server.name}#${number}`, client.name, misuse);
    const { dialer, acceptor } = this;
    const pipe = (from: End, to: End, route: Route) =>
      new Pipe(world, random, route, from.host, to.host, {
        arrived: (bytes) => to.arrived(bytes),
        drained: () => from.drained(),
        ended: () => to.ended(),
        cut: () => this.cut(),
      });
    dialer.out = pipe(dialer, acceptor, ways.out);
    acceptor.out = pipe(acceptor, dialer, ways.back);
    dialer.other = acceptor;
    acceptor.other = dialer;
  }

  /** Whether neither end has closed. */
  get alive(): boolean {
    return !this.dialer.closed && !this.acceptor.closed;
  }

  /** The pipes of both directions. */
  get pipes(): readonly [Pipe, Pipe] {
    return [this.dialer.pipe, this.acceptor.pipe];
  }

  /** The network cuts it: both ends find out at once, and nothing further comes. */
  cut(): void {
    for (const end of [this.dialer, this.acceptor]) {
      end.pipe.stop();
      end.lost(new Error('the network cut the connection'));
    }
  }
}

/** One end of it, as a link sees it. */
export class End implements Connection {
  readonly secure = false;
  readonly remote: string;
  readonly host: Host;
  bytesIn = 0;
  bytesOut = 0;
  out: Pipe | undefined;
  other: End | undefined;
  closed = false;
  isNobodys = false;
  readonly #world: World;
  readonly #name: string;
  readonly #misuse: (what: string) => void;
  #events: ConnectionEvents | undefined;
  #ending = false;
  #closeSaid = false;
  #paused = false;

  constructor(
    world: World,
    host: Host,
    name: string,
    remote: string,
    misuse: (what: string) => void,
  ) {
    this.#world = world;
    this.host = host;
    this.#name = name;
    this.remote = remote;
    this.#misuse = misuse;
  }

  /** Where what this end writes goes. */
  get pipe(): Pipe {
    if (this.out === undefined) throw new Error('a connection has no pipes yet');
    return this.out;
  }

  start(events: ConnectionEvents): void {
    this.#events = events;
    if (this.closed) this.#sayClose(undefined);
    else this.other?.pipe.open();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ending) this.#misuse('wrote behind the end of a connection');
    if (this.closed) return false;
    this.bytesOut += bytes.length;
    return this.pipe.write(bytes);
  }

  pause(): void {
    this.#paused = true;
    this.other?.pipe.hold(this.#world.now + 1e12);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.other?.pipe.release();
  }

  end(): void {
    if (this.closed) return;
    this.#ending = true;
    this.pipe.finish();
  }

  destroy(): void {
    this.#close(undefined);
  }

  /** Nobody took it: what comes is read and nothing is said. */
  belongToNobody(): void {
    this.isNobodys = true;
    this.start({ data() {}, drain() {}, close() {} });
  }

  /** Its process was killed: the kernel closes it. */
  die(): void {
    this.#close(undefined);
  }

  arrived(bytes: Uint8Array): void {
    if (this.closed) return;
    this.bytesIn += bytes.length;
    this.#world.say(this.#name, `reads ${bytes.length}`);
    this.#events?.data(bytes);
  }

  drained(): void {
    if (!this.closed) this.#events?.drain();
  }

  /** The other end has said its last byte: as with a socket, that closes this end too (W-029). */
  ended(): void {
    this.#close(undefined);
  }

  /** The connection is no more. */
  lost(cause: Error): void {
    if (this.closed) return;
    this.closed = true;
    this.#sayClose(cause);
  }

  #close(cause: Error | undefined): void {
    if (this.closed) return;
    this.closed = true;
    this.pipe.abandon(false);
    this.#sayClose(cause);
  }

  #sayClose(cause: Error | undefined): void {
    if (this.#events === undefined || this.#closeSaid) return;
    this.#closeSaid = true;
    this.#world.at(this.#world.now, this.host, () => {
      this.#world.say(this.#name, cause === undefined ? 'closed' : `closed: ${cause.message}`);
      this.#events?.close(cause);
    });
  }
}
