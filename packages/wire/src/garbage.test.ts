import { describe, expect, test } from 'vitest';
import {
  BatchDecoder,
  DEFAULT_LIMITS,
  EnvelopeDecoder,
  encodeEnvelope,
  Fields,
  portableBytes,
  RequestHead,
  ResponseHead,
} from './index.ts';
import { failure, thrown } from './test/errors.ts';
import { GET, headFields, requestOf, responseOf, trailersOf } from './test/heads.ts';
import { concat, field, hex, varint } from './test/hex.ts';
import { mutate } from './test/mutate.ts';
import { Random } from './test/random.ts';
import { bytesOf, Collector, newEncoder, takeBatch } from './test/records.ts';

const LINK_CODES = ['PROTOCOL', 'COMPRESSION', 'DECOMPRESSION_LIMIT', 'HEAD_LIMIT'];

/** Two receivers, one behind the other, as a link has them. */
class Link {
  readonly sink = new Collector();
  readonly #envelopes = new EnvelopeDecoder(DEFAULT_LIMITS);
  readonly #batches = new BatchDecoder(portableBytes, DEFAULT_LIMITS, this.sink);

  constructor() {
    this.#envelopes.opened();
  }

  /** Feeds a chunk; `packed` is taken as if nothing had to be unpacked. */
  push(chunk: Uint8Array): void {
    for (const { plain, packed } of this.#envelopes.push(chunk))
      this.#batches.decode(plain, packed);
  }
}

/** Batches of valid records, some with secrets, and the envelopes around them. */
function validStream(random: Random): { batches: Uint8Array[]; stream: Uint8Array } {
  const encoder = newEncoder();
  const batches: Uint8Array[] = [];
  const envelopes: Uint8Array[] = [];
  let id = 0;
  for (let batch = 0; batch < 3; batch++) {
    for (let i = 0; i < 4; i++) {
      const fields = new Fields([
        'host',
        `h${random.below(2)}`,
        'cookie',
        `c${random.below(3)}`,
        'x',
        '',
      ]);
      encoder.request(
        ++id,
        new RequestHead('GET', `/${random.below(3)}`, fields),
        bytesOf('abc'),
        false,
        9,
      );
      encoder.response(id, new ResponseHead(200, fields), undefined, true, random.once(2));
      encoder.data(id, bytesOf('data'), random.once(2), random.once(2));
    }
    encoder.trailers(id, new Fields(['grpc-status', '0']));
    encoder.credit(id, 77);
    encoder.cancel(id, 'CANCEL', 'no', 'weg');
    encoder.goaway(id, 'NO_ERROR', false);
    encoder.ping(1);
    const { records, blobs } = takeBatch(encoder);
    batches.push(blobs, records);
    envelopes.push(
      encodeEnvelope(
        {
          plain: blobs,
          packed: records,
          unpackedSize: records.length,
          crc: 1,
          window: undefined,
          windowId: 0,
        },
        portableBytes,
      ),
    );
  }
  return { batches, stream: concat(...envelopes) };
}

/** Runs what a hostile peer can cause; any error but one of tp with a code of the link fails. */
function survives(run: () => void): boolean {
  try {
    run();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ name: 'TpError' });
    expect(LINK_CODES).toContain(
      thrown(() => {
        throw error;
      }).code,
    );
    return false;
  }
}

