import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_LIMITS,
  type Envelope,
  EnvelopeDecoder,
  encodeEnvelope,
  portableBytes,
  type WireLimits,
} from './index.ts';
import { failure } from './test/errors.ts';
import { concat, field, hex, varint } from './test/hex.ts';
import { type LooseField, loosely } from './test/loose.ts';
import { oracle } from './test/oracle.ts';
import { Random } from './test/random.ts';
import { bytesOf } from './test/records.ts';

const LIMITS: WireLimits = { ...DEFAULT_LIMITS, batchPacked: 1000, batchUnpacked: 20_000 };

const WITH_WINDOWS: WireLimits = { ...DEFAULT_LIMITS, windows: 16 };

function opened(limits: WireLimits = WITH_WINDOWS): EnvelopeDecoder {
  const decoder = new EnvelopeDecoder(limits);
  decoder.opened();
  return decoder;
}

/** Envelopes with their bytes copied, as views end with their chunk. */
function pushAll(decoder: EnvelopeDecoder, ...chunks: readonly Uint8Array[]): Envelope[] {
  const found: Envelope[] = [];
  for (const chunk of chunks) {
    for (const one of decoder.push(chunk)) {
      found.push({ ...one, plain: one.plain?.slice(), packed: one.packed?.slice() });
    }
  }
  return found;
}

function decode(bytes: Uint8Array, limits: WireLimits = WITH_WINDOWS): Envelope[] {
  return pushAll(opened(limits), bytes);
}

const all: Envelope[] = [
  {
    plain: bytesOf('p'),
    packed: undefined,
    unpackedSize: 0,
    crc: 0,
    window: undefined,
    windowId: 0,
  },
  {
    plain: bytesOf('p'.repeat(127)),
    packed: bytesOf('k'.repeat(128)),
    unpackedSize: 300,
    crc: 2 ** 32 - 1,
    window: { codec: 'zstd', windowLog: 20 },
    windowId: 1,
  },
  {
    plain: undefined,
    packed: undefined,
    unpackedSize: 0,
    crc: 77,
    window: undefined,
    windowId: 16,
  },
  {
    plain: bytesOf('p'.repeat(500)),
    packed: undefined,
    unpackedSize: 0,
    crc: 1,
    window: undefined,
    windowId: 0,
  },
];
const stream = concat(...all.map((envelope) => encodeEnvelope(envelope, portableBytes)));

describe('chunks', () => {
  test('a stream cut in two at any byte gives the same envelopes', () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const decoder = opened();
      expect(pushAll(decoder, stream.subarray(0, cut), stream.subarray(cut))).toEqual(all);
      expect(decoder.held).toBe(0);
    }
  });

  test('a stream that comes byte by byte gives the same envelopes', () => {
    const decoder = opened();
    expect(pushAll(decoder, ...Array.from(stream, (byte) => Uint8Array.of(byte)))).toEqual(all);
    expect(decoder.held).toBe(0);
  });

  test('a stream cut anywhere, empty chunks among them, gives the same envelopes', () => {
    const cuts = fc.array(fc.nat(stream.length), { maxLength: 20 });
    fc.assert(
      fc.property(cuts, (found) => {
        const at = [0, ...found.sort((a, b) => a - b), stream.length];
        const chunks = at.slice(1).map((end, index) => stream.slice(at[index], end));
        expect(pushAll(opened(), ...chunks)).toEqual(all);
      }),
      { numRuns: 500 },
    );
  });

  test('what is held is counted, and no chunk of the caller is written to', () => {
    const decoder = opened();
    const whole = field(0, field(0x0a, bytesOf('x'.repeat(1000)))).slice(1);
    const chunks = [whole.slice(0, 1), whole.slice(1, 300), whole.slice(300, 700)];
    const copies = chunks.map((chunk) => chunk.slice());
    for (const [index, held] of [1, 300, 700].entries()) {
      expect(pushAll(decoder, chunks[index] ?? hex(''))).toEqual([]);
      expect(decoder.held).toBe(held);
    }
    expect(pushAll(decoder, whole.slice(700))).toHaveLength(1);
    expect(chunks).toEqual(copies);
  });

  test('memory is taken for what has come, not for what a length promises', () => {
    const decoders: EnvelopeDecoder[] = [];
    const before = process.memoryUsage().arrayBuffers;
    const promise = concat(varint(1_000_000), hex('0a'), varint(999_996), bytesOf('abc'));
    for (let i = 0; i < 1000; i++) {
      const decoder = opened();
      for (const byte of promise) pushAll(decoder, Uint8Array.of(byte));
      decoders.push(decoder);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
    expect(decoders.at(-1)?.held).toBe(promise.length);
  });

  test('a megabyte that drips in byte by byte costs little time and memory', () => {
    const size = 1_000_000;
    const bytes = concat(varint(size + 4), hex('0a'), varint(size), new Uint8Array(size));
    const decoder = opened();
    const { heapUsed } = process.memoryUsage();
    const { user } = process.cpuUsage();
    let found = 0;
    for (let at = 0; at < bytes.length; at++) {
      for (const _ of decoder.push(bytes.slice(at, at + 1))) found++;
      if (at === size) expect(process.memoryUsage().heapUsed - heapUsed).toBeLessThan(60_000_000);
    }
    expect(found).toBe(1);
    expect(process.cpuUsage().user - user).toBeLessThan(3_000_000);
  });
});

