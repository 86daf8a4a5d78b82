import type { ClientCase } from '../case.ts';
import { status } from '../craft/head.ts';
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
import { batch, type Crafted, data, program, record, response } from '../craft/record.ts';
import { answers, eachEndsLink, endsLink, heads, isFine } from './shapes.ts';

const OK: Uint8Array = program(status(200));

/** A response 200 to that request with these bytes behind its head. */
function responseWith(id: number, ...pieces: readonly Piece[]): Crafted {
  return { ...response(status(200), { id }), bytes: bytes(2, OK, uint(1, id), ...pieces) };
}

/** A record of any kind, as it stands in a batch. */
function inBatch(...pieces: readonly Piece[]): Crafted {
  return { bytes: concat(...pieces), note: undefined };
}

/** A record that is a response, with these bytes behind it. */
function responseAnd(id: number, ...pieces: readonly Piece[]): Crafted {
  return inBatch(response(status(200), { id }).bytes, ...pieces);
}

const FINE = { status: 200, body: '' };

/** Varints that are longer than a number needs, and that mean it nevertheless. */
const padded: readonly ClientCase[] = [
  answers('W-001', 'an id that is written in five bytes is taken', FINE, (link, id) =>
    link.send(responseWith(id, tag(1, 0), varint(id, 5))),
  ),
  answers('W-001', 'ops that are written in five bytes each are taken', FINE, (link, id) => {
    const head = concat(bytes(3, varint(9, 5)), bytes(4, '200'), uint(1, id));
    link.send({ ...response(status(200), { id }), bytes: bytes(2, head) });
  }),
  answers('W-001', 'tags and lengths written in five bytes are taken', FINE, (link, id) => {
    const head = concat(varint(1 << 3, 5), varint(id), OK);
    const wrapped = concat(varint((2 << 3) | 2, 5), varint(head.length, 5), head);
    link.send({ ...response(status(200), { id }), bytes: wrapped });
  }),
  answers(
    'W-001',
    'a boolean is true for every value but 0',
    { status: 200, body: 'abc' },
    (link, id) => {
      const head = bytes(2, OK, uint(1, id), uint(7, 200));
      link.send({ ...response(status(200), { id, more: true }), bytes: head });
      const piece = bytes(3, uint(1, id), bytes(2, 'abc'), uint(3, 77));
      link.send({ ...data(id, 'abc', true), bytes: piece });
    },
  ),
];

