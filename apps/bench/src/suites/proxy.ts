import { median } from '../measure/sample.ts';
import { ANSWER, type Load, makeLoads } from '../proxying/loads.ts';
import { runOpenLoop } from '../proxying/open-loop.ts';
import { openStands, type Stand } from '../proxying/stands.ts';
import { runWrk } from '../proxying/wrk.ts';
import type { NotMeasured, Ratio, Result } from '../report/report.ts';
import type { Suite } from './suite.ts';

const CONNECTIONS = 64;
const PATH = '/foo/bar';
/** `shares` of our pair's peak that each kind of request falls due at; undefined: it is not measured. */
const QUICK = { rounds: 3, seconds: 1, warmupSeconds: 4, shares: { get: [0.5], rtb: undefined } };
const FULL = {
  rounds: 5,
  seconds: 4,
  warmupSeconds: 4,
  shares: { get: [0.25, 0.5, 0.75], rtb: [0.5] },
};

/** What one turn gave. */
interface Turn {
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly cpuUsPerOp: number;
}

/**
 * A pair of proxies before nginx: our own, nginx and HAProxy as pairs, the Go pair, and nothing at all.
 * First as many requests as wrk gets answered, then an open loop at shares of our own pair's peak: the
 * same rate for all. All share this machine's cores with the load.
 */
export const proxy: Suite = async ({ quick, progress }) => {
  progress('proxy: starting nginx, HAProxy and our pair');
  const opened = await openStands();
  if ('why' in opened) {
    return { results: [], ratios: [], notMeasured: [{ system: 'proxy', why: opened.why }] };
  }
  const effort = quick ? QUICK : FULL;
  const notMeasured: NotMeasured[] = [...opened.notMeasured];
  try {
    const results: Result[] = [];
    for (const load of makeLoads()) {
      const shares = effort.shares[load.kind];
      if (shares === undefined) continue;
      const measure = (name: string, turn: (stand: Stand) => Promise<Turn>) =>
        inTurns(
          opened.stands,
          effort.rounds,
          `proxy/${load.kind}/${name}`,
          turn,
          progress,
          notMeasured,
        );
      for (const stand of opened.stands) await warmUp(stand, load, effort.warmupSeconds);
      const peaks = await measure('peak', (stand) => peakOf(stand, load, effort.seconds));
      results.push(...peaks);
      const peak = peaks.find(({ system }) => system === 'tp')?.opsPerSecond;
      for (const share of peak === undefined ? [] : shares) {
        const rate = (peak ?? 0) * share;
        const name = `load-${share * 100}`;
        results.push(
          ...(await measure(name, (stand) => loadOf(stand, load, rate, effort.seconds))),
        );
      }
    }
    return { results, ratios: proxyRatios(results), notMeasured, versions: opened.versions };
  } finally {
    await opened.stop();
  }
};

/** Our pair's requests a second over the others', at the peak: of the small GET, and of bid requests. */
export function proxyRatios(results: readonly Result[]): Ratio[] {
  return ['get', 'rtb'].flatMap((kind) => {
    const of = (system: string) =>
      results.find((one) => one.system === system && one.case === `proxy/${kind}/peak`)
        ?.opsPerSecond;
    const ours = of('tp');
    return ['httptp', 'nginx', 'haproxy'].flatMap((system) => {
      const theirs = of(system);
      if (ours === undefined || !theirs) return [];
      const name = `proxy pair rps${kind === 'get' ? '' : ` (${kind})`} vs ${system}`;
      return [{ name, value: ours / theirs, higherIsBetter: true }];
    });
  });
}

/** Lets compiled code come to its speed. What fails here fails again where it is measured, and is said there. */
async function warmUp({ port, programs }: Stand, load: Load, seconds: number): Promise<void> {
  if (programs.length === 0) return;
  await runWrk(urlOf(port), CONNECTIONS, seconds, load.wrkArguments).catch(() => {});
}

/** One turn of each after the other, round by round; figures are medians of a stand's turns. */
async function inTurns(
  stands: readonly Stand[],
  rounds: number,
  name: string,
  measure: (stand: Stand) => Promise<Turn>,
  progress: (text: string) => void,
  notMeasured: NotMeasured[],
): Promise<Result[]> {
  const turns = new Map<Stand, Turn[]>(stands.map((stand) => [stand, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [stand, done] of turns) {
      progress(`${name}: turn ${round} of ${rounds}, ${stand.system}`);
      try {
        done.push(await measure(stand));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        notMeasured.push({ system: stand.system, why: `${name}: ${why}` });
        turns.delete(stand);
      }
    }
  }
  return [...turns].map(([stand, done]) => resultOf(stand, name, done));
}

function resultOf({ system, codec, programs }: Stand, name: string, turns: Turn[]): Result {
  const middle = (key: keyof Turn) => median(turns.map((turn) => turn[key])) ?? 0;
  return {
    system,
    case: name,
    ...(codec === undefined ? {} : { codec }),
    callers: CONNECTIONS,
    opsPerSecond: middle('requestsPerSecond'),
    ...(programs.length === 0 ? {} : { cpuUsPerOp: middle('cpuUsPerOp') }),
    p50Us: middle('p50Us'),
    p99Us: middle('p99Us'),
  };
}

async function peakOf({ port, programs }: Stand, load: Load, seconds: number): Promise<Turn> {
  const before = cpuUs(programs);
  const peak = await runWrk(urlOf(port), CONNECTIONS, seconds, load.wrkArguments);
  const requests = peak.requestsPerSecond * seconds;
  return { ...peak, cpuUsPerOp: (cpuUs(programs) - before) / Math.max(1, requests) };
}

async function loadOf(
  { port, programs }: Stand,
  load: Load,
  rate: number,
  seconds: number,
): Promise<Turn> {
  const before = cpuUs(programs);
  const settleSeconds = 0.3;
  const figures = await runOpenLoop({
    port,
    requests: load.requests,
    body: ANSWER,
    requestsPerSecond: rate,
    seconds,
    connections: CONNECTIONS,
    settleSeconds,
  });
  const requests = rate * (seconds + settleSeconds);
  return { ...figures, cpuUsPerOp: (cpuUs(programs) - before) / Math.max(1, requests) };
}

function cpuUs(programs: Stand['programs']): number {
  return programs.reduce((sum, program) => sum + program.cpuUs(), 0);
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}${PATH}`;
}
