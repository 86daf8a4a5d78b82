import type { ServerCase } from '../case.ts';
import { get, post } from '../craft/head.ts';
import {
  bytes,
  concat,
  fixed32,
  fixed64,
  type Piece,
  tag,
  uint,
  varint,
} from '../craft/protobuf.ts';
import { batch, type Crafted, program, record } from '../craft/record.ts';
import { expectEqual } from '../engine/failure.ts';
import type { ServerLink } from '../engine/server-link.ts';
import { eachEndsLink, endsLink, GET, isFine } from './shapes.ts';

/** A request for / with these bytes behind its head. */
function requestWith(...pieces: readonly Piece[]): Crafted {
  const note = { kind: 'request', id: 0, more: false } as const;
  return { bytes: bytes(1, program(get('/')), ...pieces), note };
}

/** A record of any kind, as it stands in a batch. */
function inBatch(...pieces: readonly Piece[]): Crafted {
  return { bytes: concat(...pieces), note: undefined };
}

/** A record that is a GET of /, with these bytes behind it. */
function getAnd(...pieces: readonly Piece[]): Crafted {
  return { bytes: concat(GET.bytes, ...pieces), note: GET.note };
}

/** Asks, and expects the usual answer. */
async function answered(link: ServerLink, ...records: readonly Crafted[]): Promise<void> {
  const { status } = await link.answer(link.send(...records));
  expectEqual('the status', status, 200);
}

const GROUP_START = 3;
const GROUP_END = 4;

/** Varints that are one byte longer than a number needs, and that mean it nevertheless. */
const padded: readonly ServerCase[] = [
  isFine('W-001', 'an id that is written in five bytes is taken', (link) =>
    answered(link, requestWith(tag(1, 0), varint(1, 5))),
  ),
  isFine('W-001', 'ops that are written in five bytes each are taken', (link) => {
    const { text = [] } = get('/');
    const ops = bytes(3, varint(1, 5), varint(5, 5));
    const head = concat(ops, ...text.map((piece) => bytes(4, piece)));
    return answered(link, { bytes: bytes(1, head), note: GET.note });
  }),
  isFine('W-001', 'a tag that is written in five bytes is taken', (link) =>
    answered(link, requestWith(varint(9 << 3, 5), varint(60_000))),
  ),
  isFine('W-001', 'a length that is written in five bytes is taken', (link) => {
    const head = program(get('/'));
    const wrapped = concat(tag(1, 2), varint(head.length, 5), head);
    return answered(link, { bytes: wrapped, note: GET.note });
  }),
  {
    rule: 'W-001',
    name: 'a boolean is true for every value but 0',
    async run(server) {
      const link = await server.open();
      const head = program(post('/sink'));
      const note = { kind: 'request', id: 0, more: true } as const;
      const id = link.send({ bytes: bytes(1, head, uint(7, 200)), note });
      await link.upload(id, Buffer.from('abc'));
      const { body } = await link.answer(id);
      expectEqual('the length', Buffer.from(body).toString(), '3');
    },
  },
];

/** Integers of known fields that no uint32 is. */
const tooLong: readonly ServerCase[] = eachEndsLink('W-001', 'PROTOCOL', [
  ['an id of six bytes', requestWith(tag(1, 0), varint(1, 6))],
  ['an id of ten bytes', requestWith(tag(1, 0), varint(2n ** 64n - 1n))],
  ['an id of 2^32', requestWith(tag(1, 0), varint(2 ** 32))],
  ['an id of 2^32 + 1', requestWith(tag(1, 0), varint(2 ** 32 + 1))],
  ['a timeout of 2^35 - 1', requestWith(tag(9, 0), varint(2n ** 35n - 1n))],
  ['a boolean of 2^32', requestWith(tag(7, 0), varint(2 ** 32))],
  ['an op of 2^32', requestWith(bytes(3, varint(2 ** 32)))],
  ['an op of six bytes', requestWith(bytes(3, varint(3, 6)))],
  ['a tag of six bytes', requestWith(varint(9 << 3, 6), varint(1))],
  ['a length of six bytes', requestWith(tag(4, 2), varint(1, 6), 'x')],
  ["a ping's token of 2^32", record(7, tag(1, 0), varint(2 ** 32))],
  ["a credit's bytes of 2^32", record(5, tag(2, 0), varint(2 ** 32))],
  ["a credit's id of six bytes", record(5, tag(1, 0), varint(0, 6), uint(2, 1))],
  ["a cancel's code of 2^32", record(6, uint(1, 1), tag(2, 0), varint(2 ** 32))],
  ["a goaway's last_id of six bytes", record(9, tag(1, 0), varint(0, 6))],
]);

