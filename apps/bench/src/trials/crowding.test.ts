import { expect, it } from 'vitest';
import { crowdingOf, momentOfShare } from './crowding.ts';

it('compares the fullest bin with the mean of all, empty ones too', () => {
  expect(crowdingOf([0, 1, 2, 99, 100, 250], 0, 400, 4)).toEqual({
    ms: 400,
    bins: 4,
    peak: 4,
    mean: 1.5,
  });
});

it('leaves out what lies before and after, and takes both ends in', () => {
  expect(crowdingOf([9, 10, 110, 111], 10, 110, 2)).toMatchObject({ peak: 1, mean: 1 });
});

it('refuses to speak of nothing', () => {
  expect(() => crowdingOf([5], 10, 20, 1)).toThrow('nothing happened');
  expect(() => momentOfShare([], 0.5)).toThrow('no moments');
});

it('says by when a share has come, in any order', () => {
  const moments = [4, 1, 10, 3, 2, 5, 9, 6, 8, 7];
  expect([0, 0.1, 0.9, 1].map((share) => momentOfShare(moments, share))).toEqual([1, 1, 9, 10]);
});
