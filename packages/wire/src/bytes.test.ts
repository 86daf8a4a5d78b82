import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { portableBytes } from './index.ts';

describe('portableBytes', () => {
  const bytes = fc.uint8Array({ maxLength: 200 });

  test('W-017 crc32 is that of zlib, also continued', () => {
    expect(portableBytes.crc32(Buffer.from('123456789'), 0)).toBe(0xcbf43926);
    fc.assert(
      fc.property(bytes, bytes, (first, second) => {
        const seed = portableBytes.crc32(first, 0);
        expect(seed).toBe(crc32(first));
        expect(portableBytes.crc32(second, seed)).toBe(crc32(second, crc32(first)));
      }),
    );
  });

  test('W-006 text and bytes are those of Node’s latin1', () => {
    fc.assert(
      fc.property(bytes, fc.nat(20), (all, start) => {
        const text = Buffer.from(all.subarray(start)).toString('latin1');
        expect(portableBytes.readLatin1(all, Math.min(start, all.length), all.length)).toBe(text);
        const written = new Uint8Array(text.length + 2);
        portableBytes.writeLatin1(written, text, 1);
        expect(written.slice(1, -1)).toEqual(all.slice(start));
      }),
    );
  });
});
