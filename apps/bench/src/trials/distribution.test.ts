import { expect, it } from 'vitest';
import { distributionOf, distributionText } from './distribution.ts';

it('takes the figure that so great a share stays within, in any order', () => {
  const figures = Array.from({ length: 1000 }, (_, i) => 1000 - i);
  expect(distributionOf(figures)).toEqual({ count: 1000, p50: 500, p90: 900, p99: 990, max: 1000 });
});

it('is the figure itself when there is one, and refuses none', () => {
  expect(distributionOf([3])).toEqual({ count: 1, p50: 3, p90: 3, p99: 3, max: 3 });
  expect(() => distributionOf([])).toThrow('nothing was measured');
});

it('is said in three digits', () => {
  const text = distributionText({ count: 12_345, p50: 0.12345, p90: 1, p99: 23.456, max: 1234.5 });
  expect(text).toBe('p50 0.123, p90 1, p99 23.5, max 1230 ms (n = 12,345)');
});
