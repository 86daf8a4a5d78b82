import { NAMED_URLS, Names } from '../network/names.ts';
import { Network } from '../network/network.ts';
import { Random } from '../world/random.ts';
import { World } from '../world/world.ts';
import { type CallPlan, drawCall } from './call-plan.ts';
import { Checks } from './checks.ts';
import { Faults } from './faults.ts';
import { Ledger } from './ledger.ts';
import { ClientPlace, ServerPlace, type Stage } from './peers.ts';
import { drawRoute, drawScene, type Scene } from './scene.ts';
import type { Violation } from './violation.ts';

/** Which history is played. Equal ones go alike, to the last event. */
export interface HistoryInit {
  readonly seed: number;
  /** Faults that take effect at least. */
  readonly faults: number;
  /** Whether what happens is kept to be read. */
  readonly keepsTrace: boolean;
}

/** What a history came to. */
export interface HistoryResult {
  readonly seed: number;
  /** By kind. */
  readonly faults: ReadonlyMap<string, number>;
  /** Calls by how they ended. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly violations: readonly Violation[];
  readonly events: number;
  /** Equal for equal histories. */
  readonly hash: string;
  /** What happened, when it was kept. */
  readonly lines: readonly string[];
}

const MOST_EVENTS = 2_000_000;
/** By then every call has ended, whatever was done to it, in ms. */
const CALLS_END_MS = 600_000;
/** By then every link that went silent was given up, and another opened, in ms. */
const RECOVERY_MS = 45_000;
/** By then what is under way has come, in ms. */
const SETTLE_MS = 3_000;
/** By then peers that have nothing to do have closed, in ms. */
const CLOSE_MS = 10_000;
const FIRST_PROBE = 1_000_000;

/** Plays one history. */
export async function playHistory({
  seed,
  faults,
  keepsTrace,
}: HistoryInit): Promise<HistoryResult> {
  const random = new Random(seed);
  const scene = drawScene(random.fork('scene'));
  const world = new World(scene.startsAt, keepsTrace, (error) => {
    ledger.violate('exception', described(error));
  });
  const ledger: Ledger = new Ledger(world);
  const onRejection = (error: unknown) => ledger.violate('unhandled rejection', described(error));
  process.on('unhandledRejection', onRejection);
  try {
    world.say('HISTORY', `seed ${seed}: ${JSON.stringify(scene)}`);
    const play = new Play({ world, ledger, scene, random }, faults);
    const how = await world.run(play.run(), MOST_EVENTS);
    if (how !== 'done') ledger.violate('never ended', `the history is ${how}: ${play.doing}`);
    await new Promise((resolve) => setImmediate(resolve));
    return {
      seed,
      faults: play.faults.counts,
      outcomes: play.checks.outcomes(),
      violations: ledger.violations,
      events: world.happened,
      hash: world.trace.hash,
      lines: world.trace.lines,
    };
  } finally {
    process.off('unhandledRejection', onRejection);
  }
}

/** One history from its first act to its last. */
class Play {
  readonly faults: Faults;
  readonly checks: Checks;
  /** What it is at, for when it gets stuck there. */
  doing = 'nothing yet';
  readonly #stage: Stage;
  readonly #leastFaults: number;
  readonly #servers: ServerPlace[] = [];
  readonly #clients: ClientPlace[] = [];

