import { brotliCompressSync, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { content, noise, pieces } from '../test/content.ts';
import { bodyOf, OK, pool, post } from '../test/ends.ts';
import { acceptOpen, scriptedServer } from '../test/scripted-peer.ts';
import { zstd } from '../window/native-codecs.ts';
import { looksRandom } from './random-bytes.ts';

const utf8 = new TextEncoder();

function share(bodies: readonly Uint8Array[]): number {
  return bodies.filter(looksRandom).length / bodies.length;
}

function many(make: (seed: number) => Uint8Array): Uint8Array[] {
  return Array.from({ length: 400 }, (_, i) => make(i + 1));
}

/** JSON whose values differ from body to body. */
function json(seed: number): Uint8Array {
  const tokens = Buffer.from(noise(1500, seed)).toString('hex').match(/.{24}/g) ?? [];
  return utf8.encode(JSON.stringify(tokens.map((token, id) => ({ id: id * seed, token }))));
}

describe('bytes that look random', () => {
  test('are those that are', () => {
    expect(share(many((seed) => noise(512 + ((seed * 37) % 4000), seed)))).toBeGreaterThan(0.98);
  });

  test('and those that are compressed', () => {
    for (const pack of [gzipSync, deflateRawSync, zstdCompressSync, brotliCompressSync]) {
      expect(share(many((seed) => pack(json(seed))))).toBeGreaterThan(0.9);
    }
  });

  test('never bodies under 512 bytes, where nothing is gained by looking', () => {
    expect(looksRandom(noise(512))).toBe(true);
    expect(looksRandom(noise(511))).toBe(false);
    expect(looksRandom(new Uint8Array(0))).toBe(false);
  });

  const large = { minLength: 512, maxLength: 6000 } as const;
  const compressible: readonly [string, fc.Arbitrary<Uint8Array>][] = [
    ['text', fc.string({ ...large, unit: 'grapheme-ascii' }).map((text) => utf8.encode(text))],
    ['JSON', fc.integer({ min: 1, max: 1e6 }).map(json)],
    ['any JSON', fc.jsonValue().map((value) => repeated(utf8.encode(JSON.stringify(value))))],
    ['base64', fc.uint8Array(large).map((b) => utf8.encode(Buffer.from(b).toString('base64')))],
    ['hex', fc.uint8Array(large).map((b) => utf8.encode(Buffer.from(b).toString('hex')))],
    ['Cyrillic', letters(0x410, 64)],
    ['Chinese', letters(0x4e00, 3000)],
    ['UTF-16', fc.string(large).map((text) => new Uint8Array(Buffer.from(text, 'utf16le')))],
    [
      'numbers of eight bytes',
      fc
        .integer({ min: 1, max: 1e6 })
        .map((seed) => Float64Array.from(noise(400, seed), (byte, i) => (byte * seed) / (i + 997)))
        .map((list) => new Uint8Array(list.buffer)),
    ],
    [
      'numbers that count',
      fc
        .integer({ min: 0, max: 2 ** 31 })
        .map(
          (from) => new Uint8Array(Uint32Array.from({ length: 400 }, (_, i) => from + i).buffer),
        ),
    ],
    ['fields of protobuf', fc.integer({ min: 1, max: 1e6 }).map(protobuf)],
    [
      'one byte after the other',
      fc.integer({ min: 0, max: 255 }).map((b) => new Uint8Array(900).fill(b)),
    ],
  ];

  test.each(compressible)('are never %s', (_, bodies) => {
    fc.assert(
      fc.property(bodies, (body) => {
        expect(looksRandom(body)).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  test('only gain nothing when packed: what does is never taken for random', () => {
    const mixed = fc
      .tuple(fc.uint8Array(large), fc.integer({ min: 1, max: 8 }))
      .map(([bytes, bits]) => {
        return bytes.map((byte) => byte & (2 ** bits - 1));
      });
    fc.assert(
      fc.property(mixed, (body) => {
        if (looksRandom(body))
          expect(deflateRawSync(body).length).toBeGreaterThan(0.85 * body.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe('on a link', () => {
  test('whole bodies and pieces of streams that look random go as blobs, the rest is packed (W-076)', async () => {
    const server = await scriptedServer([zstd]);
    const client = pool(server.url, { codecs: ['zstd'] });
    const peer = await acceptOpen(server);
    const random = noise(2048);
    const answer = async (body: Partial<Parameters<typeof post>[2]>) => {
      const before = peer.opened.length;
      const call = bodyOf(client.call(post('/', [], body)));
      const request = await peer.next('request');
      if (body.stream !== undefined) {
        for (let last = false; !last; ) last = (await peer.next('data')).last;
      }
      const plain = peer.opened.slice(before).reduce((sum, { plain }) => sum + plain.length, 0);
      peer.say((encoder) => encoder.response(request.id, OK, undefined, false));
      await call;
      return plain;
    };
    expect(await answer({ body: random })).toBeGreaterThan(2048);
    expect(await answer({ body: content(2048) })).toBe(0);
    const stream = { source: pieces(content(9000), random, content(9000)) };
    const plain = await answer({ stream });
    expect(plain).toBeGreaterThan(2048);
    expect(plain).toBeLessThan(3000);
  });
});

function repeated(bytes: Uint8Array): Uint8Array {
  const copies = Math.ceil(512 / bytes.length);
  return new Uint8Array(Buffer.concat(Array.from({ length: copies }, () => bytes)));
}

/** UTF-8 of letters from a range of characters. */
function letters(first: number, count: number): fc.Arbitrary<Uint8Array> {
  return fc
    .array(fc.integer({ min: first, max: first + count - 1 }), { minLength: 300, maxLength: 2000 })
    .map((codes) => utf8.encode(String.fromCharCode(...codes)));
}

/** Messages of a name, an id of 8 random bytes and a few small numbers. */
function protobuf(seed: number): Uint8Array {
  const ids = noise(8 * 60, seed);
  const parts: Uint8Array[] = [];
  for (let i = 0; i < 60; i++) {
    parts.push(
      Uint8Array.of(0x0a, 6),
      utf8.encode(`user${i % 10}`).slice(0, 5),
      Uint8Array.of(0x20),
    );
    parts.push(
      Uint8Array.of(0x11),
      ids.slice(8 * i, 8 * i + 8),
      Uint8Array.of(0x18, i, 0x20, 1, 0x28, 3),
    );
  }
  return new Uint8Array(Buffer.concat(parts));
}
