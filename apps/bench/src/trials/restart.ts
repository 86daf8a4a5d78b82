import { createPool, type Pool } from '@tp/transport';
import { Fields, isTpError, RequestHead } from '@tp/wire';
import type { TrialResult } from '../report/report.ts';
import { Actor } from './actor.ts';
import { distributionOf, distributionText } from './distribution.ts';
import { noise } from './noise.ts';
import { pause } from './pause.ts';
import type { Trial } from './trial.ts';

/** Servers side by side, each with a pool and callers of its own, and how often each restarts. */
const FULL = { lanes: 20, restarts: 50, processLanes: 4, processRestarts: 10 };
const QUICK = { lanes: 20, restarts: 5, processLanes: 2, processRestarts: 3 };
const CALLERS = 6;
/** Between two restarts of a server, in ms. Links that live for less than 1 s are redialled slowly. */
const APART_MS = 1_100;
const STREAMED_BYTES = 200_000;
const POSTED = new Uint8Array(1024).fill(97);

/** The peer restarts gracefully under load, the next server listening before the last one closes. */
export const restart: Trial = async ({ quick, progress }) => {
  const { lanes, restarts, processLanes, processRestarts } = quick ? QUICK : FULL;
  return [
    await inOneProcess(lanes, restarts, progress),
    await asProcesses(processLanes, processRestarts, progress),
  ];
};

async function inOneProcess(
  lanes: number,
  restarts: number,
  progress: (text: string) => void,
): Promise<TrialResult> {
  const servers = new Actor('restart-servers', [`${lanes}`]);
  const loads: Load[] = [];
  try {
    const { counts = [] } = await servers.hear('listening');
    for (const [url] of counts) loads.push(new Load(url));
    await Promise.all(loads.map((load) => load.ready()));
    let done = 0;
    await Promise.all(
      loads.map(async (_, lane) => {
        await pause((APART_MS * lane) / lanes);
        for (let i = 0; i < restarts; i++) {
          await pause(APART_MS);
          servers.tell({ kind: 'restart', figures: { lane } });
          await servers.hear(`restarted ${lane}`, 60_000);
          progress(`${++done} of ${lanes * restarts} restarts in one process`);
        }
      }),
    );
    await Promise.all(loads.map((load) => load.stop()));
    const asked = `${lanes * restarts} graceful restarts under load, ${lanes} servers in one process: no failed call`;
    return resultOf('graceful restarts', asked, loads);
  } finally {
    await servers.stop();
  }
}

async function asProcesses(
  lanes: number,
  restarts: number,
  progress: (text: string) => void,
): Promise<TrialResult> {
  const loads: Load[] = [];
  const ends: string[] = [];
  const actors = new Set<Actor>();
  const start = async (url: string) => {
    const actor = new Actor('echo-server', [url]);
    actors.add(actor);
    actor.tell({ kind: 'listen' });
    const { text = '' } = await actor.hear('listening');
    return { actor, url: text };
  };
  let done = 0;
  try {
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        let server = await start('teleport://127.0.0.1:0');
        const load = new Load(server.url);
        loads.push(load);
        await load.ready();
        for (let i = 0; i < restarts; i++) {
          await pause(APART_MS);
          const next = await start(server.url);
          server.actor.signal('SIGTERM');
          ends.push(await server.actor.ended(60_000));
          server = next;
          progress(`${++done} of ${lanes * restarts} restarts of a process`);
        }
        await load.stop();
      }),
    );
    const asked = `${lanes * restarts} restarts of a process by SIGTERM under load: no failed call, exit 0`;
    const result = resultOf('graceful restarts of processes', asked, loads);
    const wrong = ends.filter((end) => end !== 'exit 0');
    if (wrong.length === 0) return result;
    const measured = `${result.measured}; ended otherwise: ${wrong.join(', ')}`;
    return { ...result, measured, holds: false };
  } finally {
    await Promise.all(Array.from(actors, (actor) => actor.stop()));
  }
}

function resultOf(name: string, asked: string, loads: readonly Load[]): TrialResult {
  const failures = new Map<string, number>();
  const latencies = loads.flatMap((load) => load.latencies);
  for (const failure of loads.flatMap((load) => load.failures)) {
    failures.set(failure, (failures.get(failure) ?? 0) + 1);
  }
  const failed = [...failures].map(([what, times]) => `${times} ${what}`);
  const count = loads.reduce((sum, load) => sum + load.failures.length, 0);
  return {
    name,
    asked,
    measured: [
      `${latencies.length.toLocaleString('en-US')} calls answered, ${count} failed`,
      `latency ${distributionText(distributionOf(latencies))}`,
      ...failed.slice(0, 6),
    ].join('; '),
    holds: count === 0,
  };
}

/** Callers that each await one answer before the next call: small GETs, POSTs that take a while, streamed POSTs. */
class Load {
  readonly latencies: number[] = [];
  readonly failures: string[] = [];
  readonly #pool: Pool;
  readonly #callers: Promise<void>[] = [];
  #isOver = false;

  constructor(url: string) {
    this.#pool = createPool([url]);
  }

  async ready(): Promise<void> {
    await this.#pool.ready();
    for (let i = 0; i < CALLERS; i++) this.#callers.push(this.#call(i));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#callers);
    await this.#pool.close();
  }

  async #call(first: number): Promise<void> {
    for (let i = first; !this.#isOver; i++) {
      const startedAt = performance.now();
      const [what, answer] = CALLS[i % CALLS.length] ?? CALLS[0];
      try {
        const text = await what(this.#pool);
        if (text === answer) this.latencies.push(performance.now() - startedAt);
        else this.failures.push(`"${text.slice(0, 20)}" for an answer`);
      } catch (error) {
        this.failures.push(
          isTpError(error) ? `${error.code} ${error.processed}: ${error.message}` : String(error),
        );
      }
      await pause(2);
    }
  }
}

const get = new RequestHead('GET', '/now');
const slow = new RequestHead('GET', '/later/20');
const post = new RequestHead('POST', '/upload', new Fields(['content-type', 'text/plain']));

/** A kind of call, and the answer that is right. */
const CALLS: readonly [Call, ...Call[]] = [
  [async (pool) => (await pool.call({ head: get })).text(), 'now'],
  [async (pool) => (await pool.call({ head: post, body: POSTED })).text(), `${POSTED.length}`],
  [async (pool) => (await pool.call({ head: slow })).text(), 'later'],
  [
    async (pool) => {
      const stream = { source: noise(STREAMED_BYTES) };
      return (await pool.call({ head: post, stream })).text();
    },
    `${STREAMED_BYTES}`,
  ],
];

type Call = readonly [call: (pool: Pool) => Promise<string>, answer: string];
