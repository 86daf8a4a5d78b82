import {
  answered,
  breaks,
  faulty,
  fine,
  GET,
  getWith,
  requested,
  responded,
  says,
  vector,
} from './draft.ts';
import { METHOD, op, PATH, REASON, STATUS } from './ops.ts';
import type { Field, Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

const { ops: getOps, text: getText } = getWith();

/** A request of GET /, behind these operations. */
function getAfter(ops: readonly number[], ...text: readonly string[]): Uint8Array {
  return w.request({ ops: [...ops, ...getOps], text: [...text, ...getText] });
}

/** GET / with these operations behind it. */
function getThen(ops: readonly number[], ...text: readonly string[]): Uint8Array {
  return w.request({ ops: [...getOps, ...ops], text: [...getText, ...text] });
}

const withFields = (...fields: readonly Field[]) => [...GET, ...fields];
const letters = (count: number) => 'n'.repeat(count);
const table = (table_bytes: number) => ({ receiver: { table_bytes } });

/** One vector at limit - 1 and limit, which are fine, and one above. */
function around(what: string, rules: string, most: number, bytes: (length: number) => Uint8Array) {
  const limits = table(256);
  return [
    ...[most - 1, most].map((length) =>
      fine(
        `${what}: ${length - most} from table_bytes`,
        rules,
        w.plain(bytes(length)),
        [requested(1)],
        limits,
      ),
    ),
    faulty(`${what}: 1 above table_bytes`, rules, w.plain(bytes(most + 1)), 'COMPRESSION', limits),
  ];
}

const sizes: Vector[] = [
  ...around('a name counts 32 and its length', 'W-051', 256 - 32, (length) =>
    getAfter(op.name(4), letters(length)),
  ),
  ...around('two names', 'W-051', 256 - 64 - 1, (length) =>
    getAfter([...op.name(4), ...op.name(5)], 'a', letters(length)),
  ),
  vector(
    'a field counts 32 and the lengths of name and value: at the limit, and 1 above in its place',
    'W-051 W-053',
    [
      says(
        w.plain(
          w.request({
            ops: [...op.value(METHOD), ...op.store(PATH, 4)],
            text: ['GET', letters(123)],
          }),
        ),
        requested(1, [
          [':method', 'GET'],
          [':path', letters(123)],
        ]),
      ),
      breaks(
        w.plain(
          w.request({
            ops: [...op.value(METHOD), ...op.store(PATH, 4)],
            text: ['GET', letters(124)],
          }),
        ),
        'COMPRESSION',
      ),
    ],
    table(160),
  ),
  ...([0, 1] as const).map((above) => {
    // The block: 32, :method 32 + 7 + 3, :path 32 + 5, x 32 + 1 + 2; the stored field: 32 + 7 + 3.
    const size = 32 + 42 + 37 + 33 + 42;
    const bytes = w.plain(
      w.request({
        ops: [...op.store(METHOD, 4), ...op.value(PATH), ...op.literal],
        text: ['GET', '/path', 'x', 'yy'],
        keep: 5,
      }),
    );
    const name = 'a block counts 32, and 32 and the name and what is fixed of each field';
    return above === 0
      ? fine(
          `${name}: at the limit`,
          'W-051 W-056',
          bytes,
          [
            requested(1, [
              [':method', 'GET'],
              [':path', '/path'],
              ['x', 'yy'],
            ]),
          ],
          table(size),
        )
      : faulty(`${name}: 1 above the limit`, 'W-051 W-056', bytes, 'COMPRESSION', table(size - 1));
  }),
  vector(
    'what is dropped makes room',
    'W-051',
    [
      says(w.plain(getAfter(op.name(4), letters(128))), requested(1)),
      says(w.plain(getAfter([...op.drop(4), ...op.name(4)], letters(128))), requested(2)),
      breaks(w.plain(getAfter([...op.name(5), ...op.drop(4)], 'n')), 'COMPRESSION'),
    ],
    table(161),
  ),
  vector(
    'what is replaced is taken off first',
    'W-051 W-053',
    [
      says(w.plain(getAfter(op.name(4), letters(128))), requested(1)),
      says(w.plain(getAfter(op.name(4), 'm'.repeat(128))), requested(2)),
      says(w.plain(getAfter(op.name(4), 'x')), requested(3)),
      says(w.plain(getAfter(op.name(4), letters(128))), requested(4)),
    ],
    table(160),
  ),
  fine(
    'the four names that are always there cost nothing',
    'W-050 W-051',
    w.plain(w.request(getWith())),
    [requested(1)],
    table(1),
  ),
];

const slots: Vector[] = [
  fine(
    'slot 4 where table_bytes is 129',
    'W-052',
    w.plain(getAfter(op.name(4), 'n')),
    [requested(1)],
    table(129),
  ),
  faulty(
    'slot 4 where table_bytes is 128',
    'W-052',
    w.plain(getAfter(op.name(4), 'n')),
    'COMPRESSION',
    table(128),
  ),
  fine('the highest slot of the default table', 'W-052', w.plain(getAfter(op.name(2047), 'n')), [
    requested(1),
  ]),
  faulty('one slot above it', 'W-052', w.plain(getAfter(op.name(2048), 'n')), 'COMPRESSION'),
  faulty('slot 2^32 - 1', 'W-052', w.plain(getAfter(op.name(2 ** 32 - 1), 'n')), 'COMPRESSION'),
  ...[0, 1, 2, 3].map((slot) =>
    faulty(
      `a name stored in slot ${slot}`,
      'W-052',
      w.plain(getAfter(op.name(slot), 'n')),
      'COMPRESSION',
    ),
  ),
  faulty(
    'a field stored in slot 3',
    'W-052',
    w.plain(getThen(op.store(REASON, 3), 'x')),
    'COMPRESSION',
  ),
  faulty(
    'a block kept in slot 3',
    'W-052',
    w.plain(w.request({ ops: getOps, text: getText, keep: 3 })),
    'COMPRESSION',
  ),
  faulty(
    'a block kept in slot 2048',
    'W-052',
    w.plain(w.request({ ops: getOps, text: getText, keep: 2048 })),
    'COMPRESSION',
  ),
  vector('slots may be used in any order', 'W-050', [
    says(
      w.plain(getThen([...op.name(900), ...op.store(900, 5), ...op.value(900)], 'a', '1', '2')),
      requested(1, withFields(['a', '1'], ['a', '2'])),
    ),
  ]),
];

const storeName = op.name(4);
const references: Vector[] = [
  ...(
    [
      ['FIELD of an empty slot', op.field(4), []],
      ['FIELD of a slot far above the table', op.field(2 ** 30 - 1), []],
      ['FIELD of a name', [...storeName, ...op.field(4)], ['a']],
      ['FIELD of one of the four names', op.field(METHOD), []],
      ['VALUE by an empty slot', op.value(4), ['v']],
      ['STORE by an empty slot', op.store(4, 5), ['v']],
      ['SECRET by an empty slot', op.secret(4), []],
      ['DROP of an empty slot', op.drop(4), []],
      ['DROP of a slot far above the table', op.drop(2 ** 32 - 1), []],
      ['DROP of a slot that was dropped', [...storeName, ...op.drop(4), ...op.drop(4)], ['a']],
      [
        'FIELD of a slot that was dropped',
        [...op.name(4), ...op.store(4, 5), ...op.drop(5), ...op.field(5)],
        ['a', 'v'],
      ],
    ] as const
  ).map(([what, ops, text]) =>
    faulty(
      what,
      what.startsWith('DROP') ? 'W-065' : 'W-054',
      w.plain(getThen(ops, ...text)),
      'COMPRESSION',
    ),
  ),
  ...[0, 1, 2, 3].map((slot) =>
    faulty(`DROP of slot ${slot}`, 'W-065', w.plain(getThen(op.drop(slot))), 'COMPRESSION'),
  ),
  ...(
    [
      ['FIELD of a block', op.field(8), []],
      ['VALUE by a block', op.value(8), ['v']],
    ] as const
  ).map(([what, ops, text]) =>
    vector(what, 'W-054', [
      says(w.plain(w.request({ ops: getOps, text: getText, keep: 8 })), requested(1)),
      breaks(w.plain(getThen(ops, ...text)), 'COMPRESSION'),
    ]),
  ),
  faulty('a block in an empty slot', 'W-054', w.plain(w.request({ block: 8 })), 'COMPRESSION'),
  faulty('a block in slot 1', 'W-054', w.plain(w.request({ block: 1 })), 'COMPRESSION'),
  vector('a block in a slot with a field', 'W-054', [
    says(
      w.plain(getThen([...op.name(4), ...op.store(4, 5)], 'a', 'v')),
      requested(1, withFields(['a', 'v'])),
    ),
    breaks(w.plain(w.request({ block: 5 })), 'COMPRESSION'),
  ]),
  fine(
    'a field serves as a name',
    'W-054',
    w.plain(
      getThen(
        [
          ...op.name(4),
          ...op.store(4, 5),
          ...op.drop(4),
          ...op.value(5),
          ...op.store(5, 6),
          ...op.field(6),
        ],
        'a',
        '1',
        '2',
        '3',
      ),
    ),
    [requested(1, withFields(['a', '1'], ['a', '2'], ['a', '3'], ['a', '3']))],
  ),
];

const replaced: Vector[] = [
  vector('a slot takes a name, a field, a block and a name in turn', 'W-053', [
    says(
      w.plain(getThen([...op.name(4), ...op.value(4)], 'a', '1')),
      requested(1, withFields(['a', '1'])),
    ),
    says(
      w.plain(getThen([...op.store(4, 4), ...op.field(4)], '2')),
      requested(2, withFields(['a', '2'], ['a', '2'])),
    ),
    says(w.plain(w.request({ ops: getOps, text: getText, keep: 4 })), requested(3)),
    says(
      w.plain(
        w.request({ block: 4, text: getText }),
        getThen([...op.name(4), ...op.value(4)], 'b', '3'),
      ),
      requested(4),
      requested(5, withFields(['b', '3'])),
    ),
  ]),
  vector('STORE may replace the name that it uses', 'W-066', [
    says(
      w.plain(getThen([...op.name(4), ...op.store(4, 4), ...op.value(4)], 'a', '1', '2')),
      requested(1, withFields(['a', '1'], ['a', '2'])),
    ),
  ]),
  vector('a block keeps what it was made of when that is replaced and dropped', 'W-053', [
    says(
      w.plain(
        w.request({
          ops: [...op.store(METHOD, 4), ...op.store(PATH, 5), ...op.name(6), ...op.store(6, 7)],
          text: ['GET', '/', 'a', 'old'],
          keep: 8,
        }),
      ),
      requested(1, withFields(['a', 'old'])),
    ),
    says(
      w.plain(getThen([...op.store(6, 7), ...op.drop(4), ...op.drop(5), ...op.drop(6)], 'new')),
      requested(2, withFields(['a', 'new'])),
    ),
    says(w.plain(w.request({ block: 8 })), requested(3, withFields(['a', 'old']))),
  ]),
  vector('each direction has a table of its own', 'W-050', [
    says(
      w.plain(getThen([...op.name(4), ...op.store(4, 5)], 'a', '1')),
      requested(1, withFields(['a', '1'])),
    ),
    answered(
      says(
        w.plain(
          w.response({
            ops: [...op.value(STATUS), ...op.name(4), ...op.value(4)],
            text: ['200', 'b', '2'],
          }),
        ),
        responded(1, [
          [':status', '200'],
          ['b', '2'],
        ]),
      ),
    ),
    says(
      w.plain(getThen([...op.field(5), ...op.value(4)], '3')),
      requested(2, withFields(['a', '1'], ['a', '3'])),
    ),
    answered(
      breaks(
        w.plain(w.response({ ops: [...op.value(STATUS), ...op.field(5)], text: ['200'] })),
        'COMPRESSION',
      ),
    ),
  ]),
  vector('requests, trailers and a later batch share a table', 'W-050', [
    says(
      w.plain(
        w.request({
          ops: [...getOps, ...op.name(4), ...op.store(4, 5)],
          text: [...getText, 'a', '1'],
          more: true,
        }),
        w.trailers(1, { ops: [...op.field(5), ...op.store(4, 6)], text: ['2'] }),
      ),
      requested(1, withFields(['a', '1']), { more: true }),
      {
        kind: 'trailers',
        id: 1,
        head: [
          ['a', '1'],
          ['a', '2'],
        ],
      },
    ),
    says(w.plain(getThen(op.field(6))), requested(2, withFields(['a', '2']))),
  ]),
];

export const tableTopic: Topic = {
  name: 'table',
  about: 'The table of heads: sizes, slots, references, what replaces what',
  vectors: [...sizes, ...slots, ...references, ...replaced],
};
