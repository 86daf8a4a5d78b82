import type { ServerCase } from '../case.ts';
import { fill, get, type Head, METHOD, op, PATH } from '../craft/head.ts';
import { request } from '../craft/record.ts';
import { expectEqual } from '../engine/failure.ts';
import type { ServerLink } from '../engine/server-link.ts';
import { endsLink, isFine } from './shapes.ts';

/** A request for `/echo` with these operations behind its start. */
export function echo(ops: Head['ops'] = [], ...text: readonly string[]): Head {
  const { ops: start = [], text: texts = [] } = get('/echo');
  return { ops: [...start, ...ops], text: [...texts, ...text] };
}

/** Asks with that head, and expects these fields back. */
export async function echoes(
  link: ServerLink,
  head: Head,
  fields: readonly (readonly [string, string])[],
): Promise<void> {
  const answer = await link.answer(link.ask(head));
  expectEqual('the fields that /echo gives back', answer.fields, fields);
}

/** Bytes that a name of that length leaves of the table, or what the name must have to leave so many. */
function nameLeaving(link: ServerLink, rest: number): string {
  return 'x'.repeat(link.peer.limits.tableBytes - 32 - rest);
}

/** The size of a block with `:method` as a hole and `:path` fixed to `/echo` (W-051). */
const BLOCK = 32 + (32 + ':method'.length) + (32 + ':path'.length + '/echo'.length);
const block: Head = { ops: [op.value(METHOD), op.field(5)], text: ['GET'], keep: 6 };
/** What the field in slot 5 takes. */
const PATH_FIELD = 32 + ':path'.length + '/echo'.length;
const storesPath: Head = { ops: [op.value(METHOD), op.store(PATH, 5)], text: ['GET', '/echo'] };

const sizes: readonly ServerCase[] = [
  isFine('W-051', 'a table that is filled to its last byte is fine', (link) => {
    link.ask(echo([op.name(4)], nameLeaving(link, 0)));
  }),
  endsLink(
    'W-051',
    'a name that is a byte too long for the table ends the link',
    'COMPRESSION',
    (link) => link.ask(echo([op.name(4)], `${nameLeaving(link, 0)}x`)),
  ),
  isFine('W-051', 'what is replaced is taken off before what replaces it is added', (link) => {
    link.ask(echo([op.name(4)], nameLeaving(link, 0)));
    link.ask(echo([op.name(4)], nameLeaving(link, 0)));
  }),
  isFine('W-051', 'what is dropped makes room', (link) => {
    link.ask(
      echo([op.name(4), op.drop(4), op.name(5)], nameLeaving(link, 0), nameLeaving(link, 0)),
    );
  }),
  endsLink(
    'W-051',
    'a table that is too large between two operations ends the link',
    'COMPRESSION',
    (link) => link.ask(echo([op.name(4), op.name(5), op.drop(4)], nameLeaving(link, 0), 'x')),
  ),
  isFine('W-051', 'a field takes its name, its value and 32', (link) => {
    const rest = 32 + 'x-echo-a'.length + 'value'.length + 32 + 'x-echo-a'.length;
    link.ask(
      echo([op.name(4), op.name(5), op.store(5, 6)], nameLeaving(link, rest), 'x-echo-a', 'value'),
    );
  }),
  endsLink(
    'W-051',
    'a field that is a byte too long for the table ends the link',
    'COMPRESSION',
    (link) => {
      const rest = 32 + 'x-echo-a'.length + 'value'.length + 32 + 'x-echo-a'.length - 1;
      link.ask(
        echo(
          [op.name(4), op.name(5), op.store(5, 6)],
          nameLeaving(link, rest),
          'x-echo-a',
          'value',
        ),
      );
    },
  ),
  {
    rule: 'W-051',
    name: 'a block takes 32, and for each field 32, its name, and its value where that is fixed',
    async run(server) {
      const link = await server.open();
      await echoes(link, storesPath, []);
      await echoes(link, echo([op.name(4)], nameLeaving(link, PATH_FIELD + BLOCK)), []);
      await echoes(link, block, []);
      await echoes(link, { block: 6, text: ['PUT'] }, []);
    },
  },
  endsLink(
    'W-051',
    'a block that is a byte too large for the table ends the link',
    'COMPRESSION',
    (link) =>
      link.send(
        request(storesPath),
        request(echo([op.name(4)], nameLeaving(link, PATH_FIELD + BLOCK - 1))),
        request(block),
      ),
  ),
];

