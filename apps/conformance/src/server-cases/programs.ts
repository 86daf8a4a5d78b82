import type { ServerCase } from '../case.ts';
import { fieldsOnly, fill, get, type Head, METHOD, op, PATH, post } from '../craft/head.ts';
import { blob, request, trailers } from '../craft/record.ts';
import { expectEqual } from '../engine/failure.ts';
import { text } from '../engine/text.ts';
import { endsLink, endsStream } from './shapes.ts';
import { echo, echoes } from './table.ts';

const A: readonly [string, string] = ['X-Echo-A', 'v'];

const operations: readonly ServerCase[] = [
  {
    rule: 'W-055',
    name: 'each operation does what the table of operations says',
    async run(server) {
      const link = await server.open();
      await echoes(link, echo([op.literal()], ...A), [A]);
      await echoes(link, echo([op.name(4), op.value(4)], ...A), [A]);
      await echoes(link, echo([op.store(4, 5)], 'v'), [A]);
      await echoes(link, echo([op.field(5), op.literal(), op.field(5)], 'x-echo-b', ''), [
        A,
        ['x-echo-b', ''],
        A,
      ]);
      await echoes(link, echo([op.drop(5), op.store(4, 5), op.drop(4)], 'w'), [['X-Echo-A', 'w']]);
      await echoes(link, echo([op.field(5)]), [['X-Echo-A', 'w']]);
    },
  },
  {
    rule: 'W-055',
    name: 'SECRET and SECRET_STORE take their values from blobs',
    async run(server) {
      const link = await server.open();
      const storing = echo([op.name(4), op.secret(4), op.secretStore(4, 5)], 'x-echo-s');
      const id = link.send(blob('one'), blob('two'), request(storing));
      expectEqual('the fields', (await link.answer(id)).fields, [
        ['x-echo-s', 'one'],
        ['x-echo-s', 'two'],
      ]);
      await echoes(link, echo([op.field(5)]), [['x-echo-s', 'two']]);
    },
  },
  ...[23, 27, 31, 35, 2 ** 32 - 1].map((code) =>
    endsLink('W-055', `${code} is no operation and ends the link`, 'PROTOCOL', (link) =>
      link.ask(echo([[code]])),
    ),
  ),
  ...(
    [
      ['VALUE without a text', { ops: [op.value(METHOD), op.value(PATH)], text: ['GET'] }],
      ['LITERAL with one text', echo([op.literal()], 'x-echo-a')],
      ['STORE without its slot', echo([[4 * PATH + 2]], 'x')],
      ['NAME without its slot', echo([[7]], 'x')],
      ['SECRET without its name', echo([[11]])],
      ['SECRET_STORE without its slot', echo([[15, METHOD]])],
      ['DROP without its slot', echo([[19]])],
      ['SECRET without a blob', echo([op.secret(METHOD)])],
      ['a text that is left over', echo([], 'left')],
      ['a program of texts alone', { text: ['GET', '/'] }],
    ] satisfies readonly (readonly [string, Head])[]
  ).map(([what, head]) =>
    endsLink('W-055', `${what} ends the link`, 'PROTOCOL', (link) => link.ask(head)),
  ),
];

/** Block 9: method, path and `X-Echo-A` are holes; `x-echo-fixed: f` is fixed; a secret hole at the end. */
const kept: Head = {
  ...echo(
    [op.name(4), op.name(5), op.name(6), op.value(4), op.store(5, 7), op.secret(6)],
    'X-Echo-A',
    'x-echo-fixed',
    'x-echo-s',
    'v',
    'f',
  ),
  keep: 9,
};

const FIXED: readonly [string, string] = ['x-echo-fixed', 'f'];

