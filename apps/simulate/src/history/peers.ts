import { type Client, createClient, createServer, type LinkLimits, type Server } from '@tp/http';
import { NAMED_URLS, type Names } from '../network/names.ts';
import type { Network } from '../network/network.ts';
import { Host } from '../world/host.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import type { CallPlan } from './call-plan.ts';
import { makeCall } from './caller.ts';
import { HandlerFailure, planHandler } from './handler.ts';
import type { Ledger } from './ledger.ts';
import { drawOptions, drawPool, type Scene } from './scene.ts';
import { SourceFailure } from './tracked-source.ts';

/** What a peer is made in. */
export interface Stage {
  readonly world: World;
  readonly network: Network;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly scene: Scene;
  readonly names: Names;
}

/** A peer in a process of its own. */
interface Process<T> {
  readonly host: Host;
  readonly peer: T;
  readonly limits: Partial<LinkLimits>;
  /** Settled when it was told to close and has. */
  closed: Promise<void> | undefined;
  hasClosed: boolean;
}

/** A connection that was begun has arrived by then, in ms. */
const ON_THE_WAY_MS = 500;

/** One address, and the servers that listened there one after the other. */
export class ServerPlace {
  readonly url: string;
  readonly processes: Process<Server>[] = [];
  /** Resolve when those that handed over have closed. */
  readonly left: Promise<void>[] = [];
  readonly #stage: Stage;
  readonly #name: string;

  /** @param address an IP address of its own. */
  constructor(stage: Stage, number: number, address: string) {
    this.#stage = stage;
    this.#name = `server${number}`;
    this.url = `teleport://${address}:1`;
    this.start();
  }

  /** The server that listens, or listened last. */
  get current(): Process<Server> {
    const last = this.processes.at(-1);
    if (last === undefined) throw new Error('no server was started');
    return last;
  }

  /** Starts a server here. */
  start(): void {
    const { world, network, random, ledger, scene } = this.#stage;
    const host = new Host(nameOf(this.#name, this.processes.length), world);
    const options = drawOptions(random, scene);
    const peer = createServer(planHandler(host, ledger), {
      ...options,
      serial: random.chance(0.3),
      ...(scene.token === undefined ? {} : { tokens: ['an old token', scene.token] }),
      clock: host.clock,
      onError: (error) => {
        if (error instanceof HandlerFailure || error instanceof SourceFailure) return;
        ledger.violate('exception', `a server was told of ${String(error)}`);
      },
    });
    const { limits } = options;
    this.processes.push({ host, peer, limits, closed: undefined, hasClosed: false });
    network.listen(this.url, { host, accept: (connection) => peer.accept(connection) });
    world.say(host.name, 'listens');
  }

  /** The process ends at once, without a word. */
  kill(): void {
    const { host } = this.current;
    this.#stage.network.unlisten(this.url);
    killHost(host, this.#stage);
  }

  /**
   * Another server listens here from now on. This one says goodbye when no connection is on its way
   * to it any more.
   */
  handOver(): void {
    const { current: leaving } = this;
    this.start();
    const closeOnce = async () => {
      const { world } = this.#stage;
      const isOpening = () => leaving.peer.stats().links.some(({ state }) => state === 'opening');
      do await world.sleep(ON_THE_WAY_MS);
      while (isOpening() || leaving.host.busyUntil > world.now);
      world.say(leaving.host.name, 'closes');
      close(leaving);
      await leaving.closed;
    };
    this.left.push(closeOnce());
  }

  /** Says goodbye, and another listens here after so long, in ms. */
  restartWithin(gapMs: number): void {
    const { current: leaving } = this;
    const { world } = this.#stage;
    this.close();
    if (leaving.closed !== undefined) this.left.push(leaving.closed);
    world.at(world.now + gapMs, undefined, () => {
      if (this.current === leaving) this.start();
    });
  }

  /** Says goodbye, and ends when all is answered. */
  close(): void {
    const { current } = this;
    this.#stage.network.unlisten(this.url);
    this.#stage.world.say(current.host.name, 'closes');
    close(current);
  }
}

/** One client after the other. */
export class ClientPlace {
  readonly processes: Process<Client>[] = [];
  readonly #stage: Stage;
  readonly #name: string;
  readonly #urls: readonly string[];

  constructor(stage: Stage, number: number, urls: readonly string[]) {
    this.#stage = stage;
    this.#name = `client${number}`;
    this.#urls = urls;
    this.start();
  }

  get current(): Process<Client> {
    const last = this.processes.at(-1);
    if (last === undefined) throw new Error('no client was started');
    return last;
  }

  start(): void {
    const { world, network, random, scene, names } = this.#stage;
    const host = new Host(nameOf(this.#name, this.processes.length), world);
    const options = drawOptions(random, scene);
    const isNamed = NAMED_URLS.some((url) => this.#urls.includes(url));
    const peer = createClient(this.#urls, {
      ...options,
      ...drawPool(random),
      ...(scene.token === undefined ? {} : { token: scene.token }),
      clock: host.clock,
      random: random.fork(host.name).unit,
      dial: network.dialer(host),
      ...(isNamed ? { resolver: names.resolver(host) } : {}),
    });
    const { limits } = options;
    this.processes.push({ host, peer, limits, closed: undefined, hasClosed: false });
    world.say(host.name, `is there for ${this.#urls.join(', ')}`);
  }

  call(plan: CallPlan): Promise<void> {
    const { peer, host } = this.current;
    return makeCall(plan, peer, host, this.#stage.ledger);
  }

  kill(): void {
    killHost(this.current.host, this.#stage);
    this.#stage.ledger.killed();
  }

  close(): void {
    this.#stage.world.say(this.current.host.name, 'closes');
    close(this.current);
  }
}

function nameOf(name: string, before: number): string {
  return before === 0 ? name : `${name}.${before}`;
}

function close(process: Process<Client | Server>): void {
  process.closed ??= process.peer.close().then(() => {
    process.hasClosed = true;
  });
}

function killHost(host: Host, { world, network }: Stage): void {
  world.say(host.name, 'is killed');
  host.kill();
  for (const { dialer, acceptor } of network.connections) {
    for (const end of [dialer, acceptor]) if (end.host === host) end.die();
  }
}
