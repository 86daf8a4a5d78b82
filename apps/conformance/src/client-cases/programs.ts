import type { ClientCase } from '../case.ts';
import { fieldsOnly, fill, type Head, op, STATUS, status } from '../craft/head.ts';
import { response, trailers } from '../craft/record.ts';
import { answers, endsLink, heads, info, ok } from './shapes.ts';

const A: readonly [string, string] = ['X-A', 'v'];

const operations: readonly ClientCase[] = [
  heads(
    'W-055',
    'each operation does what the table of operations says',
    { head: ok([op.literal()], 'X-A', 'v'), fields: [A] },
    { head: ok([op.name(4), op.value(4)], 'X-A', 'v'), fields: [A] },
    { head: ok([op.store(4, 5)], 'v'), fields: [A] },
    { head: ok([op.field(5), op.literal(), op.field(5)], 'b', ''), fields: [A, ['b', ''], A] },
    { head: ok([op.drop(5), op.store(4, 5), op.drop(4)], 'w'), fields: [['X-A', 'w']] },
    { head: ok([op.field(5)]), fields: [['X-A', 'w']] },
  ),
  heads(
    'W-055',
    'SECRET and SECRET_STORE take their values from blobs',
    {
      head: ok([op.name(4), op.secret(4), op.secretStore(4, 5)], 'Set-Cookie'),
      blobs: ['one', 'two'],
      fields: [
        ['Set-Cookie', 'one'],
        ['Set-Cookie', 'two'],
      ],
    },
    { head: ok([op.field(5)]), fields: [['Set-Cookie', 'two']] },
  ),
  ...[23, 27, 31, 35, 2 ** 32 - 1].map((code) =>
    endsLink('W-055', `${code} is no operation and ends the link`, 'PROTOCOL', (link, id) =>
      link.send(response(ok([[code]]), { id })),
    ),
  ),
  ...(
    [
      ['VALUE without a text', { ops: [op.value(STATUS)] }],
      ['LITERAL with one text', ok([op.literal()], 'x-a')],
      ['STORE without its slot', ok([[4 * STATUS + 2]], 'x')],
      ['NAME without its slot', ok([[7]], 'x')],
      ['SECRET without its name', ok([[11]])],
      ['SECRET_STORE without its slot', ok([[15, STATUS]])],
      ['DROP without its slot', ok([[19]])],
      ['SECRET without a blob', ok([op.secret(STATUS)])],
      ['SECRET_STORE without a blob', ok([op.secretStore(STATUS, 4)])],
      ['a text that is left over', ok([], 'left')],
      ['a program of texts alone', { text: ['200'] }],
    ] satisfies readonly (readonly [string, Head])[]
  ).map(([what, head]) =>
    endsLink('W-055', `${what} ends the link`, 'PROTOCOL', (link, id) =>
      link.send(response(head, { id })),
    ),
  ),
];

/** Block 9: `:status` and `X-A` are holes; `x-fixed: f` is fixed; a secret hole at the end. */
const KEPT: Head = {
  ...ok(
    [op.name(4), op.name(5), op.name(6), op.value(4), op.store(5, 7), op.secret(6)],
    'X-A',
    'x-fixed',
    'set-cookie',
    'v',
    'f',
  ),
  keep: 9,
};

const FIXED: readonly [string, string] = ['x-fixed', 'f'];
const KEEPS = { head: KEPT, blobs: ['s1'], fields: [A, FIXED, ['set-cookie', 's1']] } as const;

const blocks: readonly ClientCase[] = [
  heads('W-056', 'a kept head is a block, whose holes take texts and blobs in order', KEEPS, {
    head: { block: 9, text: ['200', 'w'] },
    blobs: ['s2'],
    fields: [['X-A', 'w'], FIXED, ['set-cookie', 's2']],
  }),
  heads(
    'W-056',
    'a block without holes stands for the whole head',
    {
      head: {
        ops: [op.store(STATUS, 4), op.name(5), op.store(5, 6)],
        text: ['200', 'X-A', 'v'],
        keep: 8,
      },
      fields: [A],
    },
    { head: { block: 8 }, fields: [A] },
    { head: { block: 8 }, fields: [A] },
  ),
  heads(
    'W-057',
    'each fill does what the table of fills says',
    KEEPS,
    {
      head: {
        block: 9,
        ops: [fill.text(), fill.store(10), fill.blobStore(11)],
        text: ['200', 'w'],
      },
      blobs: ['s3'],
      fields: [['X-A', 'w'], FIXED, ['set-cookie', 's3']],
    },
    {
      head: { block: 9, ops: [fill.text(), fill.field(10), fill.field(11)], text: ['200'] },
      fields: [['X-A', 'w'], FIXED, ['set-cookie', 's3']],
    },
    {
      head: { block: 9, ops: [fill.text(), fill.text(), fill.blob()], text: ['200', 'z'] },
      blobs: ['s4'],
      fields: [['X-A', 'z'], FIXED, ['set-cookie', 's4']],
    },
    {
      head: ok([op.field(10), op.field(11)]),
      fields: [
        ['X-A', 'w'],
        ['set-cookie', 's3'],
      ],
    },
  ),
  heads('W-067', 'DROPs stand anywhere among fills, and any fill fills any hole', KEEPS, {
    head: {
      block: 9,
      ops: [fill.drop(4), fill.text(), fill.drop(5), fill.blob(), fill.text(), fill.drop(6)],
      text: ['200', 'text for a secret'],
    },
    blobs: ['blob'],
    fields: [['X-A', 'blob'], FIXED, ['set-cookie', 'text for a secret']],
  }),
  heads(
    'W-067',
    'DROPs may stand alone where a block has no holes',
    { head: { ops: [op.store(STATUS, 4)], text: ['200'], keep: 8 } },
    { head: { block: 8, ops: [fill.drop(4)] } },
    { head: { block: 8 } },
  ),
  ...(
    [
      ['keep together with block', { block: 9, text: ['200', 'x'], keep: 10 }],
      ['an integer that is no fill', { block: 9, ops: [fill.text(), [11, 4]], text: ['200'] }],
      ['a fill VALUE of a slot', { block: 9, ops: [fill.text(), [9]], text: ['200', 'x'] }],
      ['too few fills', { block: 9, ops: [fill.text()], text: ['200'] }],
      [
        'too many fills',
        { block: 9, ops: [fill.text(), fill.text(), fill.text()], text: ['200', 'x', 'y'] },
      ],
      ['too few texts for the holes', { block: 9, text: ['200'] }],
      ['too many texts for the holes', { block: 9, text: ['200', 'x', 'y'] }],
      ['a fill TEXT without a text', { block: 9, ops: [fill.text(), fill.text()], text: ['200'] }],
      ['a fill BLOB without a blob', { block: 9, ops: [fill.text(), fill.blob()], text: ['200'] }],
    ] satisfies readonly (readonly [string, Head])[]
  ).map(([what, head]) =>
    endsLink('W-058', `${what} ends the link`, 'PROTOCOL', (link, id) => {
      link.send(response({ ...info([op.literal()], 'x-a', 'v'), keep: 9 }, { id }, false));
      link.send(response(head, { id }));
    }),
  ),
  ...(
    [
      ['of another name', 'x-b'],
      ['whose name differs in case', 'X-a'],
    ] as const
  ).map(([what, name]) =>
    endsLink('W-058', `a fill FIELD ${what} ends the link`, 'COMPRESSION', (link, id) => {
      const head = info([op.name(4), op.store(4, 5), op.literal()], name, 'v', 'x-a', 'w');
      link.send(response({ ...head, keep: 9 }, { id }, false));
      link.send(response({ block: 9, ops: [fill.text(), fill.field(5)], text: ['200'] }, { id }));
    }),
  ),
];

