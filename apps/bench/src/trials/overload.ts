import type { TrialResult } from '../report/report.ts';
import { Actor } from './actor.ts';
import { distributionOf, distributionText } from './distribution.ts';
import { figure } from './said.ts';
import type { Trial } from './trial.ts';

/** Kinds of servers whose capacity is limited, by what their handlers do. */
const KINDS = [
  { kind: 'waiting', what: '50 handlers that wait 10 ms', handlers: 50, ms: 10, callers: 50 },
  { kind: 'busy', what: 'handlers that compute 0.1 ms', handlers: 50, ms: 0.1, callers: 50 },
] as const;
const FULL_MS = 5_000;
const QUICK_MS = 1_500;
const TIMES = [1, 2, 5, 10];
/** Of the peak, at ten times the load. */
const LEAST_GOODPUT = 0.9;
const REFUSED_WITHIN_MS = 5;

/** More load than a server has capacity for, from a process that slows down for nobody. */
export const overload: Trial = async ({ quick, progress }) => {
  const results: TrialResult[] = [];
  for (const kind of KINDS)
    results.push(...(await oneKind(kind, quick ? QUICK_MS : FULL_MS, progress)));
  return results;
};

async function oneKind(
  { kind, what, handlers, ms, callers }: (typeof KINDS)[number],
  lastsMs: number,
  progress: (text: string) => void,
): Promise<TrialResult[]> {
  const server = new Actor('overload-server', [kind, `${handlers}`, `${ms}`]);
  const actors = [server];
  try {
    const { text: url = '' } = await server.hear('listening');
    const client = new Actor('overload-client', [url]);
    actors.push(client);
    await client.hear('ready');
    progress(`${what}: the peak`);
    client.tell({ kind: 'peak', figures: { callers, ms: lastsMs } });
    await client.hear('peak', lastsMs + 30_000);
    client.tell({ kind: 'peak', figures: { callers, ms: lastsMs } });
    const peak = figure(await client.hear('peak', lastsMs + 30_000), 'perSecond');
    const loads: Load[] = [];
    for (const times of TIMES) {
      progress(`${what}: ${times} times the peak`);
      loads.push(await loaded(client, peak, times, lastsMs));
    }
    return resultsOf(kind, what, peak, loads);
  } finally {
    await Promise.all(actors.map((actor) => actor.stop()));
  }
}

interface Load {
  readonly times: number;
  /** Calls a second that were made, answered in time, and refused. */
  readonly made: number;
  readonly answered: number;
  readonly refused: number;
  readonly refusedAfter: readonly number[];
  readonly answeredAfter: readonly number[];
  /** How long after they were due calls were made: what is late there is not the server's fault. */
  readonly late: readonly number[];
  readonly failures: readonly (readonly [string, number])[];
}

async function loaded(client: Actor, peak: number, times: number, ms: number): Promise<Load> {
  client.tell({ kind: 'load', figures: { perSecond: peak * times, ms } });
  const said = await client.hear('loaded', ms + 60_000);
  return {
    times,
    made: figure(said, 'made'),
    answered: figure(said, 'answered'),
    refused: figure(said, 'refused'),
    refusedAfter: (await client.hear('refused')).samples ?? [],
    answeredAfter: (await client.hear('answered')).samples ?? [],
    late: (await client.hear('late')).samples ?? [],
    failures: said.counts ?? [],
  };
}

function resultsOf(
  kind: string,
  what: string,
  peak: number,
  loads: readonly Load[],
): TrialResult[] {
  const best = Math.max(peak, ...loads.map(({ answered }) => answered));
  const most = loads.at(-1);
  if (most === undefined) return [];
  const curve = loads.map(
    ({ times, made, answered }) =>
      `${times}x ${perSecond(made)} made, ${perSecond(answered)} answered`,
  );
  const others = most.failures.map(([name, times]) => `${times.toLocaleString('en-US')} ${name}`);
  const refusals = most.refusedAfter.length > 0 ? distributionOf(most.refusedAfter) : undefined;
  const untrue = most.failures.some(([name]) => !name.endsWith(' no'));
  return [
    {
      name: `overload, ${kind}: goodput`,
      asked: `${what}, ten times the load of the peak: at least ${LEAST_GOODPUT * 100} % of the best goodput, answers within 500 ms`,
      measured: [
        `${((most.answered / best) * 100).toFixed(1)} %`,
        `peak ${perSecond(peak)} a second`,
        ...curve,
        most.answeredAfter.length > 0
          ? `at ${most.times}x answers took ${distributionText(distributionOf(most.answeredAfter))}`
          : 'no answers',
        `calls were made late by ${distributionText(distributionOf(most.late))}`,
        `failures: ${others.join(', ') || 'none'}`,
      ].join('; '),
      holds: most.answered >= LEAST_GOODPUT * best,
    },
    {
      name: `overload, ${kind}: refusals`,
      asked: `${what}, ten times the load: what is refused is refused within ${REFUSED_WITHIN_MS} ms (p99, from when the call was due) and says processed "no"`,
      measured: refusals === undefined ? 'nothing was refused' : distributionText(refusals),
      holds: refusals === undefined || (refusals.p99 <= REFUSED_WITHIN_MS && !untrue),
    },
  ];
}

function perSecond(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}
