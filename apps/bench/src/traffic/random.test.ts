import { expect, it } from 'vitest';
import { Random } from './random.ts';

it('gives equal values for equal seeds and other values for other streams', () => {
  const values = (random: Random) => Array.from({ length: 8 }, () => random.uint32());
  expect(values(new Random(5, 1))).toEqual(values(new Random(5, 1)));
  expect(values(new Random(5, 1))).not.toEqual(values(new Random(5, 2)));
  expect(values(new Random(5, 1))).not.toEqual(values(new Random(6, 1)));
});

it('reaches both ends of a range and nothing beyond', () => {
  const random = new Random(1);
  const drawn = new Set(Array.from({ length: 500 }, () => random.int(3, 6)));
  expect([...drawn].sort()).toEqual([3, 4, 5, 6]);
});

it('samples as many different entries as asked for, in order', () => {
  const random = new Random(1);
  for (let count = 0; count <= 6; count += 1) {
    const chosen = random.sample([1, 2, 3, 4, 5], count);
    expect(chosen).toHaveLength(Math.min(count, 5));
    expect(chosen).toEqual([...new Set(chosen)].sort());
  }
});

it('draws earlier entries more often when skewed', () => {
  const random = new Random(1);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 4000; i += 1) {
    const drawn = random.pickSkewed([0, 1, 2, 3]);
    counts[drawn] = (counts[drawn] ?? 0) + 1;
  }
  expect(counts).toEqual(counts.toSorted((a, b) => b - a));
});
