import type { ClientCase } from '../case.ts';
import { fill, type Head, op } from '../craft/head.ts';
import { response } from '../craft/record.ts';
import type { ClientLink } from '../engine/client-link.ts';
import { endsLink, heads, info, isFine, ok } from './shapes.ts';

/** Says an informational response with these operations: any number of them may be said. */
function tell(link: ClientLink, id: number, ops: Head['ops'], ...text: readonly string[]): void {
  link.send(response(info(ops, ...text), { id }, false));
}

/** A name that leaves so many bytes of the client's table. */
function nameLeaving(link: ClientLink, rest: number): string {
  return 'x'.repeat(link.peer.limits.tableBytes - 32 - rest);
}

/** What `x-a: value` takes as a name and as a field. */
const NAME_AND_FIELD = 32 + 'x-a'.length + 32 + 'x-a'.length + 'value'.length;
/** A block with `:status` as a hole and the field of slot 6 fixed. */
const BLOCK = 32 + (32 + ':status'.length) + (32 + 'x-a'.length + 'value'.length);

/** Fills the table with a name, a field and a block, of which the last one leaves so many bytes. */
function fills(link: ClientLink, id: number, left: number): void {
  const name = nameLeaving(link, NAME_AND_FIELD + BLOCK + left);
  tell(link, id, [op.name(4), op.name(5), op.store(5, 6)], name, 'x-a', 'value');
  link.send(response({ ...info([op.field(6)]), keep: 7 }, { id }, false));
  link.send(response({ block: 7, text: ['103'] }, { id }, false));
}

const sizes: readonly ClientCase[] = [
  isFine('W-051', 'a table that is filled to its last byte is fine', (link, id) =>
    tell(link, id, [op.name(4)], nameLeaving(link, 0)),
  ),
  endsLink('W-051', 'a name that is a byte too long ends the link', 'COMPRESSION', (link, id) =>
    tell(link, id, [op.name(4)], `${nameLeaving(link, 0)}x`),
  ),
  isFine('W-051', 'what is replaced is taken off before what replaces it is added', (link, id) => {
    tell(link, id, [op.name(4)], nameLeaving(link, 0));
    tell(link, id, [op.name(4)], nameLeaving(link, 0));
  }),
  isFine('W-051', 'what is dropped makes room', (link, id) => {
    const all = nameLeaving(link, 0);
    tell(link, id, [op.name(4), op.drop(4), op.name(5)], all, all);
  }),
  endsLink(
    'W-051',
    'a table that is too large between two operations ends the link',
    'COMPRESSION',
    (link, id) => tell(link, id, [op.name(4), op.name(5), op.drop(4)], nameLeaving(link, 0), 'x'),
  ),
  isFine('W-051', 'a field takes its name, its value and 32', (link, id) => {
    const name = nameLeaving(link, NAME_AND_FIELD);
    tell(link, id, [op.name(4), op.name(5), op.store(5, 6)], name, 'x-a', 'value');
  }),
  endsLink('W-051', 'a field that is a byte too long ends the link', 'COMPRESSION', (link, id) => {
    const name = nameLeaving(link, NAME_AND_FIELD - 1);
    tell(link, id, [op.name(4), op.name(5), op.store(5, 6)], name, 'x-a', 'value');
  }),
  isFine(
    'W-051',
    'a block takes 32, and for each field 32, its name, its fixed value',
    (link, id) => fills(link, id, 0),
  ),
  endsLink('W-051', 'a block that is a byte too large ends the link', 'COMPRESSION', (link, id) =>
    fills(link, id, -1),
  ),
];

const slots: readonly ClientCase[] = [
  isFine('W-052', 'the highest slot of the table can be used', (link, id) => {
    const highest = Math.ceil(link.peer.limits.tableBytes / 32) - 1;
    tell(link, id, [op.name(4), op.store(4, highest)], 'x-a', 'v');
    tell(link, id, [op.field(highest)]);
  }),
  endsLink('W-052', 'a slot above the highest ends the link', 'COMPRESSION', (link, id) =>
    tell(link, id, [op.name(Math.ceil(link.peer.limits.tableBytes / 32))], 'x'),
  ),
  endsLink('W-052', 'slot 2^32 - 1 ends the link', 'COMPRESSION', (link, id) =>
    tell(link, id, [op.name(2 ** 32 - 1)], 'x'),
  ),
  ...[0, 1, 2, 3].map((slot) =>
    endsLink('W-052', `storing a name in slot ${slot} ends the link`, 'COMPRESSION', (link, id) =>
      tell(link, id, [op.name(slot)], 'x'),
    ),
  ),
  endsLink('W-052', 'keeping a block in slot 1 ends the link', 'COMPRESSION', (link, id) =>
    link.send(response({ ...info(), keep: 1 }, { id }, false)),
  ),
  heads(
    'W-053',
    'a block keeps what it has when the slots it was made from change',
    {
      head: { ...ok([op.name(4), op.store(4, 5)], 'x-a', 'old'), keep: 6 },
      fields: [['x-a', 'old']],
    },
    { head: ok([op.store(4, 5), op.drop(4)], 'new'), fields: [['x-a', 'new']] },
    { head: { block: 6, text: ['200'] }, fields: [['x-a', 'old']] },
    { head: ok([op.field(5)]), fields: [['x-a', 'new']] },
  ),
];

