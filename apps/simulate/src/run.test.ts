import { expect, test } from 'vitest';
import { play } from './run.ts';
import { renderSummary, toJson, total } from './summary.ts';

/** Threads run what was compiled. */
const worker = new URL('../dist/worker.js', import.meta.url);

test('a thousand histories with twenty faults each break no promise', {
  timeout: 600_000,
}, async () => {
  const span = { seed: 1, histories: 1_000, faults: 20 };
  const summary = await play(span, { worker, workers: 1 });
  expect(summary.violations, renderSummary(summary, span.faults)).toEqual([]);
  expect(summary.histories).toBe(1_000);
  expect(total(summary.faults)).toBeGreaterThanOrEqual(20_000);
  expect(summary.calls.get('answered')).toBeGreaterThan(10_000);
});

test('how many threads there are changes nothing', { timeout: 60_000 }, async () => {
  const span = { seed: 11, histories: 20, faults: 5 };
  const [one, two] = await Promise.all([1, 2].map((workers) => play(span, { worker, workers })));
  expect(one && toJson(one)).toEqual(two && toJson(two));
  expect(one?.events).toBe(two?.events);
});

test('a run stops when it has what it wants', { timeout: 60_000 }, async () => {
  const span = { seed: 1, histories: 1_000, faults: 1 };
  const summary = await play(span, { worker, workers: 1, until: ({ histories }) => histories > 0 });
  expect(summary.histories).toBeLessThan(1_000);
});