/** Fields that no version 1 has, of each wire type that protobuf has left. */
const UNKNOWN: readonly (readonly [what: string, field: Uint8Array])[] = [
  ['a varint', uint(99, 7)],
  ['a varint of ten bytes', concat(tag(99, 0), varint(2n ** 64n - 1n))],
  ['bytes', bytes(99, 'unknown')],
  ['four bytes', fixed32(99, 7)],
  ['eight bytes', fixed64(99, 7n)],
  ['the highest number', uint(2 ** 29 - 1, 7)],
];

const unknown: readonly ServerCase[] = [
  ...UNKNOWN.map(([what, field]) =>
    isFine('W-002', `an unknown field with ${what} is skipped wherever it stands`, async (link) => {
      await answered(link, requestWith(field));
      await answered(link, { bytes: concat(field, GET.bytes, field), note: GET.note });
      link.sendParts({
        plain: concat(field, batch([record(7, field, uint(1, 5))]), field),
        extra: field,
      });
      link.referee.kitSays({ kind: 'ping', token: 5 });
      await link.next('pong', ({ token }) => token === 5);
      link.send(record(5, field, uint(2, 1)));
      link.send(record(6, uint(1, 1), uint(2, 8), field));
    }),
  ),
  isFine('W-002', 'an unknown kind of record is skipped', (link) => {
    link.send(record(12, 'of another version'), GET, record(1_000, uint(1, 1)));
  }),
  isFine('W-002', 'a record without any kind is skipped', (link) => {
    link.send(inBatch(''), inBatch(''));
  }),
  ...(
    [
      ['a varint of eleven bytes in an unknown field', concat(tag(99, 0), varint(1, 11))],
      ['the start of a group', tag(99, GROUP_START)],
      ['the end of a group', tag(99, GROUP_END)],
      ['wire type 6', concat(tag(99, 6), 'xx')],
      ['wire type 7', concat(tag(99, 7), 'xx')],
      ['field number 0', concat(tag(0, 0), varint(1))],
      ['field number 0 with bytes', bytes(0, 'x')],
    ] as const
  ).flatMap(([what, field]) => [
    endsLink('W-002', `${what} in a request ends the link`, 'PROTOCOL', (link) =>
      link.send(requestWith(field)),
    ),
    endsLink('W-002', `${what} in a record ends the link`, 'PROTOCOL', (link) =>
      link.send(getAnd(field)),
    ),
    endsLink('W-002', `${what} in an envelope ends the link`, 'PROTOCOL', (link) =>
      link.sendParts({ plain: batch([GET]), extra: field }),
    ),
  ]),
];

const wireTypes: readonly ServerCase[] = [
  ...eachEndsLink('W-003', 'PROTOCOL', [
    ['an id as bytes', requestWith(bytes(1, '\x01'))],
    ['an id as four bytes', requestWith(fixed32(1, 1))],
    ['a text as a varint', requestWith(uint(4, 1))],
    ['a body as eight bytes', requestWith(fixed64(6, 1n))],
    ['ops as four bytes', requestWith(fixed32(3, 1))],
    ['a request as a varint', inBatch(uint(1, 1))],
    ['a ping as four bytes', inBatch(fixed32(7, 1))],
    ["a ping's token as bytes", record(7, bytes(1, 'x'))],
    ["a data's bytes as a varint", record(3, uint(1, 1), uint(2, 1))],
    ["a cancel's message as a varint", record(6, uint(1, 1), uint(4, 1))],
  ]),
  endsLink('W-003', 'an envelope with its plain as a varint ends the link', 'PROTOCOL', (link) =>
    link.sendParts({ extra: uint(1, 1) }),
  ),
  endsLink('W-003', 'a crc as a varint ends the link', ['PROTOCOL', 'CHECKSUM'], (link) =>
    link.sendParts({ plain: batch([GET]), crc: undefined, extra: uint(4, 1) }),
  ),
  endsLink('W-003', 'a batch with its records as varints ends the link', 'PROTOCOL', (link) =>
    link.sendParts({ plain: uint(1, 1) }),
  ),
  isFine('W-003', 'ops may stand packed, unpacked, or both in turn', async (link) => {
    const texts = concat(...(get('/').text ?? []).map((piece) => bytes(4, piece)));
    const ways = [
      concat(uint(3, 1), uint(3, 5)),
      concat(bytes(3, varint(1)), uint(3, 5)),
      concat(uint(3, 1), bytes(3, varint(5)), bytes(3)),
    ];
    for (const ops of ways) await answered(link, { bytes: bytes(1, ops, texts), note: GET.note });
  }),
];

