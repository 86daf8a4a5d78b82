import { describe, expect, test } from 'vitest';
import { Fields } from './index.ts';

describe('Fields', () => {
  const fields = Fields.from(['Accept', 'a', 'x', '', 'ACCEPT', 'b']);

  test('keep order, duplicates and the case of names', () => {
    expect(fields.raw).toEqual(['Accept', 'a', 'x', '', 'ACCEPT', 'b']);
    expect([...fields]).toEqual([
      ['Accept', 'a'],
      ['x', ''],
      ['ACCEPT', 'b'],
    ]);
    expect(fields.size).toBe(3);
  });

  test('are found in any case of letters; the first value counts', () => {
    expect(fields.get('accept')).toBe('a');
    expect(fields.get('X')).toBe('');
    expect(fields.get('accep')).toBeUndefined();
    expect(fields.getAll('aCCept')).toEqual(['a', 'b']);
    expect(fields.getAll('none')).toEqual([]);
    expect(fields.has('x')).toBe(true);
    expect(fields.has('y')).toBe(false);
  });

  test('are made from objects: lists give duplicates, undefined gives nothing', () => {
    expect(Fields.from({ a: '1', b: ['2', '3'], c: undefined, d: [] }).raw).toEqual([
      'a',
      '1',
      'b',
      '2',
      'b',
      '3',
    ]);
    const odd = JSON.parse('{"__proto__": "p", "constructor": "c"}');
    expect(Fields.from(odd).raw).toEqual(['__proto__', 'p', 'constructor', 'c']);
    expect(Fields.from(odd).get('hasOwnProperty')).toBeUndefined();
  });

  test('of nothing are empty; Fields stay the same object', () => {
    expect(Fields.from(undefined)).toBe(Fields.empty);
    expect(Fields.from([])).toBe(Fields.empty);
    expect(Fields.from({}).size).toBe(0);
    expect(Fields.from(fields)).toBe(fields);
  });

  test('of a list of odd length are a TypeError that names the length', () => {
    expect(() => Fields.from(['a', 'b', 'c'])).toThrow(TypeError);
    expect(() => Fields.from(['a', 'b', 'c'])).toThrow(/found 3/);
  });
});