describe('lengths', () => {
  test.each([1, 127, 128, 16_383, 16_384, 200_000])(
    'W-010 a batch of %i bytes is read at the edges of varints',
    (size) => {
      const plain = bytesOf('x'.repeat(size));
      const bytes = encodeEnvelope(
        {
          plain,
          packed: undefined,
          unpackedSize: 0,
          crc: undefined,
          window: undefined,
          windowId: 0,
        },
        portableBytes,
      );
      expect(decode(bytes)[0]?.plain).toEqual(plain);
    },
  );

  test('W-010 a length of 0, in any form, is PROTOCOL', () => {
    expect(failure(() => decode(hex('00')))).toBe('PROTOCOL W-010');
    expect(failure(() => decode(hex('80 00')))).toBe('PROTOCOL W-010');
    expect(failure(() => decode(hex('80 80 80 00')))).toBe('PROTOCOL W-010');
  });

  test('W-010 a length in more than four bytes is PROTOCOL, as soon as the fourth is there', () => {
    expect(failure(() => decode(hex('82 80 80 80 00 0a 00')))).toBe('PROTOCOL W-010');
    expect(failure(() => decode(hex('ff ff ff ff')))).toBe('PROTOCOL W-010');
    expect(failure(() => pushAll(opened(), hex('ff ff'), hex('ff'), hex('ff')))).toBe(
      'PROTOCOL W-010',
    );
  });

  test('W-010 a length that is longer than needed within four bytes is accepted', () => {
    expect(decode(hex('82 80 80 00 0a 00'))).toHaveLength(1);
  });

  test('W-009 before the hello, 16 KiB fit and one byte more is refused from its length alone', () => {
    const fits = concat(varint(16_384), hex('0a'), varint(16_381), new Uint8Array(16_381));
    const decoder = new EnvelopeDecoder(DEFAULT_LIMITS);
    expect(pushAll(decoder, fits)).toHaveLength(1);
    expect(failure(() => pushAll(decoder, varint(16_385)))).toBe('DECOMPRESSION_LIMIT W-009');
  });

  test('W-009 what opens the way within a chunk counts for what follows in it', () => {
    const decoder = new EnvelopeDecoder(DEFAULT_LIMITS);
    const large = concat(varint(20_004), hex('0a'), varint(20_000), new Uint8Array(20_000));
    let found = 0;
    for (const _ of decoder.push(concat(hex('02 0a 00'), large))) {
      found++;
      decoder.opened();
    }
    expect(found).toBe(2);
  });

  test('W-018 an envelope above both limits together is refused from its length alone', () => {
    expect(failure(() => decode(varint(21_065), LIMITS))).toBe('DECOMPRESSION_LIMIT W-009');
    expect(failure(() => decode(varint(2_100_000), LIMITS))).toBe('DECOMPRESSION_LIMIT W-009');
    expect(decode(varint(21_064), LIMITS)).toEqual([]);
  });

  test.each([
    [999, 'fine'],
    [1000, 'fine'],
    [1001, 'DECOMPRESSION_LIMIT W-018'],
    [20_900, 'DECOMPRESSION_LIMIT W-018'],
  ])('W-018 packed of %i bytes against a limit of 1000: %s', (size, expected) => {
    const body = concat(field(0x12, new Uint8Array(size)), hex('18 01'));
    const run = () => decode(concat(varint(body.length), body), LIMITS);
    if (expected === 'fine') expect(run()[0]?.packed).toHaveLength(size);
    else expect(failure(run)).toBe(expected);
  });

  test.each([
    [9_998, 'fine'],
    [9_999, 'fine'],
    [10_000, 'DECOMPRESSION_LIMIT W-018'],
    [2 ** 32 - 1, 'DECOMPRESSION_LIMIT W-018'],
  ])(
    'W-018 plain of 10001 bytes and unpacked_size of %i against 20000: %s',
    (unpacked, expected) => {
      const body = concat(
        field(0x0a, new Uint8Array(10_001)),
        hex('12 01 00 18'),
        varint(unpacked),
      );
      const run = () => decode(concat(varint(body.length), body), LIMITS);
      if (expected === 'fine') expect(run()[0]?.unpackedSize).toBe(unpacked);
      else expect(failure(run)).toBe(expected);
    },
  );
});

