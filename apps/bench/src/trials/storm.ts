import type { TrialResult } from '../report/report.ts';
import { Actor } from './actor.ts';
import { type Crowding, crowdingOf, momentOfShare } from './crowding.ts';
import { pause } from './pause.ts';
import { figure, machineNow } from './said.ts';
import type { Trial } from './trial.ts';

const PROCESSES = 2;
const CLIENTS_EACH = 250;
const CLIENTS = PROCESSES * CLIENTS_EACH;
/** Longer than what counts as a link that failed. */
const LIFE_MS = 1_500;
/** How long the server is away, in ms: long enough that the first waits are over. */
const AWAY_MS = 4_000;
const BACK_PATIENCE_MS = 40_000;
/** A period is cut into so many bins: fewer would hide a crowd, more would show chance alone. */
const BINS = 10;
/** A period ends when so many have come: the last few stretch it, and crowd nobody. */
const SHARE = 0.9;
const MOST_CROWDED = 2;
/** Where clients ask for the peer, each makes a call once in so long, in ms. */
const ASK_MS = 250;

/**
 * A server with 500 clients is killed and comes back. Two periods count: that of the first redials,
 * from the first one after the loss until nine clients in ten have dialled again; and that of the
 * return, from when a server listens again until nine in ten are connected. Each is cut into ten bins.
 */
export const storm: Trial = async ({ progress }) => [
  ...(await oneStorm('idle clients', 0, progress)),
  ...(await oneStorm(`clients that call every ${ASK_MS} ms`, ASK_MS, progress)),
];

async function oneStorm(
  who: string,
  askMs: number,
  progress: (text: string) => void,
): Promise<TrialResult[]> {
  const actors: Actor[] = [];
  const start = (part: string, args: readonly string[]) => {
    const actor = new Actor(part, args);
    actors.push(actor);
    return actor;
  };
  try {
    progress(`${CLIENTS} ${who} connect`);
    const server = start('echo-server', ['teleport://127.0.0.1:0']);
    server.tell({ kind: 'listen' });
    const { text: url = '' } = await server.hear('listening');
    const next = start('echo-server', [url]);
    await next.hear('started');
    const clients = Array.from({ length: PROCESSES }, () =>
      start('storm-clients', [url, `${CLIENTS_EACH}`, `${askMs}`]),
    );
    await Promise.all(clients.map((client) => client.hear('ready')));
    await pause(LIFE_MS);
    for (const client of clients) client.tell({ kind: 'watch' });
    await Promise.all(clients.map((client) => client.hear('watching')));
    progress(`${CLIENTS} ${who}, the server is away`);
    const killedAt = machineNow();
    await server.stop();
    await pause(AWAY_MS);
    next.tell({ kind: 'listen' });
    const listeningAt = figure(await next.hear('listening'), 'at');
    progress(`${CLIENTS} ${who} come back`);
    await allBack(clients);
    for (const client of clients) client.tell({ kind: 'tell' });
    return resultsOf(who, killedAt, listeningAt, {
      firsts: await samplesOf(clients, 'firsts'),
      dials: await samplesOf(clients, 'dials'),
      connections: await samplesOf(clients, 'connections'),
    });
  } finally {
    await Promise.all(actors.map((actor) => actor.stop()));
  }
}

/** Moments by the machine's clock, in ms. */
interface Moments {
  /** When each client dialled again for the first time. */
  readonly firsts: readonly number[];
  readonly dials: readonly number[];
  /** When connections stood. */
  readonly connections: readonly number[];
}

function resultsOf(
  who: string,
  killedAt: number,
  listeningAt: number,
  { firsts, dials, connections }: Moments,
): TrialResult[] {
  const redial = crowdingOf(firsts, Math.min(...firsts), momentOfShare(firsts, SHARE), BINS);
  const back = crowdingOf(connections, listeningAt, momentOfShare(connections, SHARE), BINS);
  const away = crowdingOf(dials, killedAt, listeningAt, Math.round(AWAY_MS / 100));
  return [
    {
      name: `storm: ${who} redial`,
      asked: `500 clients lose their server: in the time until nine in ten have dialled again, cut into ${BINS}, the peak is at most ${MOST_CROWDED} times the mean`,
      measured: `${textOf(redial)}; away for ${AWAY_MS} ms, ${dials.length} dials in all, per 100 ms at most ${away.peak}, on average ${away.mean.toFixed(1)}`,
      holds: redial.peak <= MOST_CROWDED * redial.mean,
    },
    {
      name: `storm: ${who} return`,
      asked: `500 clients come back: in the time from "listening" until nine in ten are connected, cut into ${BINS}, the peak is at most ${MOST_CROWDED} times the mean`,
      measured: textOf(back),
      holds: back.peak <= MOST_CROWDED * back.mean,
    },
  ];
}

function textOf({ ms, peak, mean }: Crowding): string {
  return `${Math.round(ms)} ms; per bin of ${Math.round(ms / BINS)} ms at most ${peak}, on average ${mean.toFixed(1)}: ${(peak / mean).toFixed(2)} times`;
}

async function allBack(clients: readonly Actor[]): Promise<void> {
  const end = performance.now() + BACK_PATIENCE_MS;
  for (;;) {
    let back = 0;
    for (const client of clients) {
      client.tell({ kind: 'count' });
      back += figure(await client.hear('count'), 'back');
    }
    if (back >= CLIENTS) return;
    if (performance.now() > end) throw new Error(`${back} of ${CLIENTS} clients came back`);
    await pause(50);
  }
}

async function samplesOf(clients: readonly Actor[], kind: string): Promise<number[]> {
  const said = await Promise.all(clients.map((client) => client.hear(kind)));
  return said.flatMap(({ samples = [] }) => samples);
}
