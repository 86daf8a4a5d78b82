import { expect, test } from 'vitest';
import type { HistoryResult } from './history/history.ts';
import { addHistory, addSummary, emptySummary, renderSummary, toJson } from './summary.ts';

const QUIET: HistoryResult = {
  seed: 4,
  faults: new Map([['cut', 2]]),
  outcomes: new Map([['answered', 3]]),
  violations: [],
  events: 10,
  hash: '0',
  lines: [],
};
const LOUD: HistoryResult = {
  ...QUIET,
  seed: 5,
  faults: new Map([['lag', 1]]),
  violations: [{ kind: 'late', what: 'call 1 ended late', at: 12.5 }],
};

test('histories add up, and so do sums of them', () => {
  const one = emptySummary();
  addHistory(one, QUIET);
  const other = emptySummary();
  addHistory(other, LOUD);
  addSummary(one, other);
  expect(toJson(one)).toEqual({
    histories: 2,
    faults: 3,
    calls: 6,
    violations: [{ seed: 5, kind: 'late', what: 'call 1 ended late', at: 12.5 }],
  });
});

test('a violation is shown with its seed and the way to see it again', () => {
  const summary = emptySummary();
  addHistory(summary, LOUD);
  const text = renderSummary(summary, 20);
  expect(text).toContain('seed 5: late: call 1 ended late (at 12.500 ms)');
  expect(text).toContain('npm run simulate -- --seed 5 --histories 1 --faults 20');
  expect(text).toMatch(/1 violations\n$/);
});