/** Slot 4 has a name, 5 a field, 6 a block with a hole for `:status`; 7 is empty. */
function filled(link: ClientLink, id: number): void {
  const head = info([op.name(4), op.store(4, 5)], 'x-a', 'v');
  link.send(response({ ...head, keep: 6 }, { id }, false));
}

const FILLED = {
  head: { ...ok([op.name(4), op.store(4, 5)], 'x-a', 'v'), keep: 6 },
  fields: [['x-a', 'v']],
} as const;

/** Heads that cannot be followed once the table is filled so. */
const BAD_REFERENCES: readonly (readonly [what: string, head: Head])[] = [
  ['FIELD of a name', ok([op.field(4)])],
  ['FIELD of a block', ok([op.field(6)])],
  ['FIELD of an empty slot', ok([op.field(7)])],
  ['FIELD of :status, which is a name', ok([op.field(2)])],
  ['VALUE named by a block', ok([op.value(6)], 'x')],
  ['VALUE named by an empty slot', ok([op.value(7)], 'x')],
  ['VALUE named by a slot outside the table', ok([op.value(2 ** 29)], 'x')],
  ['STORE named by an empty slot', ok([op.store(7, 8)], 'x')],
  ['a block of a name', { block: 4 }],
  ['a block of a field', { block: 5 }],
  ['a block of an empty slot', { block: 7 }],
  ['a block of slot 2^32 - 1', { block: 2 ** 32 - 1 }],
  ['a fill FIELD of a name', { block: 6, ops: [fill.field(4)] }],
  ['a fill FIELD of an empty slot', { block: 6, ops: [fill.field(7)] }],
  ['FIELD of what was dropped', ok([op.drop(5), op.field(5)])],
];

const BAD_DROPS: readonly (readonly [what: string, ops: Head['ops']])[] = [
  ['DROP of an empty slot', [op.drop(7)]],
  ['DROP of what was dropped', [op.drop(4), op.drop(4)]],
  ['DROP of slot 0', [op.drop(0)]],
  ['DROP of slot 3', [op.drop(3)]],
  ['DROP of a slot outside the table', [op.drop(2 ** 32 - 1)]],
];

const references: readonly ClientCase[] = [
  ...BAD_REFERENCES.map(([what, head]) =>
    endsLink('W-054', `${what} ends the link`, 'COMPRESSION', (link, id) => {
      filled(link, id);
      link.send(response(head, { id }));
    }),
  ),
  ...BAD_DROPS.map(([what, ops]) =>
    endsLink('W-065', `${what} ends the link`, 'COMPRESSION', (link, id) => {
      filled(link, id);
      tell(link, id, ops);
    }),
  ),
  heads('W-054', 'a name may be taken from a field', FILLED, {
    head: ok([op.value(5)], 'other'),
    fields: [['x-a', 'other']],
  }),
  heads(
    'W-066',
    'one slot may be read and stored by the same operation',
    FILLED,
    { head: ok([op.store(4, 4)], 'first'), fields: [['x-a', 'first']] },
    {
      head: ok([op.store(4, 4), op.field(4)], 'second'),
      fields: [
        ['x-a', 'second'],
        ['x-a', 'second'],
      ],
    },
  ),
  heads(
    'W-066',
    'a program goes on with its block though it replaces or drops it',
    FILLED,
    {
      head: { block: 6, ops: [fill.drop(6), fill.text()], text: ['200'] },
      fields: [['x-a', 'v']],
    },
    FILLED,
    { head: { block: 6, ops: [fill.store(6)], text: ['200'] }, fields: [['x-a', 'v']] },
    { head: { ops: [op.field(6)] } },
  ),
];

/** Section 6: the table. */
export const table: readonly ClientCase[] = [...sizes, ...slots, ...references];
