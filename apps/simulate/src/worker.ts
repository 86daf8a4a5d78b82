import { parentPort } from 'node:worker_threads';
import { playHistory } from './history/history.ts';
import type { Span } from './run.ts';
import { addHistory, emptySummary } from './summary.ts';

parentPort?.on('message', async ({ seed, histories, faults }: Span) => {
  const summary = emptySummary();
  for (let i = 0; i < histories; i++) {
    addHistory(summary, await playHistory({ seed: seed + i, faults, keepsTrace: false }));
  }
  parentPort?.postMessage(summary);
});
