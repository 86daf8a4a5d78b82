import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../traffic/random.ts';
import { Actor } from './actor.ts';
import { atExit } from './at-exit.ts';
import { distributionOf, distributionText } from './distribution.ts';
import { IdLoad } from './id-load.ts';
import { pause } from './pause.ts';
import { figure } from './said.ts';
import type { Trial } from './trial.ts';

/** Servers side by side, each with a pool and callers of its own, and how often each is killed. */
const FULL = { lanes: 4, kills: 50 };
const QUICK = { lanes: 4, kills: 4 };
/** How long a server lives before it is killed, in ms. */
const LIFE_MS = { least: 200, most: 1_500 };
/** How long nobody listens: mostly next to nothing, at times as long as a start may take, in ms. */
const SHORT_AWAY_MS = 100;
const LONG_AWAY_MS = 3_000;
const SHARE_OF_LONG = 0.25;
const SEED = 9;
/** A call that takes longer than its deadline and this hangs, in ms. */
const GRACE_MS = 500;
/** Service is back by then, in ms. */
const BACK_MS = 1_000;

/** A server is killed under load, and the next one listens on its port. */
export const kill: Trial = async ({ quick, progress }) => {
  const { lanes, kills } = quick ? QUICK : FULL;
  const folder = mkdtempSync(join(tmpdir(), 'tp-kill-'));
  const forget = atExit(() => rmSync(folder, { recursive: true, force: true }));
  let done = 0;
  const tick = () => progress(`${++done} of ${lanes * kills} kills`);
  try {
    const results = await Promise.all(
      Array.from({ length: lanes }, (_, lane) =>
        oneLane(join(folder, `${lane}`), kills, new Random(SEED, lane), tick),
      ),
    );
    const took = distributionOf(results.flatMap(({ load }) => load.took));
    const untrue = results.flatMap((result) => result.untrue);
    const outcomes = new Map<string, number>();
    for (const { load } of results) {
      for (const [name, times] of load.outcomes) {
        outcomes.set(name, (outcomes.get(name) ?? 0) + times);
      }
    }
    const posts = results.reduce((sum, result) => sum + result.load.posts.size, 0);
    const back = distributionOf(results.flatMap((result) => result.back));
    const times = `${lanes * kills} times kill -9 under load`;
    return [
      {
        name: 'kill: no call hangs',
        asked: `${times}: each call ends by its deadline of ${IdLoad.deadlineMs} ms`,
        measured: `${took.count.toLocaleString('en-US')} calls, the longest ${Math.round(took.max)} ms; ${countsText(outcomes)}`,
        holds: took.max <= IdLoad.deadlineMs + GRACE_MS,
      },
      {
        name: 'kill: no POST runs twice',
        asked: `${times}: each POST runs once at most, and what a failure says of that is true`,
        measured: [
          `${posts.toLocaleString('en-US')} POSTs, ${untrue.length} wrong`,
          ...untrue.slice(0, 5),
        ].join('; '),
        holds: untrue.length === 0,
      },
      {
        name: 'kill: service is back',
        asked: `${times}: the first success within ${BACK_MS} ms of "listening"`,
        measured: distributionText(back),
        holds: back.max <= BACK_MS,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
    forget();
  }
};

interface Lane {
  readonly load: IdLoad;
  /** From when a server listened to the first success, in ms. */
  readonly back: readonly number[];
  readonly untrue: readonly string[];
}

async function oneLane(
  ids: string,
  kills: number,
  random: Random,
  tick: () => void,
): Promise<Lane> {
  const actors = new Set<Actor>();
  const start = (url: string) => {
    const actor = new Actor('echo-server', [url, ids]);
    actors.add(actor);
    return actor;
  };
  const back: number[] = [];
  try {
    let server = start('teleport://127.0.0.1:0');
    server.tell({ kind: 'listen' });
    const { text: url = '' } = await server.hear('listening');
    const load = new IdLoad(url);
    await load.start();
    for (let i = 0; i < kills; i++) {
      const next = start(url);
      await next.hear('started');
      await pause(LIFE_MS.least + random.unit() * (LIFE_MS.most - LIFE_MS.least));
      await server.stop();
      actors.delete(server);
      const isLong = random.unit() < SHARE_OF_LONG;
      await pause(random.unit() * (isLong ? LONG_AWAY_MS : SHORT_AWAY_MS));
      const success = load.nextSuccess();
      next.tell({ kind: 'listen' });
      const listening = await next.hear('listening');
      back.push(Math.max(0, (await success) - figure(listening, 'at')));
      server = next;
      tick();
    }
    await load.stop();
    return { load, back, untrue: untrueOf(load, readFileSync(ids, 'latin1')) };
  } finally {
    await Promise.all(Array.from(actors, (actor) => actor.stop()));
  }
}

/** What the outcomes of POSTs say that is not so, given the ids that the servers wrote down. */
function untrueOf(load: IdLoad, written: string): string[] {
  const runs = new Map<string, number>();
  for (const id of written.split('\n')) runs.set(id, (runs.get(id) ?? 0) + 1);
  const untrue: string[] = [];
  for (const [id, outcome] of load.posts) {
    const count = runs.get(id) ?? 0;
    if (count > 1) untrue.push(`POST ${id} ran ${count} times; ${outcome}`);
    if (count === 0 && outcome === 'ok') untrue.push(`POST ${id} was answered and never ran`);
    if (count > 0 && outcome.endsWith(' no')) untrue.push(`POST ${id} ran; ${outcome}`);
  }
  return untrue;
}

function countsText(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort((one, two) => two[1] - one[1])
    .map(([name, times]) => `${times.toLocaleString('en-US')} ${name}`)
    .join(', ');
}
