import { afterAll, describe, expect, it } from 'vitest';
import { hunt } from './hunt.ts';
import type { Mutant } from './mutant.ts';
import { mutants } from './mutants.ts';
import { changed, Workshop } from './workshop.ts';

describe('the simulator finds a peer that', { timeout: 120_000 }, () => {
  const workshop = new Workshop();
  afterAll(() => workshop.close());

  it.concurrent.each(mutants)('$name: $finds', async (mutant) => {
    const { found } = await hunt(mutant, workshop);
    expect(found?.kind).toBe(mutant.finds);
  });
});

describe('a change', () => {
  const mutant: Mutant = {
    name: 'is out of date',
    finds: 'late',
    file: 'transport/dist/link/link.js',
    find: 'a.b',
    replace: '$&',
  };

  it('is made in one place, to the letter', () => {
    expect(changed(mutant, 'x a.b y')).toBe('x $& y');
  });

  it.each([
    ['', '0 times'],
    ['axb', '0 times'],
    ['a.b a.b', '2 times'],
    ['a.b a.b a.b', '3 times'],
  ])('is refused in %j', (code, count) => {
    expect(() => changed(mutant, code)).toThrow(
      `"a.b" stands ${count} in transport/dist/link/link.js`,
    );
  });
});

describe('the mutants', () => {
  it('have names of their own', () => {
    const names = mutants.map(({ name }) => name);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });
});
