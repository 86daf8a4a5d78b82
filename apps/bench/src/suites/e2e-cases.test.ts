import { expect, it } from 'vitest';
import { e2eCases } from './e2e-cases.ts';

it('keeps in --quick every case that a ratio needs', () => {
  const groups = new Map(e2eCases(true).map((group) => [group.title, group]));
  const small = groups.get('get/none/1000');
  expect(small?.floor).toBe(true);
  expect(small?.memory).toBe(true);
  expect(small?.theirs.map(({ delayMs }) => delayMs)).toEqual([0, 1]);
  for (const title of ['get/compressed/1000', 'rtb/compressed/1000']) {
    const group = groups.get(title);
    expect(group?.ours.map(({ codec }) => codec)).toEqual(['zstd']);
    expect(group?.theirs.map(({ name, codec }) => `${name} ${codec}`)).toEqual([
      `${title} flate`,
      `${title}/delay-1ms flate`,
      `${title} snappy`,
      `${title}/delay-1ms snappy`,
    ]);
  }
});

it('names no case twice for the same codec', () => {
  const names = e2eCases(false).flatMap(({ ours }) =>
    ours.map(({ name, codec }) => `${name} ${codec}`),
  );
  expect(new Set(names).size).toBe(names.length);
});

it('measures every shape in one group, as ratios need it', () => {
  const shapes = e2eCases(true).find(({ title }) => title === 'shapes');
  expect(shapes?.ours.map(({ name }) => name)).toEqual([
    'shapes/lean',
    'shapes/from-fetch',
    'shapes/from-listener',
    'shapes/fetch',
    'shapes/dispatcher',
    'shapes/agent',
  ]);
});