const blocks: readonly ServerCase[] = [
  {
    rule: 'W-056',
    name: 'a kept head is a block, whose holes take texts and blobs in order',
    async run(server) {
      const link = await server.open();
      await link.answer(link.send(blob('s1'), request(kept)));
      const again = request({ block: 9, text: ['PUT', '/echo', 'w'] });
      expectEqual('the fields', (await link.answer(link.send(blob('s2'), again))).fields, [
        ['X-Echo-A', 'w'],
        FIXED,
        ['x-echo-s', 's2'],
      ]);
    },
  },
  {
    rule: 'W-056',
    name: 'a block without holes stands for the whole head',
    async run(server) {
      const link = await server.open();
      const ops = [op.store(METHOD, 4), op.store(PATH, 5), op.name(6), op.store(6, 7)];
      await echoes(link, { ops, text: ['GET', '/echo', ...A], keep: 8 }, [A]);
      const last = link.send(request({ block: 8 }), request({ block: 8 }), request({ block: 8 }));
      for (let id = last - 2; id <= last; id++) {
        expectEqual('the fields', (await link.answer(id)).fields, [A]);
      }
    },
  },
  {
    rule: 'W-057',
    name: 'each fill does what the table of fills says',
    async run(server) {
      const link = await server.open();
      await link.answer(link.send(blob('s1'), request(kept)));
      const fills = [fill.text(), fill.text(), fill.store(10), fill.blobStore(11)];
      const storing = request({ block: 9, ops: fills, text: ['GET', '/echo', 'w'] });
      expectEqual('the fields', (await link.answer(link.send(blob('s3'), storing))).fields, [
        ['X-Echo-A', 'w'],
        FIXED,
        ['x-echo-s', 's3'],
      ]);
      const refills = [fill.text(), fill.text(), fill.field(10), fill.field(11)];
      await echoes(link, { block: 9, ops: refills, text: ['GET', '/echo'] }, [
        ['X-Echo-A', 'w'],
        FIXED,
        ['x-echo-s', 's3'],
      ]);
      await echoes(link, echo([op.field(10), op.field(11)]), [
        ['X-Echo-A', 'w'],
        ['x-echo-s', 's3'],
      ]);
    },
  },
  {
    rule: 'W-067',
    name: 'DROPs may stand before, between and behind fills, and any fill fills any hole',
    async run(server) {
      const link = await server.open();
      await link.answer(link.send(blob('s1'), request(kept)));
      const mixed = [
        fill.drop(4),
        fill.text(),
        fill.drop(5),
        fill.text(),
        fill.blob(),
        fill.text(),
        fill.drop(6),
      ];
      const head = { block: 9, ops: mixed, text: ['GET', '/echo', 'text for a secret'] };
      expectEqual(
        'the fields',
        (await link.answer(link.send(blob('blob'), request(head)))).fields,
        [['X-Echo-A', 'blob'], FIXED, ['x-echo-s', 'text for a secret']],
      );
    },
  },
  {
    rule: 'W-067',
    name: 'DROPs may stand alone where a block has no holes',
    async run(server) {
      const link = await server.open();
      const ops = [op.store(METHOD, 4), op.store(PATH, 5)];
      await echoes(link, { ops, text: ['GET', '/echo'], keep: 8 }, []);
      await echoes(link, { block: 8, ops: [fill.drop(4), fill.drop(5)] }, []);
      await echoes(link, { block: 8 }, []);
    },
  },
  ...(
    [
      ['keep together with block', { block: 9, text: ['GET', '/'], keep: 10 }],
      ['an integer that is no fill', { block: 9, ops: [fill.text(), [11, 4]], text: ['GET'] }],
      [
        'a fill VALUE of a slot',
        { block: 9, ops: [fill.text(), [4 * PATH + 1]], text: ['GET', '/'] },
      ],
      ['too few fills', { block: 9, ops: [fill.text()], text: ['GET'] }],
      [
        'too many fills',
        { block: 9, ops: [fill.text(), fill.text(), fill.text()], text: ['GET', '/', 'x'] },
      ],
      ['too few texts for the holes', { block: 9, text: ['GET'] }],
      ['too many texts for the holes', { block: 9, text: ['GET', '/', 'x'] }],
      ['a fill TEXT without a text', { block: 9, ops: [fill.text(), fill.text()], text: ['GET'] }],
      ['a fill BLOB without a blob', { block: 9, ops: [fill.text(), fill.blob()], text: ['GET'] }],
    ] satisfies readonly (readonly [string, Head])[]
  ).map(([what, head]) =>
    endsLink('W-058', `${what} ends the link`, 'PROTOCOL', async (link) => {
      await link.answer(link.ask({ ...get('/'), keep: 9 }));
      link.ask(head);
    }),
  ),
  endsLink('W-058', 'a fill FIELD of another name ends the link', 'COMPRESSION', async (link) => {
    await link.answer(link.ask({ ...echo([op.name(4), op.store(4, 5)], ...A), keep: 9 }));
    link.ask({ block: 9, ops: [fill.text(), fill.field(5)], text: ['GET'] });
  }),
  endsLink(
    'W-058',
    'a fill FIELD whose name differs in case ends the link',
    'COMPRESSION',
    async (link) => {
      const head = echo(
        [op.name(4), op.name(5), op.store(4, 6), op.value(5)],
        'x-a',
        'X-A',
        'v',
        'w',
      );
      await link.answer(link.ask({ ...head, keep: 9 }));
      link.ask({ block: 9, ops: [fill.text(), fill.text(), fill.field(6)], text: ['GET', '/'] });
    },
  ),
];