describe('garbage', () => {
  test('random bytes give records or an error of the link, nothing else', () => {
    const random = new Random(1);
    for (let run = 0; run < 4000; run++) {
      const bytes = random.bytes(random.below(80));
      survives(() => new Link().push(bytes));
      const decoder = new BatchDecoder(portableBytes, DEFAULT_LIMITS, new Collector());
      survives(() => decoder.decode(bytes, undefined));
      survives(() => decoder.decode(undefined, field(0x0a, bytes)));
      survives(() =>
        decoder.decode(undefined, field(0x0a, field(random.pick([0x0a, 0x12, 0x22]), bytes))),
      );
    }
  });

  test('a stream with flips, cuts, insertions and splices gives records or an error of the link', () => {
    const random = new Random(2);
    let whole = 0;
    for (let run = 0; run < 3000; run++) {
      const { batches, stream } = validStream(random);
      const wild = mutate(random, stream, stream);
      if (survives(() => new Link().push(wild))) whole++;
      const decoder = new BatchDecoder(portableBytes, DEFAULT_LIMITS, new Collector());
      const hit = random.below(batches.length);
      survives(() => {
        for (let i = 0; i < batches.length; i += 2) {
          const [plain, packed] = [batches[i] ?? hex(''), batches[i + 1] ?? hex('')];
          decoder.decode(
            hit === i ? mutate(random, plain, packed) : plain,
            hit === i + 1 ? mutate(random, packed, plain) : packed,
          );
        }
      });
    }
    // Some mutations change bodies only; if none passed, nothing behind the first check was reached.
    expect(whole).toBeGreaterThan(100);
  });

  test('heads made of random operations give heads, flaws or an error of the link', () => {
    const random = new Random(3);
    let fine = 0;
    for (let run = 0; run < 5000; run++) {
      const decoder = new BatchDecoder(portableBytes, DEFAULT_LIMITS, new Collector());
      survives(() => {
        const slot = () => 4 + random.below(3);
        for (let i = 0; i < 8; i++) {
          const ops: number[] = [];
          const texts: string[] = [];
          const blobs: Uint8Array[] = [];
          const block = random.once(3) ? slot() : 0;
          for (let op = random.below(5); op > 0; op--) {
            const text = () => texts.push(random.pick(['', ':path', 'GET', 'x', '\n']));
            const blob = () => blobs.push(field(0x0a, hex('5a 01'), bytesOf('b')));
            const next = random.below(8);
            if (next === 0) ops.push(slot() * 4);
            else if (next === 1) text() && ops.push(random.below(7) * 4 + 1);
            else if (next === 2) text() && ops.push(random.below(7) * 4 + 2, slot());
            else if (next === 3) text() && text() && ops.push(3);
            else if (next === 4) text() && ops.push(7, slot());
            else if (next === 5) blob() && ops.push(11, random.below(7));
            else if (next === 6) blob() && ops.push(15, random.below(7), slot());
            else ops.push(19, slot());
          }
          const keep = block === 0 && random.once(2) ? slot() : 0;
          decoder.decode(concat(...blobs), requestOf({ block, ops, texts, keep }));
          fine++;
        }
      });
    }
    expect(fine).toBeGreaterThan(1000);
  });
});

