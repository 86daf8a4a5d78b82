import type { TrialResult } from '../report/report.ts';
import { distributionOf } from './distribution.ts';
import { type Network, openNetwork, whyNoNetwork } from './network.ts';
import { pause } from './pause.ts';
import { figure, machineNow } from './said.ts';
import type { Trial } from './trial.ts';

/** 30 s of silence, and 10 s to answer a ping. */
const NOTICED_MS = 40_000;
/** How late timers may be, in ms. */
const GRACE_MS = 500;
const SETTLE_MS = 1_000;
const PORT = 7000;

/** The peer vanishes without FIN or RST, as when a cable is cut. */
export const vanish: Trial = async ({ quick, progress }) => {
  if (quick) return { why: 'it takes 40 s, and --quick was asked for' };
  const why = whyNoNetwork();
  if (why !== undefined) return { why };
  const network = await openNetwork(
    ['echo-server', `teleport://0.0.0.0:${PORT}`],
    ['vanish-client'],
  );
  try {
    return await tried(network, progress);
  } finally {
    await network.stop();
  }
};

async function tried(
  { server, client, serverHost, vanish: cut }: Network,
  progress: (text: string) => void,
): Promise<TrialResult[]> {
  server.tell({ kind: 'listen' });
  await server.hear('listening');
  client.tell({ kind: 'open', text: `teleport://${serverHost}:${PORT}` });
  const calls = figure(await client.hear('opened'), 'calls');
  await pause(SETTLE_MS);
  cut();
  const cutAt = machineNow();
  progress('the server has vanished; waiting for it to be noticed');
  const results: TrialResult[] = [];
  for (const which of ['quiet', 'busy']) {
    const outcomes = new Set<string>();
    const after: number[] = [];
    for (let i = 0; i < calls; i++) {
      const said = await client.hear(`${which} ended`, NOTICED_MS + 10_000);
      outcomes.add(said.text ?? '');
      after.push(figure(said, 'at') - cutAt);
    }
    const { max } = distributionOf(after);
    results.push({
      name: `vanish: calls on a ${which} link`,
      asked: `the peer vanishes without FIN: noticed within ${NOTICED_MS / 1000} s (timers may be ${GRACE_MS} ms late), calls fail with TIMEOUT, processed "maybe"`,
      measured: `the last of ${calls} calls failed after ${(max / 1000).toFixed(2)} s: ${[...outcomes].join(', ')}`,
      holds: max <= NOTICED_MS + GRACE_MS && [...outcomes].join() === 'TIMEOUT maybe',
    });
  }
  await pause(Math.max(0, cutAt + NOTICED_MS + GRACE_MS - machineNow()));
  server.tell({ kind: 'count' });
  const links = figure(await server.hear('count'), 'links');
  results.push({
    name: 'vanish: the server',
    asked: `the client vanishes without FIN: its links end within ${NOTICED_MS / 1000} s`,
    measured: `${links} links are left`,
    holds: links === 0,
  });
  return results;
}
