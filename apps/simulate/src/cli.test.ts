import { describe, expect, test } from 'vitest';
import { parseCommand, UsageError } from './cli.ts';

describe('the command line', () => {
  test('has defaults', () => {
    expect(parseCommand([], 42)).toEqual({
      histories: 1_000,
      seed: 42,
      faults: 20,
      json: undefined,
      workers: undefined,
    });
  });

  test('says how many histories, from which seed, with how many faults', () => {
    const args = '--histories 3 --seed 0 --faults 7 --workers 2 --json found.json'.split(' ');
    expect(parseCommand(args, 42)).toEqual({
      histories: 3,
      seed: 0,
      faults: 7,
      json: 'found.json',
      workers: 2,
    });
  });

  test.each([
    ['--histories', '0'],
    ['--histories', 'many'],
    ['--seed', '-1'],
    ['--seed', '1.5'],
    ['--seed', '9007199254740992'],
    ['--workers', '0'],
    ['--what', '1'],
  ])('is refused with %s %s', (name, value) => {
    expect(() => parseCommand([name, value], 1)).toThrow(UsageError);
  });
});
