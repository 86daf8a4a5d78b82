import { crc32, deflateRawSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { envelope, PREFACE, plainEnvelope, windowStart } from '../craft/envelope.ts';
import { get, type Head, op, STATUS, status } from '../craft/head.ts';
import { hello } from '../craft/hello.ts';
import { packOnce, startPacker } from '../craft/packer.ts';
import { bytes, concat, fixed32, tag, uint, varint } from '../craft/protobuf.ts';
import { batch, blob, type Crafted, ping, record, request, response } from '../craft/record.ts';
import {
  brokenIn,
  Conversation,
  type Lie,
  named,
  opened,
  packedEnvelope,
} from '../test/said-to-referee.ts';

const OK = response(status(200), { id: 1 });

function head(ops: Head['ops'], ...text: readonly string[]): Crafted {
  const ok = status(200);
  return response(
    { ops: [...(ok.ops ?? []), ...(ops ?? [])], text: [...(ok.text ?? []), ...text] },
    { id: 1 },
  );
}

const bytesLies: readonly Lie[] = [
  [
    'W-001',
    'an integer that is longer than needed',
    (link) => link.say(record(7, tag(1, 0), varint(1, 2))),
  ],
  ['W-001', 'an integer of 2^32', (link) => link.say(record(7, uint(1, 2 ** 32)))],
  ['W-002', 'a group', (link) => link.say(record(7, tag(9, 3)))],
  ['W-002', 'field number 0', (link) => link.say(record(7, uint(0, 1)))],
  ['W-003', 'a wrong wire type', (link) => link.say(record(7, fixed32(1, 1)))],
  [
    'W-004',
    'a field that reaches too far',
    (link) => link.say(record(6, uint(1, 1), tag(4, 2), varint(9))),
  ],
  [
    'W-005',
    'two kinds',
    (link) => link.say({ bytes: concat(OK.bytes, ping(1).bytes), note: undefined }),
  ],
  [
    'W-006',
    'a message of 1,025 bytes',
    (link) => link.say(record(6, uint(1, 1), bytes(4, 'x'.repeat(1_025)))),
  ],
  [
    'W-006',
    'a message that is no UTF-8',
    (link) => link.say(record(6, uint(1, 1), bytes(4, '\xff'))),
  ],
  ['W-010', 'a length of 0', (link) => link.raw(Uint8Array.of(0))],
  ['W-010', 'a length of five bytes', (link) => link.raw(varint(5, 5))],
  ['W-110', 'an unknown field', (link) => link.say(record(7, uint(9, 1)))],
  ['W-110', 'an unknown kind of record', (link) => link.say(record(12))],
];

const envelopeLies: readonly Lie[] = [
  ['W-013', 'a second hello', (link) => link.say(hello())],
  [
    'W-015',
    'what cannot be unpacked',
    (link) => link.envelope(packedEnvelope([OK], concat('no deflate\x00\x00\xff\xff'))),
  ],
  [
    'W-016',
    'another size than declared',
    (link) => link.envelope(packedEnvelope([OK], packOnce(batch([OK, OK])))),
  ],
  ['W-017', 'a wrong crc', (link) => link.envelope(envelope({ plain: batch([OK]), crc: 1 }))],
  ['W-017', 'no crc', (link) => link.envelope(envelope({ plain: batch([OK]) }))],
  [
    'W-018',
    'a batch that is too large',
    (link) => link.say(record(12, 'x'.repeat(131_073))),
    { limits: { batchUnpacked: 131_072 } },
  ],
  [
    'W-019',
    'packed before a window',
    (link) =>
      link.envelope(
        envelope({ packed: packOnce(batch([OK])), unpackedSize: batch([OK]).length, crc: 0 }),
      ),
  ],
  [
    'W-025',
    'two windows',
    (link) =>
      link.envelope(
        envelope({
          crc: 0,
          window: windowStart('DEFLATE', 15),
          extra: bytes(5, windowStart('DEFLATE', 15)),
        }),
      ),
  ],
  [
    'W-121',
    'an empty plain',
    (link) => link.envelope(envelope({ plain: new Uint8Array(0), crc: 0 })),
  ],
  [
    'W-070',
    'a codec that was not offered',
    (link) => link.envelope(packedEnvelope([OK], packOnce(batch([OK])))),
    { offers: [] },
  ],
  [
    'W-070',
    'a codec whose offer was out of bounds',
    (link) => link.envelope(packedEnvelope([OK], packOnce(batch([OK])))),
    { offers: [{ codec: 'DEFLATE', windowLog: 16 }] },
  ],
  [
    'W-071',
    'a larger window than was offered',
    (link) => link.envelope(packedEnvelope([OK], packOnce(batch([OK])))),
    { offers: [{ codec: 'DEFLATE', windowLog: 14 }] },
  ],
  [
    'W-073',
    'a batch without a flush',
    (link) => link.envelope(packedEnvelope([OK], packOnce(batch([OK])).subarray(0, -4))),
  ],
  [
    'W-073',
    'a final block',
    (link) =>
      link.envelope(packedEnvelope([OK], concat(deflateRawSync(batch([OK])), '\0\0\xff\xff'))),
  ],
  [
    'W-074',
    'a frame that ends',
    (link) => {
      const plain = batch([OK]);
      const window = windowStart('ZSTD', 20);
      const packed = zstdCompressSync(plain);
      link.envelope(envelope({ packed, unpackedSize: plain.length, window, crc: crc32(plain) }));
    },
  ],
];

describe('the referee finds', () => {
  it.each(named([...bytesLies, ...envelopeLies]))('$rule: $what', ({ rule, say, opening }) => {
    const link = opened(opening);
    link.kit(request(get('/')));
    expect(brokenIn(() => say(link))).toBe(rule);
  });

  it.each([
    ['W-006', 'an agent of 257 bytes', hello({ extra: bytes(6, 'x'.repeat(257)) })],
    ['W-012', 'version 0', hello({ version: 0 })],
    ['W-013', 'batches that are too small', hello({ limits: { batchPacked: 131_071 } })],
    ['W-025', 'limits twice', hello({ extra: bytes(3) })],
    ['W-028', 'a window that cannot be', hello({ limits: { linkWindow: 2 ** 31 } })],
    ['W-009', 'something else than a hello', ping(1)],
  ] as const)('%s: %s in a hello', (rule, _, said) => {
    const link = new Conversation({ role: 'dialer' });
    const opening = concat(PREFACE, plainEnvelope(batch([said])));
    expect(brokenIn(() => link.raw(opening))).toBe(rule);
  });

  it('W-007: another preface, at its first wrong byte', () => {
    const link = new Conversation({ role: 'dialer' });
    expect(brokenIn(() => link.raw(concat('HTTP')))).toBe('W-007');
  });

  it('W-009: a word before the hello that must come first', () => {
    const acceptor = new Conversation({ role: 'acceptor' });
    expect(brokenIn(() => acceptor.raw(PREFACE))).toBe('W-009');
    const dialer = new Conversation({ role: 'dialer' });
    dialer.raw(PREFACE, plainEnvelope(batch([hello()])));
    expect(brokenIn(() => dialer.say(request(get('/'))))).toBe('W-009');
  });
});

describe('the referee lets pass', () => {
  it('every choice that the document leaves, cut anywhere', () => {
    const said = [
      response({ ops: [op.value(STATUS)], text: ['103'] }, { id: 1 }),
      head([op.name(4), op.store(4, 5), op.field(5), op.literal()], 'a', 'b', 'c', ''),
    ];
    for (const size of [1, 3, 1_000]) {
      const link = opened();
      link.kit(request(get('/')));
      const all = plainEnvelope(batch(said));
      for (let at = 0; at < all.length; at += size) link.raw(all.subarray(at, at + size));
      expect(link.heard.map(({ kind }) => kind)).toEqual(['hello', 'response', 'response']);
    }
  });

  it.each(['DEFLATE', 'ZSTD'] as const)('a window of %s over many batches', (codec) => {
    const link = opened();
    link.kit(...new Array<Crafted>(50).fill(request(get('/'))));
    const packer = startPacker(codec, 15);
    for (let i = 0; i < 50; i++) {
      const plain = batch([response(status(200, [['a', 'the same in each']]))]);
      const window = i === 0 ? windowStart(codec, 15) : undefined;
      const packed = packer.pack(plain);
      const crc = crc32(plain);
      link.envelope(envelope({ packed, unpackedSize: plain.length, crc, window }));
    }
    packer.close();
    expect(link.heard.filter(({ kind }) => kind === 'response')).toHaveLength(50);
  });

  it('no crc where nobody asked for one', () => {
    const link = opened({ checksum: false, peer: { checksum: false } });
    link.kit(request(get('/')));
    link.envelope(envelope({ plain: batch([OK]) }));
    expect(link.heard.at(-1)?.kind).toBe('response');
  });

  it('secrets in plain, as blobs, and by the slot of a whole field', () => {
    const link = opened();
    link.kit(request(get('/')), request(get('/')));
    const storing = head([op.name(4), op.secretStore(4, 5)], 'set-cookie');
    const again = response({ ops: [op.value(STATUS), op.field(5)], text: ['200'] }, { id: 2 });
    link.say(blob('sid=1'), storing);
    link.envelope(packedEnvelope([again], packOnce(batch([again]))));
    expect(link.heard.at(-1)).toMatchObject({ fields: [['set-cookie', 'sid=1']] });
  });
});
