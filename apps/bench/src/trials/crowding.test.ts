import { expect, it } from 'vitest';
import { crowdingOf } from './crowding.ts';

it('compares the fullest bin with the mean of all, empty ones too', () => {
  expect(crowdingOf([0, 1, 2, 99, 100, 250], 0, 399, 100)).toEqual({ peak: 4, mean: 1.5, bins: 4 });
});

it('leaves out what lies before and after, and takes both ends in', () => {
  expect(crowdingOf([9, 10, 110, 111], 10, 110, 100)).toEqual({ peak: 1, mean: 1, bins: 2 });
});

it('refuses to speak of nothing', () => {
  expect(() => crowdingOf([5], 10, 20, 1)).toThrow('nothing happened');
});
