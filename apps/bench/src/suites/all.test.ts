import { expect, it } from 'vitest';
import { inTurn } from './all.ts';
import type { Suite } from './suite.ts';
import { SUITES } from './suites.ts';

function suiteOf(system: string): Suite {
  return async ({ progress }) => {
    progress(system);
    return {
      results: [{ system, case: 'c' }],
      ratios: [{ name: system, value: 1, higherIsBetter: true }],
      notMeasured: [{ system, why: 'w' }],
    };
  };
}

it('runs suites one after the other and says of each result where it is from', async () => {
  const said: string[] = [];
  const all = inTurn(
    new Map([
      ['one', suiteOf('a')],
      ['two', suiteOf('b')],
    ]),
  );
  const found = await all({ quick: true, parts: [], progress: (text) => said.push(text) });
  expect(said).toEqual(['a', 'b']);
  expect(found).toEqual({
    results: [
      { suite: 'one', system: 'a', case: 'c' },
      { suite: 'two', system: 'b', case: 'c' },
    ],
    ratios: [
      { name: 'a', value: 1, higherIsBetter: true },
      { name: 'b', value: 1, higherIsBetter: true },
    ],
    notMeasured: [
      { system: 'a', why: 'w' },
      { system: 'b', why: 'w' },
    ],
  });
});

it('offers each suite by its name, and all of them', () => {
  expect([...SUITES.keys()]).toEqual(
    expect.arrayContaining(['e2e', 'peers', 'bytes', 'proxy', 'link', 'memory', 'wire', 'all']),
  );
});
