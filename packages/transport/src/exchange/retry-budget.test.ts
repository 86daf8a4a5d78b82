import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '../test/fake-clock.ts';
import { RetryBudget } from './retry-budget.ts';

/** Takes until there is no more. */
function drain(budget: RetryBudget, calls: number): number {
  let taken = 0;
  while (budget.take(calls)) taken++;
  return taken;
}

test('calls of late earn their share, beside a few a second', () => {
  const clock = new FakeClock();
  const budget = new RetryBudget(clock, 20, 10);
  expect(drain(budget, 0)).toBe(10);
  expect(drain(budget, 1000)).toBe(200);
  expect(drain(budget, 1000)).toBe(0);
  clock.advance(500);
  expect(drain(budget, 1000)).toBe(5);
});

test('what calls of long ago earned is gone', () => {
  const clock = new FakeClock();
  const budget = new RetryBudget(clock, 20, 0);
  expect(budget.take(1000)).toBe(true);
  clock.advance(120_000);
  expect(budget.take(1000)).toBe(false);
});

test('nothing is earned with 0 and 0', () => {
  const budget = new RetryBudget(new FakeClock(), 0, 0);
  expect(drain(budget, 1_000_000)).toBe(0);
});

test('never more than the share of all calls, and so many for each second that has begun', () => {
  const step = fc.record({
    ms: fc.nat(5_000),
    calls: fc.nat(500),
    wanted: fc.nat(200),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const clock = new FakeClock();
      const start = clock.now();
      const budget = new RetryBudget(clock, 20, 10);
      let calls = 0;
      let taken = 0;
      for (const step of steps) {
        clock.advance(step.ms);
        calls += step.calls;
        for (let i = 0; i < step.wanted && budget.take(calls); i++) taken++;
        const seconds = (clock.now() - start) / 1000 + 1;
        expect(taken).toBeLessThanOrEqual(0.2 * calls + 10 * seconds + 1e-6);
      }
    }),
  );
});