const cutShort: readonly ServerCase[] = [
  ...eachEndsLink('W-004', 'PROTOCOL', [
    ['a request that ends inside a tag', record(1, program(get('/')), Uint8Array.of(0x80))],
    ['a request that ends inside a varint', record(1, program(get('/')), tag(1, 0), '\x80')],
    ['a request that ends before a value', record(1, program(get('/')), tag(9, 0))],
    ['a text that reaches beyond its request', record(1, tag(4, 2), varint(100), 'short')],
    ['ops that end inside an integer', record(1, bytes(3, Uint8Array.of(0x80)))],
    ['an unknown field that reaches beyond its request', record(1, tag(99, 2), varint(9), 'x')],
    ['an unknown four bytes of which there are three', record(1, tag(99, 5), 'abc')],
    ['an unknown eight bytes of which there are seven', record(1, tag(99, 1), 'abcdefg')],
    ['a request that reaches beyond its record', inBatch(tag(1, 2), varint(50), 'x')],
    ['a length of 2^32 - 1', inBatch(tag(1, 2), varint(2 ** 32 - 1), 'x')],
  ]),
  endsLink('W-004', 'a record that reaches beyond its batch ends the link', 'PROTOCOL', (link) =>
    link.sendParts({ plain: concat(tag(1, 2), varint(50), 'x') }),
  ),
  endsLink('W-004', 'a field that reaches beyond its envelope ends the link', 'PROTOCOL', (link) =>
    link.sendParts({ extra: concat(tag(1, 2), varint(50), 'x') }),
  ),
];

const twice: readonly ServerCase[] = [
  isFine('W-005', 'fields may stand in any order', (link) => {
    const [method = '', path = ''] = get('/').text ?? [];
    const mixed = concat(
      bytes(4, method),
      uint(9, 60_000),
      bytes(4, path),
      bytes(3, varint(1), varint(5)),
    );
    return answered(link, { bytes: bytes(1, mixed), note: GET.note });
  }),
  {
    rule: 'W-005',
    name: 'of a singular field that stands twice, the last one counts',
    async run(server) {
      const link = await server.open();
      const head = concat(
        uint(1, 900),
        program(get('/echo')),
        bytes(6, 'first'),
        bytes(6, 'last'),
        uint(1, 7),
      );
      const id = link.send({
        bytes: bytes(1, head),
        note: { kind: 'request', id: 7, more: false },
      });
      expectEqual('the body', Buffer.from((await link.answer(id)).body).toString(), 'last');
      await link.alive();
    },
  },
  ...eachEndsLink('W-005', 'PROTOCOL', [
    ['a record with two kinds', getAnd(bytes(7, uint(1, 1)))],
    ['a record with one kind twice', getAnd(GET.bytes)],
  ]),
];

const texts: readonly ServerCase[] = [
  {
    rule: 'W-006',
    name: 'values and paths are bytes: each comes back as it went',
    async run(server) {
      const link = await server.open();
      const high = Buffer.from(Array.from({ length: 128 }, (_, i) => 128 + i)).toString('latin1');
      const { fields } = await link.get('/echo', [['x-echo-high', high]]);
      expectEqual('the fields', fields, [['x-echo-high', high]]);
      const path = `/target/${high}`;
      const { body } = await link.get(path);
      expectEqual('the path', Buffer.from(body).toString('latin1'), path);
    },
  },
  isFine('W-006', 'a message that is too long is taken, or cut', async (link) => {
    const id = link.ask(get('/hold/never'));
    link.send({
      bytes: bytes(6, uint(1, id), uint(2, 8), bytes(4, 'x'.repeat(5_000))),
      note: { kind: 'cancel', id },
    });
  }),
  {
    rule: 'W-025',
    name: 'a field that is there with the value 0 is as one that is not',
    async run(server) {
      const link = await server.open();
      const zeros = concat(
        uint(1, 0),
        uint(2, 0),
        uint(5, 0),
        bytes(6),
        uint(7, 0),
        uint(8, 0),
        uint(9, 0),
      );
      const { status, body } = await link.answer(link.send(requestWith(zeros)));
      expectEqual('the answer', [status, Buffer.from(body).toString()], [200, 'ok']);
    },
  },
];

/** Section 2: the bytes of messages. */
export const byteCases: readonly ServerCase[] = [
  ...padded,
  ...tooLong,
  ...unknown,
  ...wireTypes,
  ...cutShort,
  ...twice,
  ...texts,
];