describe('the message', () => {
  test('W-014 to W-017 and W-070: each field stands where wire.proto says', () => {
    const bytes = hex(`
      16             // length: 22
      0a 02 'pp'     // plain
      12 03 'kkk'    // packed
      18 05          // unpacked_size
      25 78 56 34 12 // crc, little-endian
      2a 04 08 02 10 14 // window: zstd, 2^20
    `);
    expect(decode(bytes)).toEqual([
      {
        plain: bytesOf('pp'),
        packed: bytesOf('kkk'),
        unpackedSize: 5,
        crc: 0x12345678,
        window: { codec: 'zstd', windowLog: 20 },
        windowId: 0,
      },
    ]);
  });

  test('W-020 an envelope with neither plain nor packed is allowed', () => {
    expect(decode(hex('05 25 00 00 00 00'))).toMatchObject([
      { plain: undefined, packed: undefined, crc: 0 },
    ]);
  });

  test('W-016 nothing that unpacks to something is COMPRESSION', () => {
    expect(failure(() => decode(hex('02 18 01')))).toBe('COMPRESSION W-016');
  });

  test('W-002 unknown fields are skipped; groups, odd wire types and number 0 are PROTOCOL', () => {
    expect(decode(hex('04 3a 02 01 02'))).toHaveLength(1);
    for (const bad of ['01 3b', '01 3c', '02 3e 00', '02 3f 00', '02 02 00', '02 00 00']) {
      expect(failure(() => decode(hex(bad)))).toBe('PROTOCOL W-002');
    }
  });

  test('W-003 a known field with another wire type is PROTOCOL', () => {
    for (const bad of [
      '02 08 01',
      '05 0d 00 00 00 00',
      '02 10 01',
      '02 1a 00',
      '02 20 01',
      '02 22 00',
      '02 28 01',
      '02 32 00',
    ]) {
      expect(failure(() => decode(hex(bad)))).toBe('PROTOCOL W-003');
    }
    expect(failure(() => decode(hex('04 2a 02 0a 00')))).toBe('PROTOCOL W-003');
  });

  test('W-004 a field that reaches beyond its message is PROTOCOL', () => {
    for (const bad of [
      '02 0a 01',
      '04 25 00 00 00',
      '02 18 80',
      '01 0a',
      '04 2a 03 08 01',
      '05 2a 02 08 81 01',
    ]) {
      expect(failure(() => decode(hex(bad)))).toBe('PROTOCOL W-004');
    }
  });

  test('W-005 of a field that stands twice the last one counts, also a message', () => {
    const bytes = hex("12 0a 01 'a' 0a 01 'b' 2a 04 08 02 10 14 2a 04 08 01 10 0f");
    expect(decode(bytes)).toMatchObject([
      { plain: bytesOf('b'), window: { codec: 'deflate', windowLog: 15 } },
    ]);
  });

  test.each([
    [1, 8, false],
    [1, 9, true],
    [1, 15, true],
    [1, 16, false],
    [1, 1500, false],
    [2, 9, false],
    [2, 10, true],
    [2, 22, true],
    [2, 23, false],
    [2, 2200, false],
    [0, 0, false],
    [0, 15, false],
    [3, 15, false],
    [1, 0, false],
  ])('W-071 a window of codec %i and 2^%i bytes: %s', (codec, log, fine) => {
    const window = concat(hex('08'), varint(codec), hex('10'), varint(log));
    const body = concat(hex("12 01 'k' 18 01"), field(0x2a, window));
    const run = () => decode(concat(varint(body.length), body));
    if (fine) expect(run()).toMatchObject([{ window: { windowLog: log } }]);
    else expect(failure(run)).toBe('COMPRESSION W-071');
  });

  test.each([
    [0, 0, true],
    [0, 1, false],
    [4, 3, true],
    [4, 4, true],
    [4, 5, false],
    [4, 400, false],
    [100, 16, true],
    [100, 17, false],
    [100, 2 ** 32 - 1, false],
  ])('W-075 with a limit of %i windows, window_id %i: %s', (windows, id, fine) => {
    const body = concat(hex("12 01 'k' 18 01 30"), varint(id));
    const limits = { ...DEFAULT_LIMITS, windows };
    const run = () => decode(concat(varint(body.length), body), limits);
    if (fine) expect(run()).toMatchObject([{ windowId: id }]);
    else expect(failure(run)).toBe('COMPRESSION W-075');
  });

  test('what protobufjs encodes is read as it was meant', () => {
    const message = oracle.envelope.create({
      plain: bytesOf('abc'),
      packed: bytesOf('de'),
      unpackedSize: 9,
      crc: 5,
      window: { codec: 1, windowLog: 12 },
      windowId: 3,
    });
    expect(decode(Uint8Array.from(oracle.envelope.encodeDelimited(message).finish()))).toEqual([
      {
        plain: bytesOf('abc'),
        packed: bytesOf('de'),
        unpackedSize: 9,
        crc: 5,
        window: { codec: 'deflate', windowLog: 12 },
        windowId: 3,
      },
    ]);
  });

  test('an envelope in any legal form, cut anywhere, is read as it was meant', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        const window = loosely(random, [
          { number: 1, value: 2 },
          { number: 2, value: 10 + random.below(13) },
        ]);
        const fields: LooseField[] = [
          { number: 1, value: random.bytes(random.below(300)) },
          { number: 2, value: random.bytes(1 + random.below(300)) },
          { number: 3, value: random.below(500_000) },
          { number: 5, value: window.bytes },
        ];
        const { bytes } = loosely(random, fields, [5]);
        const cut = random.below(bytes.length);
        const head = varint(bytes.length, random.below(5));
        const found = pushAll(opened(), head, bytes.subarray(0, cut), bytes.subarray(cut));
        expect(found).toMatchObject([
          {
            plain: fields[0]?.value,
            packed: fields[1]?.value,
            unpackedSize: fields[2]?.value,
            window: { codec: 'zstd' },
          },
        ]);
      }),
      { numRuns: 500 },
    );
  });
});