describe('a megabyte of the worst', () => {
  const MIB = 1024 * 1024;
  const fill = (piece: Uint8Array, size = MIB) => {
    const bytes = new Uint8Array(Math.floor(size / piece.length) * piece.length);
    for (let at = 0; at < bytes.length; at += piece.length) bytes.set(piece, at);
    return bytes;
  };
  const decode = (bytes: Uint8Array, ...first: Uint8Array[]) => {
    const sink = new Collector();
    const decoder = new BatchDecoder(portableBytes, DEFAULT_LIMITS, sink);
    for (const one of first) decoder.decode(undefined, one);
    const started = process.cpuUsage();
    const code = (() => {
      try {
        decoder.decode(undefined, bytes);
        return 'fine';
      } catch (error) {
        return failure(() => {
          throw error;
        });
      }
    })();
    // Time of the processor, so that a busy machine does not count.
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(1500);
    return { code, sink };
  };

  test('of empty records, of unknown kinds and of unknown fields is read and counted', () => {
    expect(decode(fill(hex('0a 00'))).sink.glitches).toBe(MIB / 2);
    expect(decode(fill(hex('0a 02 62 00'))).sink.glitches).toBe(MIB / 2);
    expect(decode(fill(hex('78 01'))).sink.glitches).toBe(MIB / 2);
    const inside = fill(hex('78 01'), MIB - 16);
    expect(decode(field(0x0a, field(0x3a, inside))).sink.glitches).toBe(inside.length / 2);
    expect(decode(field(0x0a, inside)).sink.glitches).toBe(inside.length / 2 + 1);
  });

  test('W-055 of texts that no operation takes is PROTOCOL', () => {
    expect(decode(field(0x0a, field(0x0a, fill(hex('22 00'))))).code).toBe('PROTOCOL W-055');
  });

  test('W-054 of DROP, and W-002 of zeros, stop at the first', () => {
    const drops = field(0x0a, field(0x0a, field(0x1a, fill(hex('13 04')))));
    expect(decode(drops).code).toBe('COMPRESSION W-054');
    expect(decode(new Uint8Array(MIB)).code).toBe('PROTOCOL W-002');
  });

  test('W-063 of FIELD references that expand ends the link at four times the limit', () => {
    const stored = requestOf({ ops: [7, 4, (4 << 2) | 2, 5], texts: ['x', 'v'.repeat(16_000)] });
    const bomb = field(0x0a, field(0x0a, field(0x1a, fill(varint(5 << 2)))));
    expect(decode(bomb, stored).code).toBe('HEAD_LIMIT W-063');
    const empty = requestOf({ ops: [7, 4, (4 << 2) | 2, 5], texts: ['x', ''] });
    expect(decode(bomb, empty).code).toBe('HEAD_LIMIT W-063');
  });

  test('of heads that refer to 32 KiB costs what its own bytes do, not what they refer to', () => {
    const value = 'v'.repeat(10_000);
    const ops = [1, 5, 7, 4, (4 << 2) | 2, 5, 5 << 2, 5 << 2];
    const stored = requestOf({ ops, texts: ['GET', '/', 'x', value], keep: 9 });
    const again = requestOf({ ops: [1, 5, 5 << 2, 5 << 2, 5 << 2], texts: ['GET', '/'] });
    expect(decode(fill(again), stored).sink.said.length).toBe(1 + Math.floor(MIB / again.length));
    expect(decode(fill(requestOf({ block: 9, ops: [], texts: ['GET', '/'] })), stored).code).toBe(
      'fine',
    );
  });

  test('of trailers that refer to 32 fields of 1 KiB costs what its own bytes do', () => {
    const fields = Array.from({ length: 30 }, () => 5 << 2);
    const ops = [7, 4, (4 << 2) | 2, 5, ...fields];
    const stored = trailersOf({ ops, texts: ['x', 'v'.repeat(1000)], keep: 9 });
    const again = trailersOf({ block: 9 });
    expect(decode(fill(again), stored).sink.said.length).toBe(1 + Math.floor(MIB / again.length));
  });

  test('of heads from a block of two thousand fields is refused at little cost', () => {
    const fields = Array.from({ length: 1900 }, () => 5 << 2);
    const ops = [1, 5, 7, 4, (4 << 2) | 2, 5, ...fields];
    const stored = requestOf({ ops, texts: ['GET', '/', 'x', ''], keep: 9 });
    const again = requestOf({ block: 9, texts: ['', ''] });
    const { sink } = decode(fill(again), stored);
    expect(new Set(sink.flaws.map((flaw) => flaw.code))).toEqual(new Set(['HEAD_LIMIT']));
  });

  test('of names stored over and over is read', () => {
    const names = fill(hex('07 04'), 200_000);
    const texts = fill(hex('22 01 61'), 300_000);
    const head = concat(headFields(GET), field(0x1a, names), texts);
    expect(decode(field(0x0a, field(0x0a, head))).code).toBe('fine');
  });

  test('of features and of codecs in a hello is read', () => {
    const hello = (inside: Uint8Array) => decode(field(0x0a, field(0x52, hex('08 01'), inside)));
    expect(hello(field(0x22, fill(hex('01')))).code).toBe('fine');
    expect(hello(fill(hex('12 00'))).code).toBe('fine');
    expect(hello(field(0x32, fill(hex('ff')))).code).toBe('fine');
  });

  test('of responses that flaw is read', () => {
    const flawed = responseOf({ ops: [9], texts: ['99'] });
    const { sink } = decode(fill(flawed));
    expect(sink.flaws.length).toBe(Math.floor(MIB / flawed.length));
  });
});
