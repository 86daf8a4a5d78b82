import { concat, hex, varint } from '../hex.ts';
import { breaks, faulty, fine, getWith, glitchy, requested, says, vector } from './draft.ts';
import type { Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

const get = w.request(getWith());
const LEAST = 131_072;
const small = { receiver: { batch_packed: LEAST, batch_unpacked: LEAST } } as const;

/** A batch of that many bytes: a request and an unknown field, which is skipped. */
function batchOf(length: number): Uint8Array {
  const rest = length - get.length;
  return concat(get, w.bytes(15, new Uint8Array(rest - 1 - varint(rest - 4).length)));
}

/** The start of an envelope with `plain` and `packed` of these lengths; the rest never comes. */
const lengthAlone = (length: number) => varint(length);

const lengths: Vector[] = [
  fine(
    'a length in more bytes than needed',
    'W-010',
    concat(varint(w.plain(get).length - 1, 4), w.plain(get).slice(1)),
    [requested(1)],
  ),
  faulty('a length of 0', 'W-010', hex('00'), 'PROTOCOL'),
  faulty('a length of 0 in four bytes', 'W-010', hex('80 80 80 00'), 'PROTOCOL'),
  faulty(
    'a length of five bytes, though its value is small',
    'W-010',
    hex('9a 80 80 80 00'),
    'PROTOCOL',
  ),
  vector('several envelopes, one behind the other', 'W-010 W-021', [
    says(w.plain(get), requested(1)),
    says(w.plain(get, get), requested(2), requested(3)),
    says(w.plain(get), requested(4)),
  ]),
  vector(
    'an envelope of batch_packed + batch_unpacked + 64 bytes, most of them unknown',
    'W-120',
    [
      says(
        w.envelope({ plain: get, extra: filler(2 * LEAST + 64 - get.length - 2 - 5) }),
        requested(1),
      ),
    ],
    small,
  ),
  faulty(
    'an envelope of one byte more, from its length alone',
    'W-120 W-018',
    lengthAlone(2 * LEAST + 65),
    'DECOMPRESSION_LIMIT',
    small,
  ),
  faulty(
    'the highest length of four bytes',
    'W-120 W-018',
    hex('ff ff ff 7f'),
    'DECOMPRESSION_LIMIT',
  ),
];

/** An unknown field of an envelope that has that many bytes in all. */
function filler(length: number): Uint8Array {
  return w.bytes(15, new Uint8Array(length - 1 - 3));
}

const sizes: Vector[] = [
  ...[LEAST - 1, LEAST].map((length) =>
    vector(
      `a plain of ${length} bytes against batch_unpacked of 131,072`,
      'W-018',
      [glitchy(says(w.plain(batchOf(length)), requested(1)))],
      small,
    ),
  ),
  faulty(
    'a plain of 131,073 bytes against batch_unpacked of 131,072',
    'W-018',
    w.plain(batchOf(LEAST + 1)),
    'DECOMPRESSION_LIMIT',
    small,
  ),
  faulty(
    'a packed of 131,073 bytes against batch_packed of 131,072',
    'W-018',
    w.envelope({
      packed: new Uint8Array(LEAST + 1),
      unpackedSize: 10,
      window: { codec: 1, log: 15 },
    }),
    'DECOMPRESSION_LIMIT',
    small,
  ),
  faulty(
    'plain and unpacked_size together one byte above batch_unpacked',
    'W-018',
    w.envelope({
      plain: get,
      packed: hex('00'),
      unpackedSize: LEAST - get.length + 1,
      window: { codec: 1, log: 15 },
    }),
    'DECOMPRESSION_LIMIT',
    small,
  ),
  faulty(
    'an unpacked_size of 2^32 - 1',
    'W-018 W-016',
    w.envelope({ packed: hex('00'), unpackedSize: 2 ** 32 - 1, window: { codec: 1, log: 15 } }),
    'DECOMPRESSION_LIMIT',
  ),
  faulty(
    'an unpacked_size without packed',
    'W-016',
    w.envelope({ plain: get, unpackedSize: 4 }),
    'COMPRESSION',
  ),
];

const parts: Vector[] = [
  vector(
    'an envelope with a crc and nothing else',
    'W-020',
    [glitchy(says(w.envelope({}))), says(w.plain(get), requested(1))],
    { level: 'envelope' },
  ),
  vector('an empty plain is as none', 'W-020 W-121', [
    says(w.envelope({ plain: hex('') })),
    says(w.plain(get), requested(1)),
  ]),
  fine('the fields of an envelope in the reverse order', 'W-005', reversed(), [requested(1)]),
  fine(
    'an unknown field in front of the others',
    'W-002',
    concat(varint(w.plain(get).length + 1), hex('78 05'), w.plain(get).slice(1)),
    [requested(1)],
  ),
  vector('nothing of an envelope is processed before all of it has come', 'W-122 W-004', [
    says(w.plain(get), requested(1)),
    breaks(w.envelope({ plain: get, extra: hex('78') }), 'PROTOCOL'),
  ]),
];

/** An envelope with its crc in front of its plain. */
function reversed(): Uint8Array {
  const content = w.plain(get).slice(1);
  const crc = content.slice(-5);
  return concat(varint(content.length), crc, content.slice(0, -5));
}

export const envelopesTopic: Topic = {
  name: 'envelopes',
  about: 'Lengths, sizes and parts of envelopes',
  vectors: [...lengths, ...sizes, ...parts],
};