const slots: readonly ServerCase[] = [
  endsLink('W-050', 'on a new link, slot 4 is empty', 'COMPRESSION', (link) =>
    link.ask(echo([op.field(4)])),
  ),
  isFine('W-050', 'the four names cost nothing: a full table has them all', async (link) => {
    await echoes(link, echo([op.name(4)], nameLeaving(link, 0)), []);
    const flawed = {
      ops: [op.value(METHOD), op.value(PATH), op.value(2), op.value(3)],
      text: ['GET', '/', '200', 'OK'],
    };
    await link.cancelled(link.ask(flawed), 'PROTOCOL', 'NO');
  }),
  {
    rule: 'W-052',
    name: 'the highest slot of the table can be used',
    async run(server) {
      const link = await server.open();
      const highest = Math.ceil(link.peer.limits.tableBytes / 32) - 1;
      await echoes(link, echo([op.name(4), op.store(4, highest)], 'x-echo-a', 'v'), [
        ['x-echo-a', 'v'],
      ]);
      await echoes(link, echo([op.field(highest)]), [['x-echo-a', 'v']]);
    },
  },
  endsLink('W-052', 'a slot above the highest ends the link', 'COMPRESSION', (link) =>
    link.ask(echo([op.name(Math.ceil(link.peer.limits.tableBytes / 32))], 'x')),
  ),
  endsLink('W-052', 'slot 2^32 - 1 ends the link', 'COMPRESSION', (link) =>
    link.ask(echo([op.name(2 ** 32 - 1)], 'x')),
  ),
  ...[0, 1, 2, 3].map((slot) =>
    endsLink('W-052', `storing a name in slot ${slot} ends the link`, 'COMPRESSION', (link) =>
      link.ask(echo([op.name(slot)], 'x')),
    ),
  ),
  endsLink('W-052', 'storing a field in slot 3 ends the link', 'COMPRESSION', (link) =>
    link.ask({ ops: [op.value(METHOD), op.store(PATH, 3)], text: ['GET', '/'] }),
  ),
  endsLink('W-052', 'keeping a block in slot 1 ends the link', 'COMPRESSION', (link) =>
    link.ask({ ...get('/'), keep: 1 }),
  ),
  {
    rule: 'W-053',
    name: 'a block keeps what it has when the slots it was made from change',
    async run(server) {
      const link = await server.open();
      const first = echo([op.name(4), op.store(4, 5)], 'x-echo-a', 'old');
      await echoes(link, { ...first, keep: 6 }, [['x-echo-a', 'old']]);
      await echoes(link, echo([op.store(4, 5), op.drop(4)], 'new'), [['x-echo-a', 'new']]);
      await echoes(link, { block: 6, text: ['GET', '/echo'] }, [['x-echo-a', 'old']]);
      await echoes(link, echo([op.field(5)]), [['x-echo-a', 'new']]);
    },
  },
];

/** Slot 4 has a name, 5 a field, 6 a block; 7 is empty. */
async function filled(link: ServerLink): Promise<void> {
  const head = echo([op.name(4), op.store(4, 5)], 'x-echo-a', 'v');
  await echoes(link, { ...head, keep: 6 }, [['x-echo-a', 'v']]);
}

const references: readonly ServerCase[] = [
  ...(
    [
      ['FIELD of a name', echo([op.field(4)])],
      ['FIELD of a block', echo([op.field(6)])],
      ['FIELD of an empty slot', echo([op.field(7)])],
      ['FIELD of :method, which is a name', echo([op.field(0)])],
      ['VALUE named by a block', echo([op.value(6)], 'x')],
      ['VALUE named by an empty slot', echo([op.value(7)], 'x')],
      ['VALUE named by a slot outside the table', echo([op.value(2 ** 29)], 'x')],
      ['STORE named by an empty slot', echo([op.store(7, 8)], 'x')],
      ['a block of a name', { block: 4 }],
      ['a block of a field', { block: 5 }],
      ['a block of an empty slot', { block: 7 }],
      ['a block of slot 2^32 - 1', { block: 2 ** 32 - 1 }],
      ['a fill FIELD of a name', { block: 6, ops: [fill.text(), fill.field(4)], text: ['GET'] }],
      [
        'a fill FIELD of an empty slot',
        { block: 6, ops: [fill.field(7), fill.text()], text: ['x'] },
      ],
    ] satisfies readonly (readonly [string, Head])[]
  ).map(([what, head]) =>
    endsLink('W-054', `${what} ends the link`, 'COMPRESSION', async (link) => {
      await filled(link);
      link.ask(head);
    }),
  ),
  ...(
    [
      ['DROP of an empty slot', echo([op.drop(7)])],
      ['DROP of what was dropped', echo([op.drop(4), op.drop(4)])],
      ['DROP of slot 0', echo([op.drop(0)])],
      ['DROP of slot 3', echo([op.drop(3)])],
      ['DROP of a slot outside the table', echo([op.drop(2 ** 32 - 1)])],
    ] satisfies readonly (readonly [string, Head])[]
  ).map(([what, head]) =>
    endsLink('W-065', `${what} ends the link`, 'COMPRESSION', async (link) => {
      await filled(link);
      link.ask(head);
    }),
  ),
  endsLink('W-054', 'FIELD of what was dropped ends the link', 'COMPRESSION', async (link) => {
    await filled(link);
    link.ask(echo([op.drop(5), op.field(5)]));
  }),
  {
    rule: 'W-054',
    name: 'a name may be taken from a field',
    async run(server) {
      const link = await server.open();
      await filled(link);
      await echoes(link, echo([op.value(5)], 'other'), [['x-echo-a', 'other']]);
    },
  },
  {
    rule: 'W-066',
    name: 'one slot may be read and stored by the same operation',
    async run(server) {
      const link = await server.open();
      await filled(link);
      await echoes(link, echo([op.store(4, 4)], 'first'), [['x-echo-a', 'first']]);
      await echoes(link, echo([op.store(4, 4), op.field(4)], 'second'), [
        ['x-echo-a', 'second'],
        ['x-echo-a', 'second'],
      ]);
    },
  },
  {
    rule: 'W-066',
    name: 'a program goes on with its block though it replaces or drops it',
    async run(server) {
      const link = await server.open();
      await filled(link);
      const dropping = {
        block: 6,
        ops: [fill.drop(6), fill.text(), fill.text()],
        text: ['GET', '/echo'],
      };
      await echoes(link, dropping, [['x-echo-a', 'v']]);
      await filled(link);
      const replacing = { block: 6, ops: [fill.store(6), fill.text()], text: ['GET', '/echo'] };
      await echoes(link, replacing, [['x-echo-a', 'v']]);
      await echoes(link, { ops: [op.field(6), op.value(PATH)], text: ['/echo'] }, []);
    },
  },
];

/** Section 6: the table. */
export const table: readonly ServerCase[] = [...sizes, ...slots, ...references];
