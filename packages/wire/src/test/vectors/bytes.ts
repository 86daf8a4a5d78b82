import { concat, hex, varint } from '../hex.ts';
import { bytesOf } from '../records.ts';
import { faulty, fine, GET, getWith, glitchy, requested, says, vector } from './draft.ts';
import type { Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

const get = getWith();
/** A pong, as a carrier of an integer: one that nobody asked for does no harm. */
const pong = (token: Uint8Array) => w.plain(w.record(8, hex('08'), token));
const ponged = (token: number) => ({ kind: 'pong', token }) as const;

const integers: Vector[] = [
  ...[1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 2 ** 28 - 1, 2 ** 28, 2 ** 32 - 1].map(
    (value) =>
      fine(`the integer ${value} in its shortest form`, 'W-001', pong(varint(value)), [
        ponged(value),
      ]),
  ),
  ...[2, 3, 4, 5].map((width) =>
    fine(`the integer 1 in ${width} bytes is accepted`, 'W-001', pong(varint(1, width)), [
      ponged(1),
    ]),
  ),
  faulty('an integer of six bytes, though it is 1', 'W-001', pong(varint(1, 6)), 'PROTOCOL'),
  faulty('an integer of 2^32', 'W-001', pong(hex('80 80 80 80 10')), 'PROTOCOL'),
  faulty(
    'an integer of ten bytes, as a negative one has them',
    'W-001',
    pong(hex('ff ff ff ff ff ff ff ff ff 01')),
    'PROTOCOL',
  ),
  fine('a tag in two bytes is accepted', 'W-001', w.plain(w.record(8, hex('88 00 05'))), [
    ponged(5),
  ]),
  faulty(
    'a tag of six bytes',
    'W-001',
    w.plain(w.record(8, hex('88 80 80 80 80 00 05'))),
    'PROTOCOL',
  ),
  fine(
    'lengths in more bytes than needed are accepted',
    'W-001',
    w.plain(hex('0a 87 00 42 83 80 00 08 85 00')),
    [ponged(5)],
  ),
  faulty('a length of 2^32', 'W-001', w.plain(hex('0a 80 80 80 80 10')), 'PROTOCOL'),
  faulty(
    'an operation of 2^32',
    'W-001',
    w.plain(w.record(1, w.bytes(3, hex('80 80 80 80 10')))),
    'PROTOCOL',
  ),
];

const more = (bytes: Uint8Array) => w.record(1, headBytes, hex('38'), bytes);
const headBytes = w.request(get).subarray(4);
const flagsAndEnums: Vector[] = [
  ...['01', '02', 'ff 01', '81 80 80 80 00', 'ff ff ff ff 0f'].map((bytes) =>
    fine(`a boolean of ${bytes} is true`, 'W-001', w.plain(more(hex(bytes))), [
      requested(1, GET, { more: true }),
    ]),
  ),
  ...['00', '80 00', '80 80 80 80 00'].map((bytes) =>
    fine(`a boolean of ${bytes} is false`, 'W-001 W-025', w.plain(more(hex(bytes))), [
      requested(1),
    ]),
  ),
  faulty('a boolean of six bytes', 'W-001', w.plain(more(hex('81 80 80 80 80 00'))), 'PROTOCOL'),
  fine('an unknown code is INTERNAL', 'W-113', w.plain(w.request(get), w.cancel(1, 18, 2)), [
    requested(1),
    { kind: 'cancel', id: 1, code: 'INTERNAL', processed: 'YES' },
  ]),
  fine('the highest code there can be', 'W-113', w.plain(w.goaway(0, 2 ** 32 - 1, false)), [
    { kind: 'goaway', last_id: 0, code: 'INTERNAL' },
  ]),
  fine('an unknown processed is MAYBE', 'W-113', w.plain(w.request(get), w.cancel(1, 8, 3)), [
    requested(1),
    { kind: 'cancel', id: 1, code: 'CANCEL', processed: 'MAYBE' },
  ]),
  faulty(
    'a code of ten bytes',
    'W-001',
    w.plain(w.request(get), w.record(6, w.integer(1, 1), hex('10 ff ff ff ff ff ff ff ff ff 01'))),
    'PROTOCOL',
  ),
];

/** A field of that number in each wire type that may be skipped. */
const strangers = (number: number) =>
  concat(
    w.integer(number, 7),
    concat(varint(number * 8 + 1), hex('01 02 03 04 05 06 07 08')),
    w.text(number, 'unknown'),
    w.fixed32(number, 7),
  );
const unknown: Vector[] = [
  ...(
    [
      ['an envelope', w.envelope({ plain: w.request(get), extra: strangers(15) }), false],
      ['a batch', w.plain(strangers(2), w.request(get), strangers(1000)), true],
      [
        'a record, before and behind its kind',
        w.plain(w.bytes(1, strangers(12), w.request(get).subarray(2), strangers(15))),
        true,
      ],
      ['a request', w.plain(w.record(1, strangers(11), headBytes, strangers(536_870_911))), true],
    ] as const
  ).map(([place, bytes, counts]) => {
    const step = says(bytes, requested(1));
    return vector(`unknown fields of every wire type in ${place} are skipped`, 'W-002', [
      counts ? glitchy(step) : step,
    ]);
  }),
  vector('unknown fields in data and trailers are skipped', 'W-002', [
    says(w.plain(w.request({ ...get, more: true })), requested(1, GET, { more: true })),
    glitchy(
      says(
        w.plain(
          w.record(3, strangers(5), w.integer(1, 1), w.text(2, 'x')),
          w.record(4, w.integer(1, 1), strangers(6)),
        ),
        { kind: 'data', id: 1, bytes: 'x' },
        { kind: 'trailers', id: 1, head: [] },
      ),
    ),
  ]),
  vector('unknown fields in the small records are skipped', 'W-002', [
    says(w.plain(w.request(get)), requested(1)),
    glitchy(
      says(
        w.plain(
          w.record(5, strangers(3), w.integer(1, 1), w.integer(2, 1)),
          w.record(8, strangers(2), w.integer(1, 5)),
          w.record(6, w.integer(1, 1), strangers(5)),
          w.record(9, strangers(5)),
        ),
        { kind: 'credit', id: 1, bytes: 1 },
        ponged(5),
        { kind: 'cancel', id: 1, code: 'NO_ERROR', processed: 'MAYBE' },
        { kind: 'goaway', last_id: 0, code: 'NO_ERROR' },
      ),
    ),
  ]),
  ...[12, 13, 1000, 536_870_911].map((kind) =>
    vector(`a record of the unknown kind ${kind} is skipped`, 'W-002', [
      glitchy(says(w.plain(w.record(kind, bytesOf('?')), w.request(get)), requested(1))),
    ]),
  ),
  vector('a record without any kind is skipped', 'W-002', [
    glitchy(says(w.plain(hex('0a 00'), w.request(get)), requested(1))),
  ]),
  vector('an integer of ten bytes in an unknown field is skipped', 'W-002', [
    glitchy(
      says(w.plain(w.record(1, hex('58 ff ff ff ff ff ff ff ff ff 01'), headBytes)), requested(1)),
    ),
  ]),
  faulty(
    'an integer of eleven bytes in an unknown field',
    'W-002',
    w.plain(w.record(1, hex('58 ff ff ff ff ff ff ff ff ff ff 01'), headBytes)),
    'PROTOCOL',
  ),
  vector('the field that is reserved is unknown', 'W-002 W-112', [
    glitchy(says(w.plain(w.record(1, headBytes, w.text(15, 'transform'))), requested(1))),
  ]),
];

const wireTypes: Vector[] = [3, 4, 6, 7].flatMap((type) => [
  faulty(
    `an unknown field of wire type ${type} in a request`,
    'W-002',
    w.plain(w.record(1, headBytes, varint(20 * 8 + type))),
    'PROTOCOL',
  ),
  faulty(
    `wire type ${type} in the place of a record`,
    'W-002 W-003',
    w.plain(varint(8 + type), hex('00')),
    'PROTOCOL',
  ),
]);
const misplaced: Vector[] = [
  ...(
    [
      ['in an envelope', w.envelope({ plain: w.request(get), extra: hex('00 00') })],
      ['in a batch', w.plain(hex('02 00'))],
      ['in a record', w.plain(w.bytes(1, hex('02 00')))],
      ['in a request', w.plain(w.record(1, headBytes, hex('00 00')))],
    ] as const
  ).map(([place, bytes]) => faulty(`field number 0 ${place}`, 'W-002', bytes, 'PROTOCOL')),
  ...(
    [
      ['records as integers', w.plain(hex('08 00'))],
      ['a request as an integer', w.plain(w.bytes(1, hex('08 00')))],
      ['a blob as fixed32', w.plain(w.bytes(1, hex('5d 00 00 00 00')))],
      ['an id as bytes', w.plain(w.record(1, hex('0a 01 01'), headBytes))],
      ['a text as an integer', w.plain(w.record(1, hex('20 05')))],
      ['ops as fixed32', w.plain(w.record(1, hex('1d 01 00 00 00')))],
      ['a credit as fixed32', w.plain(w.record(5, hex('15 01 00 00 00')))],
      ['a crc as an integer', w.envelope({ plain: w.request(get), extra: hex('20 05') })],
      ['a window as an integer', w.envelope({ plain: w.request(get), extra: hex('28 01') })],
      ['plain as fixed64', hex('09 09 00 00 00 00 00 00 00 00')],
    ] as const
  ).map(([what, bytes]) => faulty(`${what}: another wire type`, 'W-003', bytes, 'PROTOCOL')),
  fine(
    'ops one by one',
    'W-003',
    w.plain(w.record(1, hex('18 01 18 05'), w.text(4, 'GET'), w.text(4, '/'))),
    [requested(1)],
  ),
  fine(
    'ops packed in two pieces and one by one, texts between, an empty piece too',
    'W-003 W-005',
    w.plain(
      w.record(
        1,
        hex('1a 01 01 1a 00'),
        w.text(4, 'GET'),
        hex('18 05 1a 01 03'),
        ...['/', 'a', 'b'].map((one) => w.text(4, one)),
      ),
    ),
    [requested(1, [...GET, ['a', 'b']])],
  ),
];

const cutShort: Vector[] = (
  [
    ['a batch that ends inside a tag', w.plain(hex('8a'))],
    ['a batch that ends behind a tag', w.plain(hex('0a'))],
    ['a record that is longer than its batch', w.plain(hex('0a 05 42 02 08 05'))],
    ['a kind that is longer than its record', w.plain(hex('0a 04 42 03 08 05'))],
    ['an integer that its message cuts off', w.plain(hex('0a 04 42 02 08 85'))],
    ['a message that ends behind a tag', w.plain(hex('0a 03 42 01 08'))],
    ['a text that is longer than its request', w.plain(w.record(1, hex('22 04 47 45 54')))],
    ['a body that is longer than its request', w.plain(w.record(1, headBytes, hex('32 02 61')))],
    ['ops that end inside an integer', w.plain(w.record(1, hex('1a 02 01 85'), w.text(4, 'GET')))],
    [
      'an unknown field of 8 bytes that has 7',
      w.plain(w.record(1, hex('51 00 00 00 00 00 00 00'))),
    ],
    ['an unknown field of 4 bytes that has 3', w.plain(w.record(1, hex('55 00 00 00')))],
    ['an unknown field of bytes that is too long', w.plain(w.record(1, hex('52 02 00')))],
    ['an envelope that ends inside its crc', hex('04 25 00 00 00')],
    ['a plain that is longer than its envelope', hex('03 0a 02 00')],
  ] as const
).map(([what, bytes]) => faulty(what, 'W-004', bytes, 'PROTOCOL'));

const twice: Vector[] = [
  fine(
    'singular fields that stand twice: the last counts',
    'W-005',
    w.plain(
      w.record(
        1,
        hex('08 07 08 03'),
        headBytes,
        hex('32 01 61 32 02 62 63'),
        hex('48 05 48 e8 07'),
      ),
    ),
    [requested(3, GET, { body: 'bc', timeout_ms: 1000 })],
  ),
  fine(
    'a boolean that stands twice: the last counts, also where it is false',
    'W-005',
    w.plain(w.record(1, headBytes, hex('38 01 38 00'))),
    [requested(1)],
  ),
  fine(
    'fields of a request in the reverse order',
    'W-005',
    w.plain(
      w.record(
        1,
        hex('48 0a 32 01 62'),
        w.text(4, 'GET'),
        w.text(4, '/'),
        hex('1a 02 01 05 08 02'),
      ),
    ),
    [requested(2, GET, { body: 'b', timeout_ms: 10 })],
  ),
  faulty(
    'a record with two kinds',
    'W-005',
    w.plain(w.bytes(1, hex('42 02 08 05'), hex('2a 02 10 01'))),
    'PROTOCOL',
  ),
  faulty(
    'a record with one kind twice',
    'W-005',
    w.plain(w.bytes(1, hex('42 02 08 05 42 02 08 05'))),
    'PROTOCOL',
  ),
  fine(
    'a plain that stands twice: the last counts',
    'W-005',
    w.envelope({ plain: w.request(get), extra: w.bytes(1, w.request(get)) }),
    [requested(1)],
  ),
  fine(
    'fields that are written with the value 0 are as if they were not there',
    'W-025',
    w.plain(w.record(1, hex('08 00 10 00'), headBytes, hex('28 00 32 00 38 00 40 00 48 00'))),
    [requested(1)],
  ),
];

const texts: Vector[] = [
  fine(
    'bytes above 0x7f in a value and a path are characters of one byte',
    'W-006 W-062',
    w.plain(w.request({ ...get, ops: [1, 5, 3], text: ['GET', '/\xe9', 'x', 'caf\xe9 \xff\x80'] })),
    [
      requested(1, [
        [':method', 'GET'],
        [':path', '/\xe9'],
        ['x', 'caf\xe9 \xff\x80'],
      ]),
    ],
  ),
  fine('a message is UTF-8', 'W-006', w.plain(w.goaway(0, 2, false, 'größer als ½ 🦕')), [
    { kind: 'goaway', last_id: 0, code: 'INTERNAL', message: 'größer als ½ 🦕' },
  ]),
  fine(
    'a message of 1,024 bytes is kept whole',
    'W-006',
    w.plain(w.goaway(0, 0, false, 'm'.repeat(1024))),
    [{ kind: 'goaway', last_id: 0, code: 'NO_ERROR', message: 'm'.repeat(1024) }],
  ),
];

export const bytesTopic: Topic = {
  name: 'bytes',
  about:
    'Integers, wire types, unknown fields, messages that are cut short, fields that stand twice',
  vectors: [
    ...integers,
    ...flagsAndEnums,
    ...unknown,
    ...wireTypes,
    ...misplaced,
    ...cutShort,
    ...twice,
    ...texts,
  ],
};
