import { median } from '../measure/sample.ts';
import type { Findings, Ratio, Result } from '../report/report.ts';
import { GOODPUT_PORTS, type Way } from '../trials/goodput-ports.ts';
import { type Network, openNetwork, whyNoNetwork } from '../trials/network.ts';
import { figure, type Said } from '../trials/said.ts';
import type { Suite } from './suite.ts';

const RATE_MEGABITS = 20;
const CASE = `link/rtb/${RATE_MEGABITS}mbit`;
const QUICK = { rounds: 2, settleMs: 700, ms: 1_200 };
const FULL = { rounds: 5, settleMs: 1_500, ms: 4_000 };

/**
 * How much HTTP a slow link carries: OpenRTB bid requests over a wire of 20 Mbit/s between two network
 * namespaces, by tp with each codec and by HTTP/1.1, in turns. Counted in the direction of the
 * requests, which fills first.
 */
export const link: Suite = async ({ quick, progress }) => {
  const why = whyNoNetwork();
  if (why !== undefined) return { results: [], ratios: [], notMeasured: [{ system: 'link', why }] };
  progress('link: two network namespaces');
  const host = '10.83.0.1';
  const network = await openNetwork(['goodput-server', host], ['goodput-client', host]);
  try {
    return await measured(network, quick ? QUICK : FULL, progress);
  } finally {
    await network.stop();
  }
};

async function measured(
  { server, client, shape }: Network,
  { rounds, settleMs, ms }: typeof FULL,
  progress: (text: string) => void,
): Promise<Findings> {
  shape(RATE_MEGABITS);
  server.tell({ kind: 'listen' });
  await server.hear('listening');
  const runs = new Map<Way, Said[]>([...GOODPUT_PORTS.keys()].map((way) => [way, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [way, said] of runs) {
      progress(`link: turn ${round} of ${rounds}, ${way}`);
      client.tell({ kind: 'run', text: way, figures: { settleMs, ms } });
      said.push(await client.hear('ran', ms + 60_000));
    }
  }
  const rate: Result = {
    system: 'link',
    case: CASE,
    httpBytesPerSecond: (RATE_MEGABITS * 1e6) / 8,
  };
  const results = [rate, ...[...runs].map(([way, said]) => resultOf(way, said))];
  return { results, ratios: linkRatios(results), notMeasured: [] };
}

/** HTTP carried, over what the link carries. */
export function linkRatios(results: readonly Result[]): Ratio[] {
  const of = (system: string, codec?: string) =>
    results.find((result) => result.system === system && result.codec === codec)
      ?.httpBytesPerSecond;
  const [rate, ours] = [of('link'), of('tp', 'zstd')];
  if (!rate || ours === undefined) return [];
  return [{ name: 'link goodput vs link rate', value: ours / rate, higherIsBetter: true }];
}

function resultOf(way: Way, runs: readonly Said[]): Result {
  const middle = (per: (run: Said) => number) => median(runs.map(per)) ?? 0;
  return {
    ...(way === 'http1' ? { system: 'http1' } : { system: 'tp', codec: way }),
    case: CASE,
    opsPerSecond: middle((run) => figure(run, 'requests') / figure(run, 'seconds')),
    cpuUsPerOp: middle((run) => figure(run, 'cpuUs') / Math.max(1, figure(run, 'requests'))),
    httpBytesPerOp: middle((run) => figure(run, 'bytes') / Math.max(1, figure(run, 'requests'))),
    wireBytesPerOp: middle(
      (run) => figure(run, 'wireBytes') / Math.max(1, figure(run, 'requests')),
    ),
    httpBytesPerSecond: middle((run) => figure(run, 'bytes') / figure(run, 'seconds')),
  };
}
