import { describe, expect, test } from 'vitest';
import {
  codeFromWire,
  codeToWire,
  processedFromWire,
  processedToWire,
  WIRE_CODES,
} from './codes.ts';
import { isTpError, TpError } from './index.ts';
import { oracle } from './test/oracle.ts';

describe('TpError', () => {
  test('has code, message, cause and processed, which is "maybe" unless said', () => {
    const cause = new Error('under it');
    const error = new TpError({ code: 'REFUSED', message: 'not now', cause, processed: 'no' });
    expect(error).toMatchObject({
      name: 'TpError',
      code: 'REFUSED',
      message: 'not now',
      processed: 'no',
      cause,
    });
    const plain = new TpError({ code: 'CLOSED', message: 'm' });
    expect(plain.processed).toBe('maybe');
    expect('cause' in plain).toBe(false);
  });

  test('isTpError knows one made by another copy of the class', () => {
    class Other extends Error {
      override readonly name = 'TpError';
      readonly code = 'PROTOCOL';
      readonly processed = 'yes';
    }
    expect(isTpError(new TpError({ code: 'CLOSED', message: 'm' }))).toBe(true);
    expect(isTpError(new Other())).toBe(true);
  });

  const named = (more: object) => Object.assign(new Error('m'), { name: 'TpError' }, more);
  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'TpError'],
    [
      'an object that looks like one',
      { name: 'TpError', code: 'CLOSED', processed: 'no', message: '' },
    ],
    ['another error', new Error('m')],
    ['an error of Node', Object.assign(new Error('m'), { code: 'ECONNRESET', processed: 'no' })],
    ['one without a code', named({ processed: 'no' })],
    ['one without processed', named({ code: 'CLOSED' })],
    ['one whose code is a number', named({ code: 7, processed: 'no' })],
    ['one whose processed is undefined', named({ code: 'CLOSED', processed: undefined })],
    ['one whose processed is another word', named({ code: 'CLOSED', processed: 'never' })],
  ])('isTpError refuses %s', (_, value) => {
    expect(isTpError(value)).toBe(false);
  });
});

describe('section 11', () => {
  test('codes have the numbers of wire.proto', () => {
    const { values } = oracle.batch.root.lookupEnum('tp.v1.Code');
    expect(Object.fromEntries(WIRE_CODES.map((code, number) => [code, number]))).toEqual(values);
    for (const [number, code] of WIRE_CODES.entries()) {
      expect(codeFromWire(number)).toBe(code);
      expect(codeToWire(code)).toBe(number);
    }
  });

  test('codes that never travel are said as INTERNAL, and unknown numbers mean it', () => {
    for (const code of ['OVERFLOW', 'LINK_LOST', 'CLOSED', 'INVALID_ARGUMENT'] as const) {
      expect(codeFromWire(codeToWire(code))).toBe('INTERNAL');
    }
    expect(codeFromWire(18)).toBe('INTERNAL');
    expect(codeFromWire(2 ** 32 - 1)).toBe('INTERNAL');
  });

  test('processed has the numbers of wire.proto; unknown ones mean maybe', () => {
    const { values } = oracle.batch.root.lookupEnum('tp.v1.Processed');
    expect(values).toEqual({
      MAYBE: processedToWire('maybe'),
      NO: processedToWire('no'),
      YES: processedToWire('yes'),
    });
    expect([0, 1, 2, 3, 99].map(processedFromWire)).toEqual([
      'maybe',
      'no',
      'yes',
      'maybe',
      'maybe',
    ]);
  });
});