/** Integers of known fields that no uint32 is. */
const tooLong: readonly ClientCase[] = eachEndsLink('W-001', 'PROTOCOL', [
  ['an id of six bytes', (id) => record(2, OK, tag(1, 0), varint(id, 6))],
  ['an id of ten bytes', () => record(2, OK, tag(1, 0), varint(2n ** 64n - 1n))],
  ['an id of 2^32', () => record(2, OK, tag(1, 0), varint(2 ** 32))],
  ['an id of 2^32 + 1', () => record(2, OK, tag(1, 0), varint(2 ** 32 + 1))],
  ['a boolean of 2^32', (id) => responseWith(id, tag(7, 0), varint(2 ** 32))],
  ['an op of 2^32', (id) => responseWith(id, bytes(3, varint(2 ** 32)))],
  ['an op of six bytes', (id) => responseWith(id, bytes(3, varint(9, 6)))],
  ['a tag of six bytes', (id) => responseWith(id, varint(7 << 3, 6), varint(0))],
  ['a length of six bytes', (id) => responseWith(id, tag(4, 2), varint(1, 6), 'x')],
  ["a ping's token of 2^32", () => record(7, tag(1, 0), varint(2 ** 32))],
  ["a credit's bytes of 2^32", () => record(5, tag(2, 0), varint(2 ** 32))],
  ["a cancel's code of 2^32", (id) => record(6, uint(1, id), tag(2, 0), varint(2 ** 32))],
  ["a cancel's processed of six bytes", (id) => record(6, uint(1, id), tag(3, 0), varint(1, 6))],
  ["a goaway's last_id of six bytes", () => record(9, tag(1, 0), varint(0, 6))],
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

/** Fields that no message may have. */
const BROKEN: readonly (readonly [what: string, field: Uint8Array])[] = [
  ['a varint of eleven bytes in an unknown field', concat(tag(99, 0), varint(1, 11))],
  ['the start of a group', tag(99, 3)],
  ['the end of a group', tag(99, 4)],
  ['wire type 6', concat(tag(99, 6), 'xx')],
  ['wire type 7', concat(tag(99, 7), 'xx')],
  ['field number 0', concat(tag(0, 0), varint(1))],
];

const unknown: readonly ClientCase[] = [
  ...UNKNOWN.map(([what, field]) =>
    answers(
      'W-002',
      `an unknown field with ${what} is skipped wherever it stands`,
      { status: 200, body: 'abc' },
      async (link, id) => {
        const asked = batch([record(7, field, uint(1, 5))]);
        link.sendParts({ plain: concat(field, asked, field), extra: field });
        link.referee.kitSays({ kind: 'ping', token: 5 });
        await link.next('pong', ({ token }) => token === 5);
        link.send(record(5, field, uint(2, 1)));
        const head = response(status(200), { id, more: true, extra: field });
        link.send({ ...head, bytes: concat(field, head.bytes, field) });
        const piece = bytes(3, uint(1, id), field, bytes(2, 'abc'), uint(3, 1));
        link.send({ ...data(id, 'abc', true), bytes: piece });
      },
    ),
  ),
  isFine('W-002', 'an unknown kind of record is skipped', (link) =>
    link.send(record(12, 'of another version'), record(1_000, uint(1, 1))),
  ),
  isFine('W-002', 'a record without any kind is skipped', (link) =>
    link.send(inBatch(''), inBatch('')),
  ),
  ...BROKEN.flatMap(([what, field]) => [
    endsLink('W-002', `${what} in a response ends the link`, 'PROTOCOL', (link, id) =>
      link.send(responseWith(id, field)),
    ),
    endsLink('W-002', `${what} in a record ends the link`, 'PROTOCOL', (link, id) =>
      link.send(responseAnd(id, field)),
    ),
    endsLink('W-002', `${what} in an envelope ends the link`, 'PROTOCOL', (link, id) =>
      link.sendParts({ plain: batch([response(status(200), { id })]), extra: field }),
    ),
  ]),
];

const wireTypes: readonly ClientCase[] = [
  ...eachEndsLink('W-003', 'PROTOCOL', [
    ['an id as bytes', () => record(2, OK, bytes(1, '\x01'))],
    ['a text as a varint', (id) => responseWith(id, uint(4, 1))],
    ['a body as eight bytes', (id) => responseWith(id, fixed64(6, 1n))],
    ['ops as four bytes', (id) => responseWith(id, fixed32(3, 1))],
    ['a response as a varint', () => inBatch(uint(2, 1))],
    ["a ping's token as bytes", () => record(7, bytes(1, 'x'))],
    ["a data's bytes as a varint", (id) => record(3, uint(1, id), uint(2, 1))],
    ["a cancel's message as a varint", (id) => record(6, uint(1, id), uint(4, 1))],
    ["a goaway's final as bytes", () => record(9, bytes(4, '\x01'))],
  ]),
  endsLink('W-003', 'an envelope with its plain as a varint ends the link', 'PROTOCOL', (link) =>
    link.sendParts({ extra: uint(1, 1) }),
  ),
  endsLink('W-003', 'a batch with its records as varints ends the link', 'PROTOCOL', (link) =>
    link.sendParts({ plain: uint(1, 1) }),
  ),
  answers(
    'W-003',
    'ops may stand packed, unpacked, or both in turn',
    { status: 200, fields: [['a', 'b']] },
    (link, id) => {
      const texts = concat(...['200', 'a', 'b'].map((piece) => bytes(4, piece)));
      const head = concat(uint(1, id), uint(3, 9), bytes(3, varint(3)), bytes(3), texts);
      link.send({ ...response(status(200), { id }), bytes: bytes(2, head) });
    },
  ),
];

const cutShort: readonly ClientCase[] = [
  ...eachEndsLink('W-004', 'PROTOCOL', [
    ['a response that ends inside a tag', () => record(2, OK, Uint8Array.of(0x80))],
    ['a response that ends inside a varint', () => record(2, OK, tag(1, 0), '\x80')],
    ['a response that ends before a value', () => record(2, OK, tag(1, 0))],
    ['a text that reaches beyond its response', () => record(2, tag(4, 2), varint(100), 'short')],
    ['ops that end inside an integer', () => record(2, bytes(3, Uint8Array.of(0x80)))],
    ['unknown bytes that reach beyond', () => record(2, tag(99, 2), varint(9), 'x')],
    ['an unknown four bytes of which there are three', () => record(2, tag(99, 5), 'abc')],
    ['an unknown eight bytes of which there are seven', () => record(2, tag(99, 1), 'abcdefg')],
    ['a response that reaches beyond its record', () => inBatch(tag(2, 2), varint(50), 'x')],
    ['a length of 2^32 - 1', () => inBatch(tag(2, 2), varint(2 ** 32 - 1), 'x')],
  ]),
  endsLink('W-004', 'a record that reaches beyond its batch ends the link', 'PROTOCOL', (link) =>
    link.sendParts({ plain: concat(tag(1, 2), varint(50), 'x') }),
  ),
  endsLink('W-004', 'a field that reaches beyond its envelope ends the link', 'PROTOCOL', (link) =>
    link.sendParts({ extra: concat(tag(1, 2), varint(50), 'x') }),
  ),
];

const twice: readonly ClientCase[] = [
  answers(
    'W-005',
    'of a singular field that stands twice, the last one counts, in any order',
    { status: 200, body: 'last' },
    (link, id) => {
      const mixed = concat(bytes(6, 'first'), uint(1, 900), OK, bytes(6, 'last'), uint(1, id));
      link.send({ ...response(status(200), { id }), bytes: bytes(2, mixed) });
    },
  ),
  ...eachEndsLink('W-005', 'PROTOCOL', [
    ['a record with two kinds', (id) => responseAnd(id, bytes(7, uint(1, 1)))],
    ['a record with one kind twice', (id) => responseAnd(id, response(status(200), { id }).bytes)],
  ]),
];

const HIGH = Buffer.from(Array.from({ length: 128 }, (_, i) => 128 + i)).toString('latin1');

const texts: readonly ClientCase[] = [
  heads('W-006', 'values are bytes: each is one character', {
    head: status(200, [['x-high', HIGH]]),
    fields: [['x-high', HIGH]],
  }),
  answers('W-025', 'a field that is there with the value 0 is as none', FINE, (link, id) =>
    link.send(responseWith(id, uint(2, 0), uint(5, 0), bytes(6), uint(7, 0), uint(8, 0))),
  ),
  isFine('W-025', 'records without any field mean zeros', async (link) => {
    link.send(record(7), record(5));
    link.referee.kitSays({ kind: 'ping', token: 0 });
    await link.next('pong', ({ token }) => token === 0);
  }),
];

/** Section 2: the bytes of messages. */
export const byteCases: readonly ClientCase[] = [
  ...padded,
  ...tooLong,
  ...unknown,
  ...wireTypes,
  ...cutShort,
  ...twice,
  ...texts,
];