const flawed: readonly ClientCase[] = [
  heads(
    'W-059',
    'the program of a head that breaks a rule is run to its end',
    {
      head: {
        ...ok([op.literal(), op.name(4), op.store(4, 5), op.drop(4)], 'bad name', '', 'X-A', 'v'),
        keep: 6,
      },
      code: 'PROTOCOL',
    },
    { head: ok([op.name(4), op.field(5)], 'x-b'), fields: [A] },
    { head: { block: 6, text: ['200', ''] }, code: 'PROTOCOL' },
  ),
  heads(
    'W-059',
    'the program of a head above its limits is run to its end',
    {
      head: ok(
        [op.literal(), op.name(4), op.store(4, 5)],
        'x-long',
        'x'.repeat(16_385),
        'X-A',
        'v',
      ),
      code: 'HEAD_LIMIT',
    },
    { head: ok([op.field(5)]), fields: [A] },
  ),
  heads(
    'W-068',
    'what is stored is not judged, the head that uses it is',
    { head: ok([op.name(4)], 'no token') },
    { head: ok([op.value(4)], 'v'), code: 'PROTOCOL' },
    { head: ok([op.store(4, 5)], 'v'), code: 'PROTOCOL' },
    { head: ok([op.field(5)]), code: 'PROTOCOL' },
  ),
  heads(
    'W-068',
    'pseudo fields may be written by any operation',
    { head: { ops: [op.literal()], text: [':status', '200'] } },
    { head: { ops: [op.name(4), op.store(4, 5)], text: [':status', '200'] } },
    { head: { ops: [op.secret(4)] }, blobs: ['200'] },
    { head: { ops: [op.field(5)] } },
  ),
  heads(
    'W-059',
    'a head with a bad status is run to its end',
    { head: { ops: [op.value(STATUS), op.name(4)], text: ['999', 'x-a'] }, code: 'PROTOCOL' },
    { head: ok([op.value(4)], 'v'), fields: [['x-a', 'v']] },
  ),
  answers(
    'W-059',
    'heads of responses that are dropped run through the table',
    { status: 200, trailers: [['X-A', 'v']] },
    (link, id, other) => {
      link.answer(id, 200, [], { more: true });
      link.send(trailers(id, fieldsOnly([['X-A', 'v']])));
      const late = response(ok([op.name(4), op.store(4, 5)], 'x-late', 'v'), { id });
      link.send(late, trailers(id, { ops: [op.name(6)], text: ['x-later'] }));
      link.send(response(info([op.field(5), op.value(6)], 'w'), { id: other }, false));
    },
  ),
  answers(
    'W-068',
    'a block serves trailers as it serves responses',
    { status: 200, trailers: [['X-A', 'v']] },
    (link, id) => {
      link.answer(id, 200, [], { more: true });
      const kept = { ops: [op.name(4), op.store(4, 5)], text: ['X-A', 'v'], keep: 6 };
      link.send(trailers(id, kept), trailers(id, { block: 6 }));
    },
  ),
  heads(
    'W-056',
    'a hundred blocks of one field each are kept and serve',
    ...Array.from({ length: 100 }, (_, i) => ({
      head: { ...status(200, [[`x-${i}`, 'v']]), keep: 30 + i },
      fields: [[`x-${i}`, 'v']] as const,
    })),
    { head: { block: 30, text: ['200', 'w'] }, fields: [['x-0', 'w']] },
    { head: { block: 129, text: ['200', 'w'] }, fields: [['x-99', 'w']] },
  ),
];

/** Section 6: head programs. */
export const programs: readonly ClientCase[] = [...operations, ...blocks, ...flawed];
