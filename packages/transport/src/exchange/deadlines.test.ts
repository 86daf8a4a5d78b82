import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '../test/fake-clock.ts';
import { Deadlines, type Timed } from './deadlines.ts';

/** Says when it expired. */
class Item implements Timed {
  dueAt = 0;
  expiredAt: number | undefined;
  onExpire: () => void = () => {};
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  expire(): void {
    this.expiredAt = this.#clock.now();
    this.onExpire();
  }
}

/** How much late an item may be, in ms. */
const LATE = 8;

const step = fc.oneof(
  fc.record({
    do: fc.constant('arm' as const),
    item: fc.nat(11),
    in: fc.oneof(fc.integer({ min: -20, max: 100 }), fc.integer({ min: 0, max: 30_000 })),
  }),
  fc.record({ do: fc.constant('disarm' as const), item: fc.nat(11), in: fc.constant(0) }),
  fc.record({
    do: fc.constant('wait' as const),
    item: fc.constant(0),
    in: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 20_000 })),
  }),
);

test('as a naive list does: nothing expires early, twice, after it was disarmed, or more than 8 ms late', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const clock = new FakeClock();
      const items = Array.from({ length: 12 }, () => new Item(clock));
      const deadlines = new Deadlines(clock, (visit) => items.forEach(visit));
      const due = new Map<Item, { at: number; latest: number }>();
      for (const { do: what, item: index, in: ms } of steps) {
        const item = items[index];
        if (item === undefined) continue;
        if (what === 'arm') {
          deadlines.arm(item, clock.now() + ms);
          due.set(item, { at: clock.now() + ms, latest: clock.now() + Math.max(0, ms) + LATE });
          item.expiredAt = undefined;
        } else if (what === 'disarm') {
          item.dueAt = 0;
          due.delete(item);
        } else {
          clock.advance(ms);
          for (const [item, { at, latest }] of due) {
            if (item.expiredAt !== undefined) {
              expect(item.expiredAt).toBeGreaterThanOrEqual(at);
              expect(item.expiredAt).toBeLessThanOrEqual(latest);
              due.delete(item);
            } else expect(latest).toBeGreaterThan(clock.now());
          }
        }
        expect(items.filter((item) => item.dueAt !== 0)).toHaveLength(due.size);
      }
      clock.advance(60_000);
      expect(items.every((item) => item.dueAt === 0)).toBe(true);
      expect(clock.timers).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test('a deadline that has passed when it is armed expires within a tick', () => {
  const clock = new FakeClock();
  const item = new Item(clock);
  const deadlines = new Deadlines(clock, (visit) => visit(item));
  clock.advance(1000);
  deadlines.arm(item, clock.now() - 500);
  clock.advance(LATE);
  expect(item.expiredAt).toBeDefined();
});

test('a deadline that has passed longer does not put off one that waits for its tick', () => {
  const clock = new FakeClock();
  const items = [new Item(clock), new Item(clock)] as const;
  const deadlines = new Deadlines(clock, (visit) => items.forEach(visit));
  deadlines.arm(items[0], clock.now());
  clock.advance(1);
  deadlines.arm(items[1], clock.now() - 2);
  clock.advance(LATE - 1);
  expect(items.map((item) => item.expiredAt !== undefined)).toEqual([true, true]);
});

test('what expires may arm and disarm others', () => {
  const clock = new FakeClock();
  const [first, second, third] = [new Item(clock), new Item(clock), new Item(clock)];
  const deadlines = new Deadlines(clock, (visit) => [first, second, third].forEach(visit));
  for (const item of [first, second]) deadlines.arm(item, clock.now() + 5);
  const disarm = (other: Item) => () => {
    other.dueAt = 0;
    deadlines.arm(third, clock.now());
  };
  first.onExpire = disarm(second);
  second.onExpire = disarm(first);
  clock.advance(100);
  expect([first, second].filter((item) => item.expiredAt !== undefined)).toHaveLength(1);
  expect(third.expiredAt).toBeDefined();
  expect([first.dueAt, second.dueAt, third.dueAt, clock.timers]).toEqual([0, 0, 0, 0]);
});

test('a deadline that never comes sets no timer', () => {
  const clock = new FakeClock();
  const item = new Item(clock);
  const deadlines = new Deadlines(clock, (visit) => visit(item));
  deadlines.arm(item, Number.POSITIVE_INFINITY);
  expect(clock.timers).toBe(0);
  clock.advance(100_000);
  expect(item.expiredAt).toBeUndefined();
});

test('a deadline beyond what a timer can wait for expires on its day', () => {
  const clock = new FakeClock();
  const item = new Item(clock);
  const deadlines = new Deadlines(clock, (visit) => visit(item));
  const month = 31 * 24 * 3_600_000;
  deadlines.arm(item, clock.now() + month);
  clock.advance(month - 1);
  expect(item.expiredAt).toBeUndefined();
  clock.advance(1 + LATE);
  expect(item.expiredAt).toBeDefined();
});

test('once stopped, nothing expires and no timer is left', () => {
  const clock = new FakeClock();
  const item = new Item(clock);
  const deadlines = new Deadlines(clock, (visit) => visit(item));
  deadlines.arm(item, clock.now() + 10);
  deadlines.stop();
  deadlines.arm(item, clock.now() + 5);
  expect(clock.timers).toBe(0);
});
