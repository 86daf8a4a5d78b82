import type { TrialResult } from '../report/report.ts';
import { type Distribution, distributionOf, distributionText } from './distribution.ts';
import { type Network, openNetwork, whyNoNetwork } from './network.ts';
import { figure } from './said.ts';
import type { Trial } from './trial.ts';

const RATE_MEGABITS = 100;
const BODY_BYTES = 2 ** 30;
/** How long calls are measured alone, and beside a body at most, in ms. */
const FULL = { aloneMs: 10_000, besideMs: 300_000 };
const QUICK = { aloneMs: 3_000, besideMs: 4_000 };
/** What a body may add to the 99th percentile of small calls, in ms. */
const MOST_ADDED_MS = 25;
const PORT = 7000;

/** Small calls beside a large body, over a network of 100 Mbit/s. */
export const beside: Trial = async ({ quick, progress }) => {
  const why = whyNoNetwork();
  if (why !== undefined) return { why };
  const network = await openNetwork(
    ['echo-server', `teleport://0.0.0.0:${PORT}`],
    ['beside-client'],
  );
  try {
    return await tried(network, quick ? QUICK : FULL, progress);
  } finally {
    await network.stop();
  }
};

async function tried(
  { server, client, serverHost, shape }: Network,
  { aloneMs, besideMs }: typeof FULL,
  progress: (text: string) => void,
): Promise<TrialResult[]> {
  shape(RATE_MEGABITS);
  server.tell({ kind: 'listen' });
  await server.hear('listening');
  client.tell({ kind: 'open', text: `teleport://${serverHost}:${PORT}` });
  await client.hear('opened');
  progress('small calls alone');
  client.tell({ kind: 'alone', figures: { ms: aloneMs } });
  const alone = distributionOf((await client.hear('latencies', 60_000)).samples ?? []);
  const results: TrialResult[] = [];
  for (const kind of ['upload', 'download']) {
    progress(`small calls beside a 1 GiB ${kind}`);
    client.tell({ kind, figures: { bytes: BODY_BYTES, ms: besideMs } });
    const said = await client.hear('latencies', besideMs + 60_000);
    const besideIt = distributionOf(said.samples ?? []);
    const part = `${Math.round(figure(said, 'moved') / 2 ** 20)} MiB of it at ${((figure(said, 'bytesPerSecond') * 8) / 1e6).toFixed(1)} Mbit/s`;
    results.push(resultOf(kind, part, alone, besideIt));
  }
  return results;
}

function resultOf(
  kind: string,
  part: string,
  alone: Distribution,
  besideIt: Distribution,
): TrialResult {
  const added = besideIt.p99 - alone.p99;
  return {
    name: `beside a 1 GiB ${kind}`,
    asked: `1 KiB calls on a link of ${RATE_MEGABITS} Mbit/s: the p99 beside the ${kind} within ${MOST_ADDED_MS} ms of the p99 alone`,
    measured: `${added.toFixed(1)} ms more; alone ${distributionText(alone)}; beside it ${distributionText(besideIt)}; ${part}`,
    holds: added <= MOST_ADDED_MS,
  };
}