const flawed: readonly ServerCase[] = [
  {
    rule: 'W-059',
    name: 'the program of a head that breaks a rule is run to its end',
    async run(server) {
      const link = await server.open();
      const bad = echo(
        [op.literal(), op.name(4), op.store(4, 5), op.drop(4)],
        'bad name',
        '',
        ...A,
      );
      await link.cancelled(link.ask({ ...bad, keep: 6 }), 'PROTOCOL', 'NO');
      await echoes(link, echo([op.name(4), op.field(5)], 'x-echo-b'), [A]);
      await link.cancelled(link.ask({ block: 6, text: ['GET', '/echo', ''] }), 'PROTOCOL', 'NO');
      await link.alive();
    },
  },
  {
    rule: 'W-059',
    name: 'the program of a head above its limits is run to its end',
    async run(server) {
      const link = await server.open();
      const long = 'x'.repeat(16_385);
      const bad = echo([op.literal(), op.name(4), op.store(4, 5)], 'x-long', long, ...A);
      await link.cancelled(link.ask(bad), 'HEAD_LIMIT', 'NO');
      await echoes(link, echo([op.field(5)]), [A]);
    },
  },
  {
    rule: 'W-068',
    name: 'what is stored is not judged, the head that uses it is',
    async run(server) {
      const link = await server.open();
      await echoes(link, echo([op.name(4)], 'no token'), []);
      await link.cancelled(link.ask(echo([op.value(4)], 'v')), 'PROTOCOL', 'NO');
      await link.cancelled(link.ask(echo([op.store(4, 5)], 'v')), 'PROTOCOL', 'NO');
      await link.cancelled(link.ask(echo([op.field(5)])), 'PROTOCOL', 'NO');
      await link.alive();
    },
  },
  {
    rule: 'W-068',
    name: 'a bad value that is stored is judged at each use',
    async run(server) {
      const link = await server.open();
      const storing = echo([op.name(4), op.store(4, 5)], 'x-echo-a', 'CR\rLF\n');
      await link.cancelled(link.ask({ ...storing, keep: 6 }), 'PROTOCOL', 'NO');
      await link.cancelled(link.ask(echo([op.field(5)])), 'PROTOCOL', 'NO');
      await link.cancelled(link.ask({ block: 6, text: ['GET', '/echo'] }), 'PROTOCOL', 'NO');
      await link.alive();
    },
  },
  {
    rule: 'W-068',
    name: 'pseudo fields may be written by any operation',
    async run(server) {
      const link = await server.open();
      const literal = {
        ops: [op.literal(), op.literal()],
        text: [':method', 'GET', ':path', '/target/a'],
      };
      expectEqual('the target', text((await link.answer(link.ask(literal))).body), '/target/a');
      const named = {
        ops: [op.name(4), op.name(5), op.store(4, 6), op.secret(5)],
        text: [':method', ':path', 'GET'],
      };
      const id = link.send(blob('/target/b'), request(named));
      expectEqual('the target', text((await link.answer(id)).body), '/target/b');
    },
  },
  {
    rule: 'W-068',
    name: 'a block serves trailers as it serves requests',
    async run(server) {
      const link = await server.open();
      const id = link.ask(post('/echo'), { more: true });
      const kept = { ops: [op.name(4), op.store(4, 5)], text: [...A], keep: 6 };
      link.send(trailers(id, kept));
      expectEqual('the trailers', (await link.answer(id)).trailers, [A]);
      const second = link.ask(post('/echo'), { more: true });
      link.send(trailers(second, { block: 6 }));
      expectEqual('the trailers', (await link.answer(second)).trailers, [A]);
      await link.cancelled(link.ask({ block: 6 }), 'PROTOCOL', 'NO');
      await link.alive();
    },
  },
  endsStream(
    'W-061',
    'a block of trailers in the place of a request',
    'PROTOCOL',
    ['NO'],
    async (link) => {
      const id = link.ask(post('/echo'), { more: true });
      link.send(trailers(id, { ...fieldsOnly([A]), keep: 6 }));
      await link.answer(id);
      return link.ask({ block: 6, text: ['v'] });
    },
  ),
];

/** Section 6: head programs. */
export const programs: readonly ServerCase[] = [...operations, ...blocks, ...flawed];