  constructor(
    {
      world,
      ledger,
      scene,
      random,
    }: { world: World; ledger: Ledger; scene: Scene; random: Random },
    leastFaults: number,
  ) {
    const routes = random.fork('routes');
    const network = new Network(world, random.fork('network'), () => drawRoute(routes), {
      misuse: (what) => ledger.violate('connection misused', what),
    });
    const names = new Names(addressesOf(scene), random.fork('names'));
    this.#stage = { world, ledger, scene, network, names, random: random.fork('peers') };
    this.#leastFaults = leastFaults;
    this.faults = new Faults(this.#stage, random.fork('faults'), this.#servers, this.#clients);
    this.checks = new Checks(this.#stage, this.faults, this.#servers, this.#clients);
  }

  async run(): Promise<void> {
    this.#start();
    const { world, scene, ledger, random } = this.#stage;
    const calls = random.fork('calls');
    const start = world.now;
    for (let id = 1; id <= scene.calls; id++) {
      const plan = drawCall(id, calls, scene);
      world.at(start + plan.at, undefined, () => this.#call(plan));
    }
    const times = random.fork('times');
    for (let i = 0; i < this.#leastFaults; i++) {
      world.at(start + times.unit() * scene.spanMs, undefined, () => this.faults.strike());
    }
    this.doing = 'making calls';
    await world.sleep(scene.spanMs);
    for (let tries = 0; this.faults.total < this.#leastFaults && tries < 1_000; tries++) {
      this.faults.strike();
      await world.sleep(20);
    }
    this.faults.heal();
    this.doing = 'waiting for calls to end';
    await Promise.race([ledger.allEnded(), world.sleep(CALLS_END_MS)]);
    this.checks.callsEnded();
    await this.#probe();
    await this.#settle();
    this.checks.settled();
    await this.#close();
    this.checks.closed();
  }

  #start(): void {
    const { scene, random } = this.#stage;
    for (const [i, address] of addressesOf(scene).entries()) {
      this.#servers.push(new ServerPlace(this.#stage, i, address));
    }
    for (let i = 0; i < scene.clients; i++) {
      const urls = this.#servers.map(({ url }) => url).filter(() => random.chance(0.7));
      const first = this.#servers[i % this.#servers.length];
      if (urls.length === 0 && first !== undefined) urls.push(first.url);
      const named = random.chance(0.25) ? [random.pick(NAMED_URLS)] : urls;
      this.#clients.push(new ClientPlace(this.#stage, i, named));
    }
  }

  #call(plan: CallPlan): void {
    const client = this.#clients[plan.client];
    if (client?.current.host.alive === true) void client.call(plan);
  }

  /** Everything works again, for everyone. */
  async #probe(): Promise<void> {
    const { world, scene, ledger } = this.#stage;
    this.doing = 'recovering';
    await world.sleep(scene.gentle ? SETTLE_MS : RECOVERY_MS);
    // Who leaves may have refused what was still on its way to it.
    const leaving = this.#servers.flatMap(({ left }) => left);
    await Promise.race([Promise.all(leaving), world.sleep(CALLS_END_MS)]);
    let id = FIRST_PROBE;
    const probes: Promise<void>[] = [];
    for (const client of this.#clients) {
      probes.push(oneByOne(client, probesOf(id)));
      id += 10;
    }
    this.doing = 'probing';
    await Promise.race([Promise.all(probes), world.sleep(CALLS_END_MS)]);
    for (const { plan, outcome } of ledger.calls.values()) {
      if (plan.id < FIRST_PROBE || outcome?.how === 'answered') continue;
      ledger.violate(
        'no recovery',
        `call ${plan.id}, made when all was well: ${JSON.stringify(outcome)}`,
      );
    }
  }

  /** Until what attempts have left behind has come through the slowest way, too. */
  async #settle(): Promise<void> {
    const { world, network } = this.#stage;
    this.doing = 'settling';
    const latest = world.now + CALLS_END_MS;
    do await world.sleep(SETTLE_MS);
    while (network.busy && world.now < latest);
  }

  async #close(): Promise<void> {
    const { world, random } = this.#stage;
    this.doing = 'closing';
    const order = random.pick(['clients', 'servers', 'together']);
    if (order !== 'servers') for (const client of this.#clients) client.close();
    else for (const server of this.#servers) server.close();
    if (order !== 'together') await world.sleep(CLOSE_MS);
    for (const client of this.#clients) client.close();
    for (const server of this.#servers) server.close();
    await world.sleep(CLOSE_MS);
  }
}

/** Where the servers are. */
function addressesOf({ servers }: Scene): string[] {
  return Array.from({ length: servers }, (_, i) => `10.0.0.${i + 1}`);
}

/** Calls of every shape that must succeed where nothing is wrong. */
function probesOf(id: number): CallPlan[] {
  const body = {
    how: 'stream',
    bytes: 3_000,
    pieceBytes: 700,
    gapMs: 0,
    failsAt: undefined,
    trailers: true,
    declared: false,
  } as const;
  const answer = { kind: 'plain', status: 200, delayMs: 0, informs: 0, readGapMs: 0 } as const;
  const probe = {
    at: 0,
    client: 0,
    reader: { kind: 'pieces', gapMs: 0, leaveAfter: 0 },
    // With the smallest windows over the slowest way, a probe takes its time.
    deadlineMs: 60_000,
    abortAfterMs: undefined,
    oneWay: false,
    idempotent: undefined,
    hedgeAfterMs: undefined,
    windows: [undefined, undefined],
    fields: [],
    upload: undefined,
  } as const;
  return [
    { ...probe, id, method: 'GET', answer: { ...answer, body } },
    { ...probe, id: id + 1, method: 'POST', upload: body, answer: { ...answer, body: undefined } },
  ];
}

async function oneByOne(client: ClientPlace, plans: readonly CallPlan[]): Promise<void> {
  for (const plan of plans) await client.call(plan);
}

function described(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
