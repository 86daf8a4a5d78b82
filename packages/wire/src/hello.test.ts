import { describe, expect, test } from 'vitest';
import {
  BatchDecoder,
  DEFAULT_LIMITS,
  type Hello,
  isWindowLog,
  matchPreface,
  PREFACE,
  portableBytes,
} from './index.ts';
import { failure } from './test/errors.ts';
import { concat, field, hex, varint } from './test/hex.ts';
import { bytesOf, Collector, Pipe } from './test/records.ts';

function read(...fields: readonly Uint8Array[]): Hello {
  const sink = new Collector();
  const decoder = new BatchDecoder(portableBytes, DEFAULT_LIMITS, sink);
  decoder.decode(field(0x0a, field(0x52, ...fields)), undefined);
  const [said] = sink.said;
  if (said?.kind !== 'hello') throw new Error('no hello');
  return said.hello;
}

const VERSION = hex('08 01');

describe('the preface', () => {
  test('W-007 is eight bytes', () => {
    expect(PREFACE).toEqual(hex("f4 'tp/1' 0d 0a 00"));
    expect(matchPreface(concat(PREFACE, hex('00')))).toBe('match');
    for (let length = 0; length < 8; length++) {
      expect(matchPreface(PREFACE.subarray(0, length))).toBe('partial');
      const wrong = PREFACE.slice(0, length + 1);
      wrong[length] = 0x47;
      expect(matchPreface(wrong)).toBe('mismatch');
    }
    expect(matchPreface(bytesOf('GET / HTTP/1.1'))).toBe('mismatch');
  });
});

describe('hello', () => {
  test('W-013 each field stands where wire.proto says', () => {
    const hello = read(
      hex(`
        08 01                   // version
        12 04 08 02 10 16       // codecs: zstd, 2^22
        12 04 08 01 10 0c       // codecs: deflate, 2^12
        1a 09                   // limits
           08 80 80 10          //   batch_packed 262144
           38 e8 07             //   head_bytes 1000
           40 05                //   fields 5
        22 02 07 09             // features 7, 9
        20 0b                   // features 11, not packed
        28 01                   // checksum
        32 05 'a' c3 a9 '/1'    // agent, UTF-8
        3a 02 'tk'              // token
      `),
    );
    expect(hello).toEqual({
      version: 1,
      codecs: [
        { codec: 'zstd', windowLog: 22 },
        { codec: 'deflate', windowLog: 12 },
      ],
      limits: { ...DEFAULT_LIMITS, batchPacked: 262_144, headBytes: 1000, fields: 5 },
      features: [7, 9, 11],
      checksum: true,
      agent: 'a\xe9/1',
      token: bytesOf('tk'),
    });
  });

  test('W-013 what is left out, or 0, is the default', () => {
    const defaults = {
      version: 1,
      codecs: [],
      limits: DEFAULT_LIMITS,
      features: [],
      checksum: false,
      agent: '',
      token: bytesOf(''),
    };
    expect(read(VERSION)).toEqual(defaults);
    expect(read(VERSION, hex('1a 04 08 00 18 00'))).toEqual(defaults);
  });

  test('W-012 a version below 1 is PROTOCOL; a higher one is read', () => {
    expect(failure(() => read())).toBe('PROTOCOL W-012');
    expect(failure(() => read(hex('08 00')))).toBe('PROTOCOL W-012');
    expect(read(hex('08 63')).version).toBe(99);
  });

  test.each([
    [0x08, 131_071, false],
    [0x08, 131_072, true],
    [0x08, 1, false],
    [0x10, 131_071, false],
    [0x10, 131_072, true],
    [0x18, 1, true],
  ])('W-013 limit %i of %i bytes: %s', (tag, bytes, fine) => {
    const limits = field(0x1a, Uint8Array.of(tag), varint(bytes));
    if (fine) expect(read(VERSION, limits).version).toBe(1);
    else expect(failure(() => read(VERSION, limits))).toBe('PROTOCOL W-013');
  });

  test('W-005 of limits that stand twice the last ones count', () => {
    expect(read(VERSION, hex('1a 02 18 07 1a 02 38 09')).limits).toEqual({
      ...DEFAULT_LIMITS,
      headBytes: 9,
    });
  });

  test('W-071 an offer without window_log means 15 and 20; codecs that we do not know are left out', () => {
    expect(read(VERSION, hex('12 02 08 01 12 02 08 02 12 02 08 03 12 02 08 7f')).codecs).toEqual([
      { codec: 'deflate', windowLog: 15 },
      { codec: 'zstd', windowLog: 20 },
    ]);
    expect([8, 9, 15, 16].map((log) => isWindowLog('deflate', log))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect([9, 10, 22, 23].map((log) => isWindowLog('zstd', log))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test('W-110 W-002 unknown features and fields do no harm', () => {
    expect(read(VERSION, hex('22 05 ff ff ff ff 0f 78 01 82 01 00')).features).toEqual([
      2 ** 32 - 1,
    ]);
  });

  test('many features and a long agent are written as they are read', () => {
    const pipe = new Pipe();
    const features = Array.from({ length: 100 }, (_, index) => index * 1000);
    const hello = { ...read(VERSION), features, agent: '\u{1f995}'.repeat(100) };
    pipe.encoder.hello(hello);
    expect(pipe.flush().said).toEqual([
      { kind: 'hello', hello: { ...hello, agent: '\u{1f995}'.repeat(64) } },
    ]);
  });
});
