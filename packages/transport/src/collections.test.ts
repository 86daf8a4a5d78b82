import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fifo } from './fifo.ts';
import { StreamTable } from './link/stream-table.ts';
import { RateLimit } from './rate-limit.ts';
import { FakeClock } from './test/fake-clock.ts';

test('StreamTable finds as a Map does, with ids that grow and streams that outlive many others', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), by: fc.nat(3) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('delete' as const), by: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('delete all' as const), by: fc.nat(9) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('skip' as const), by: fc.nat(300) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
      const table = new StreamTable<{ id: number }>();
      const model = new Map<number, { id: number }>();
      let last = 0;
      for (const { do: what, by } of steps) {
        if (what === 'skip') last += by;
        else if (what === 'add') {
          last += 1 + by;
          const stream = { id: last };
          table.add(stream);
          model.set(last, stream);
        } else {
          const ids = [...model.keys()];
          const gone =
            what === 'delete'
              ? [ids[by % (ids.length || 1)] ?? last]
              : ids.filter((id) => id % 10 !== by);
          for (const id of gone) {
            table.delete(id);
            model.delete(id);
          }
        }
        expect(table.size).toBe(model.size);
      }
      for (let id = 0; id <= last + 1; id++) expect(table.get(id)).toBe(model.get(id));
      const byId = (a: { id: number }, b: { id: number }) => a.id - b.id;
      expect(table.all().sort(byId)).toEqual([...model.values()]);
    }),
    { numRuns: 150 },
  );
});

test('Fifo gives in order what it was given', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 300, size: 'max' }), (pushes) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      pushes.forEach((push, i) => {
        if (push) {
          fifo.push(i);
          model.push(i);
        } else {
          expect(fifo.peek()).toBe(model[0]);
          expect(fifo.shift()).toBe(model.shift());
        }
        expect(fifo.length).toBe(model.length);
      });
    }),
  );
});

test('RateLimit allows the burst at once, and then so many a second, however long it rested before', () => {
  const clock = new FakeClock();
  const limit = new RateLimit(clock, 10, 5);
  const taken = () => {
    let count = 0;
    while (count < 100 && limit.take()) count++;
    return count;
  };
  clock.advance(1_000_000);
  expect(taken()).toBe(10);
  clock.advance(1_000);
  expect(taken()).toBe(5);
  clock.advance(100);
  expect(taken()).toBe(0);
  clock.advance(100);
  expect(taken()).toBe(1);
  clock.advance(1_000_000);
  expect(taken()).toBe(10);
});
