import type { VirtualConnection } from '../network/virtual-connection.ts';
import type { Random } from '../world/random.ts';
import { type ClientPlace, ServerPlace, type Stage } from './peers.ts';

/** What is done to a history. */
export const FAULTS = [
  'cut',
  'half close',
  'flip',
  'vanish',
  'one way',
  'stall',
  'slow',
  'shred',
  'partition',
  'lag',
  'kill server',
  'restart server',
  'kill client',
  'restart client',
  'dial refused',
  'dial hangs',
  'mute peer',
  'slammed door',
  'names change',
  'names fail',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Those that no call may fail for. */
const GENTLE: readonly [Fault, ...Fault[]] = [
  'stall',
  'slow',
  'shred',
  'lag',
  'restart server',
  'stall',
  'shred',
  'names change',
];
const HOSTILE: readonly [Fault, ...Fault[]] = [
  ...FAULTS,
  'cut',
  'cut',
  'flip',
  'stall',
  'half close',
];

/** A fault that needs bytes to pass is given up after so long without, in ms. */
const PATIENCE_MS = 300;

/** A server may be away for less than that, in ms, and no call fails. */
const MOST_GAP_MS = 195;

/** Does things to a history, and counts what took effect. */
export class Faults {
  readonly counts = new Map<Fault, number>();
  /** Bits were turned over: a link may fail for anything. */
  hasFlipped = false;
  readonly #stage: Stage;
  readonly #random: Random;
  readonly #servers: readonly ServerPlace[];
  readonly #clients: readonly ClientPlace[];
  #healed = false;

  constructor(
    stage: Stage,
    random: Random,
    servers: readonly ServerPlace[],
    clients: readonly ClientPlace[],
  ) {
    this.#stage = stage;
    this.#random = random;
    this.#servers = servers;
    this.#clients = clients;
  }

  /** Whether that fault took effect. */
  has(fault: Fault): boolean {
    return this.counts.has(fault);
  }

  /** Faults that took effect. */
  get total(): number {
    let total = 0;
    for (const count of this.counts.values()) total += count;
    return total;
  }

  /** Does one thing, which takes effect now, soon, or not at all. */
  strike(): void {
    const fault = this.#random.pick(this.#stage.scene.gentle ? GENTLE : HOSTILE);
    if (this.#isNow(fault)) this.took(fault);
  }

  /** Notes that a fault took effect. */
  took(fault: Fault): void {
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
    this.#stage.world.say('FAULT', fault);
  }

  /** Nothing further happens; whoever was gone comes back. */
  heal(): void {
    this.#healed = true;
    this.#stage.world.say('FAULT', 'all is healed');
    this.#stage.network.heal();
    this.#stage.names.heal();
    for (const server of this.#servers) {
      const { host, closed } = server.current;
      if (!host.alive || closed !== undefined) server.start();
    }
    for (const client of this.#clients) {
      const { host, closed } = client.current;
      if (!host.alive || closed !== undefined) client.start();
    }
  }

  #isNow(fault: Fault): boolean {
    const { world } = this.#stage;
    switch (fault) {
      case 'cut':
      case 'half close':
      case 'flip':
        this.#injure(fault);
        return false;
      case 'vanish':
      case 'one way':
        return this.#vanish(fault);
      case 'stall':
      case 'slow':
      case 'shred':
        return this.#hinder(fault);
      case 'lag':
        this.#random
          .pick<ServerPlace | ClientPlace>([this.#server(), this.#client()])
          .current.host.lag(this.#time(1, 1_500));
        return true;
      case 'partition': {
        const [client, server] = [this.#client().current.host, this.#server().current.host];
        this.#stage.network.part(client.name, server.name, world.now + this.#time(10, 6_000));
        return true;
      }
      case 'kill server':
      case 'restart server':
        return this.#replace(this.#server(), fault === 'kill server');
      case 'kill client':
      case 'restart client':
        return this.#replace(this.#client(), fault === 'kill client');
      case 'dial refused':
      case 'dial hangs':
      case 'mute peer':
      case 'slammed door':
        return this.#failDial(fault);
      case 'names change':
        this.#stage.names.change();
        return true;
      case 'names fail':
        return this.#failNames();
    }
  }

  #injure(fault: 'cut' | 'half close' | 'flip'): void {
    const connection = this.#connection();
    const pipe = connection?.pipes[this.#random.whole(0, 1)];
    if (connection === undefined || pipe === undefined) return;
    const kind = fault === 'half close' ? 'fin' : fault;
    let isDue = true;
    const done = () => {
      isDue = false;
      this.took(fault);
      if (fault === 'flip') this.hasFlipped = true;
    };
    const anywhere = pipe.delivered + Math.round(this.#random.scale(1, 20_000)) - 1;
    const isLength = fault === 'flip' && this.#random.chance(0.3);
    pipe.injure(
      isLength
        ? { at: pipe.written + this.#random.whole(0, 1), kind, bit: 6, done }
        : { at: anywhere, kind, done },
    );
    if (fault !== 'cut') return;
    const { world } = this.#stage;
    world.at(world.now + PATIENCE_MS, undefined, () => {
      if (!isDue || !connection.alive || this.#healed) return;
      this.took(fault);
      connection.cut();
    });
  }

  #vanish(fault: 'vanish' | 'one way'): boolean {
    const connection = this.#connection();
    if (connection === undefined) return false;
    const [there, back] = connection.pipes;
    connection.vanished = true;
    const isOneWay = fault === 'one way';
    const isBack = this.#random.chance(0.5);
    if (!isOneWay || isBack) back.hold(Number.POSITIVE_INFINITY);
    if (!isOneWay || !isBack) there.hold(Number.POSITIVE_INFINITY);
    return true;
  }

  #hinder(fault: 'stall' | 'slow' | 'shred'): boolean {
    const connection = this.#connection();
    const way = this.#random.pick([0, 1]);
    const pipe = connection?.pipes[way];
    if (connection === undefined || pipe === undefined) return false;
    const { world } = this.#stage;
    if (fault === 'stall') {
      pipe.hold(world.now + this.#time(1, 5_000));
      return true;
    }
    if (fault === 'slow') pipe.hinder({ bytesPerMs: this.#random.scale(5, 200) });
    else pipe.hinder({ mostInOneRead: this.#random.whole(1, 30) });
    world.at(world.now + this.#random.scale(20, 1_000), undefined, () => pipe.recover());
    return true;
  }

  #replace(place: ServerPlace | ClientPlace, kills: boolean): boolean {
    const { host, closed } = place.current;
    if (!host.alive || closed !== undefined) return false;
    const { gentle } = this.#stage.scene;
    if (gentle && place instanceof ServerPlace) {
      if (this.#isKnownToAll(place)) place.restartWithin(this.#random.unit() * MOST_GAP_MS);
      else place.handOver();
      return true;
    }
    if (kills) place.kill();
    else place.close();
    if (this.#random.chance(0.6)) {
      place.start();
      return true;
    }
    const { world } = this.#stage;
    world.at(world.now + this.#random.scale(1, 3_000), undefined, () => {
      if (!this.#healed) place.start();
    });
    return true;
  }

  /** Whether every client has a link to it: then none finds out for the first time that it is away. */
  #isKnownToAll({ url }: ServerPlace): boolean {
    return this.#clients.every(({ current }) =>
      current.peer.stats().links.some(({ peer, state }) => peer === url && state === 'open'),
    );
  }

  #failDial(fault: 'dial refused' | 'dial hangs' | 'mute peer' | 'slammed door'): boolean {
    const { url } = this.#server();
    const kinds = {
      'dial refused': 'refuse',
      'dial hangs': 'hang',
      'mute peer': 'mute',
      'slammed door': 'slam',
    } as const;
    this.#stage.network.failNextDial(url, kinds[fault], () => this.took(fault));
    return false;
  }

  #failNames(): boolean {
    const { names, world } = this.#stage;
    names.fail(this.#random.pick(['silent', 'failing', 'empty']));
    world.at(world.now + this.#random.scale(100, 3_000), undefined, () => names.fail(undefined));
    return true;
  }

  #connection(): VirtualConnection | undefined {
    const alive = this.#stage.network.alive.filter(({ vanished }) => !vanished);
    return alive[this.#random.whole(0, alive.length - 1)];
  }

  #server(): ServerPlace {
    return pickOf(this.#servers, this.#random);
  }

  #client(): ClientPlace {
    return pickOf(this.#clients, this.#random);
  }

  /** A span that a gentle history stays short with, in ms. */
  #time(least: number, most: number): number {
    return this.#random.scale(least, this.#stage.scene.gentle ? Math.min(most, 400) : most);
  }
}

function pickOf<T>(list: readonly T[], random: Random): T {
  const found = list[random.whole(0, list.length - 1)];
  if (found === undefined) throw new Error('there is nothing to choose from');
  return found;
}
