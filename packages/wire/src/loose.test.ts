import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchDecoder, DEFAULT_LIMITS, portableBytes } from './index.ts';
import { field } from './test/hex.ts';
import { type LooseField, loosely } from './test/loose.ts';
import { oracle } from './test/oracle.ts';
import { Random } from './test/random.ts';
import { bytesOf, Collector, type Said } from './test/records.ts';

/** A record with its kind's number in `Record`, and the fields of its message. */
interface Written {
  readonly said: Said;
  readonly kind: number;
  readonly name: string;
  readonly fields: readonly LooseField[];
}

const NAMES: Record<number, readonly string[]> = {
  1: ['', 'id', 'block', 'ops', 'text', 'keep', 'body', 'more', 'bodyBlob', 'timeoutMs', 'oneWay'],
  2: ['', 'id', 'block', 'ops', 'text', 'keep', 'body', 'more', 'bodyBlob'],
  3: ['', 'id', 'bytes', 'end', 'blob'],
  4: ['', 'id', 'block', 'ops', 'text', 'keep'],
  5: ['', 'id', 'bytes'],
  6: ['', 'id', 'code', 'processed', 'message'],
  7: ['', 'token'],
  8: ['', 'token'],
  9: ['', 'lastId', 'code', 'message', 'final'],
};
const KINDS = [
  '',
  'request',
  'response',
  'data',
  'trailers',
  'credit',
  'cancel',
  'ping',
  'pong',
  'goaway',
];

let lastId = 0;

function texts(list: readonly string[]): LooseField[] {
  return list.map((text) => ({ number: 4, value: bytesOf(text) }));
}

function write(random: Random): Written {
  const id = 1 + random.below(1000);
  const kind = 1 + random.below(9);
  const body = 'b'.repeat(random.pick([0, 1, 127, 128, 300]));
  const list = random.once(2) ? ['x-a', 'caf\xe9', 'X-a', ''] : [];
  const literals = list.length / 2;
  const name = KINDS[kind] ?? '';
  const made = (said: Said, fields: LooseField[]): Written => ({ said, kind, name, fields });
  switch (kind) {
    case 1: {
      lastId += 1 + random.below(300);
      const timeoutMs = random.pick([0, 1, 128, 2 ** 32 - 1]);
      const oneWay = random.once(3);
      return made(
        {
          kind: 'request',
          id: lastId,
          method: 'GET',
          path: '/p',
          fields: list,
          body,
          more: false,
          timeoutMs,
          oneWay,
        },
        [
          { number: 1, value: lastId },
          { number: 3, value: [1, 5, ...new Array(literals).fill(3)] },
          ...texts(['GET', '/p', ...list]),
          { number: 6, value: bytesOf(body) },
          { number: 7, value: 0 },
          { number: 9, value: timeoutMs },
          { number: 10, value: oneWay ? 1 : 0 },
        ],
      );
    }
    case 2:
      return made(
        { kind: 'response', id, status: 404, reason: '', fields: list, body: '', more: true },
        [
          { number: 1, value: id },
          { number: 3, value: [9, ...new Array(literals).fill(3)] },
          ...texts(['404', ...list]),
          { number: 7, value: 1 + random.below(1000) },
        ],
      );
    case 3:
      return made({ kind: 'data', id, body: `${body}.`, last: true }, [
        { number: 1, value: id },
        { number: 2, value: bytesOf(`${body}.`) },
        { number: 3, value: 1 },
      ]);
    case 4:
      return made({ kind: 'trailers', id, fields: list }, [
        { number: 1, value: id },
        { number: 3, value: new Array(literals).fill(3) },
        ...texts(list),
      ]);
    case 5:
      return made({ kind: 'credit', id, bytes: 2 ** 31 }, [
        { number: 1, value: id },
        { number: 2, value: 2 ** 31 },
      ]);
    case 6:
      return made(
        { kind: 'cancel', id, code: 'UNREACHABLE', processed: 'no', message: 'weg – 🦕' },
        [
          { number: 1, value: id },
          { number: 2, value: 17 },
          { number: 3, value: 1 },
          { number: 4, value: Uint8Array.from(Buffer.from('weg – 🦕')) },
        ],
      );
    case 9:
      return made({ kind: 'goaway', lastId: id, code: 'INTERNAL', final: true, message: '' }, [
        { number: 1, value: id },
        { number: 2, value: 99 },
        { number: 4, value: 1 },
      ]);
    default:
      return made({ kind: kind === 7 ? 'ping' : 'pong', token: id * 4_000_000 }, [
        { number: 1, value: id * 4_000_000 },
      ]);
  }
}

/** The record as an object that protobufjs encodes. */
function plainObject({ kind, name, fields }: Written): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  const text: Uint8Array[] = [];
  for (const { number, value } of fields) {
    const key = NAMES[kind]?.[number] ?? '';
    if (key === 'text' && value instanceof Uint8Array) text.push(value);
    else if (key === 'message' && value instanceof Uint8Array)
      message[key] = Buffer.from(value).toString();
    else if (['more', 'end', 'final', 'oneWay'].includes(key)) message[key] = value !== 0;
    else message[key] = value;
  }
  if (text.length > 0) message.text = text;
  return { [name]: message };
}

function decode(bytes: Uint8Array): Collector {
  const sink = new Collector();
  new BatchDecoder(portableBytes, DEFAULT_LIMITS, sink).decode(undefined, bytes);
  return sink;
}

describe('what others encode', () => {
  test('a batch from protobufjs gives the records that went in', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        lastId = 0;
        const all = Array.from({ length: random.below(12) }, () => write(random));
        const message = oracle.batch.fromObject({ records: all.map(plainObject) });
        const sink = decode(Uint8Array.from(oracle.batch.encode(message).finish()));
        expect(sink.said).toEqual(all.map((one) => one.said));
        expect(sink.glitches).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('W-001 W-002 W-003 W-005 a batch in any legal form gives the same records, unknown fields counted', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        lastId = 0;
        const all = Array.from({ length: random.below(12) }, () => write(random));
        let unknown = 0;
        const records = all.map(({ kind, fields }) => {
          const message = loosely(random, fields, [1, 2, 4].includes(kind) ? [4] : []);
          const record = loosely(random, [{ number: kind, value: message.bytes }], [kind]);
          unknown += message.unknown + record.unknown;
          return { number: 1, value: record.bytes };
        });
        const batch = loosely(random, records, [1]);
        const sink = decode(batch.bytes);
        expect(sink.said).toEqual(all.map((one) => one.said));
        expect(sink.glitches).toBe(unknown + batch.unknown);
      }),
      { numRuns: 500 },
    );
  });

  test('W-002 an unknown kind of record is skipped and counted', () => {
    const sink = decode(field(0x0a, field(0x62, bytesOf('new'))));
    expect(sink.said).toEqual([]);
    expect(sink.glitches).toBe(2);
  });
});
