import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromUtf8, toUtf8 } from './utf8.ts';

describe('UTF-8', () => {
  test('any text is encoded as TextEncoder does', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('\ud800', 'a\udc00b', '\ud83e\udd95'),
    );
    fc.assert(
      fc.property(text, (one) => {
        expect(toUtf8(one, 1e6)).toEqual(new TextEncoder().encode(one));
      }),
      { numRuns: 500 },
    );
  });

  test('any bytes are decoded as TextDecoder does', () => {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    const byte = fc.oneof(
      fc.nat(255),
      fc.constantFrom(0xc0, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xf5, 0x80, 0x8f, 0x9f, 0xa0, 0xbf),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 30 }), fc.nat(5), (list, start) => {
        const bytes = Uint8Array.from(list);
        const expected = decoder.decode(bytes.subarray(start));
        expect(fromUtf8(bytes, start, bytes.length)).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });

  test('what is too long is cut between characters', () => {
    expect(toUtf8('a€€', 6)).toEqual(new TextEncoder().encode('a€'));
    expect(toUtf8('a€€', 7)).toEqual(new TextEncoder().encode('a€€'));
    expect(toUtf8('\u{1f995}', 3)).toHaveLength(0);
  });
});
