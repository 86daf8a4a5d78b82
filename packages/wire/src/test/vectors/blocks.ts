import {
  answered,
  breaks,
  faulty,
  GET,
  getWith,
  requested,
  responded,
  says,
  streamError,
  vector,
} from './draft.ts';
import { fill, METHOD, op, PATH, STATUS } from './ops.ts';
import type { Field, Step, Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

const { ops: getOps, text: getText } = getWith();
const headOf = (path: string, ...fields: readonly Field[]): Field[] => [
  [':method', 'GET'],
  [':path', path],
  ...fields,
];

/** Block 8: GET fixed, the path a hole, a=1 fixed (slot 6 is its name), b a hole by LITERAL. */
const kept: Step = says(
  w.plain(
    w.request({
      ops: [
        ...op.store(METHOD, 4),
        ...op.value(PATH),
        ...op.name(6),
        ...op.store(6, 7),
        ...op.literal,
      ],
      text: ['GET', '/', 'a', '1', 'b', 'x'],
      keep: 8,
    }),
  ),
  requested(1, headOf('/', ['a', '1'], ['b', 'x'])),
);

/** A request by block 8. */
function byBlock(ops: readonly number[], ...text: readonly string[]): Uint8Array {
  return w.plain(w.request({ block: 8, ...(ops.length === 0 ? {} : { ops }), text }));
}

const filled = (id: number, path: string, b: string) =>
  requested(id, headOf(path, ['a', '1'], ['b', b]));

const holes: Vector[] = [
  vector('a block without holes is its number', 'W-056 W-057', [
    says(
      w.plain(
        w.request({
          ops: [...op.store(METHOD, 4), ...op.store(PATH, 5)],
          text: ['GET', '/'],
          keep: 8,
        }),
      ),
      requested(1),
    ),
    says(
      w.plain(w.request({ block: 8 }), w.request({ block: 8, body: 'x', timeoutMs: 5 })),
      requested(2),
      requested(3, GET, { body: 'x', timeout_ms: 5 }),
    ),
  ]),
  vector('holes take texts in order when there are no ops', 'W-057', [
    kept,
    says(byBlock([], '/p', 'y'), filled(2, '/p', 'y')),
    says(byBlock([], '/q', ''), filled(3, '/q', '')),
  ]),
  vector('FIELD makes what is fixed, VALUE and LITERAL make holes', 'W-056', [
    says(
      w.plain(
        w.request({ ops: [...op.store(METHOD, 4), ...op.store(PATH, 5)], text: ['GET', '/'] }),
        w.request({
          ops: [...op.field(4), ...op.field(5), ...op.name(6), ...op.value(6), ...op.literal],
          text: ['a', '1', 'b', '2'],
          keep: 8,
        }),
      ),
      requested(1),
      requested(2, headOf('/', ['a', '1'], ['b', '2'])),
    ),
    says(byBlock([], '3', '4'), requested(3, headOf('/', ['a', '3'], ['b', '4']))),
  ]),
  vector('fixed fields and holes keep their places', 'W-056', [
    says(
      w.plain(
        w.request({
          ops: [
            ...getOps,
            ...op.literal,
            ...op.name(4),
            ...op.store(4, 5),
            ...op.literal,
            ...op.field(5),
          ],
          text: [...getText, 'b', '1', 'a', 'A', 'b', '2'],
          keep: 8,
        }),
      ),
      requested(1, headOf('/', ['b', '1'], ['a', 'A'], ['b', '2'], ['a', 'A'])),
    ),
    says(
      byBlock([], 'GET', '/p', '3', '4'),
      requested(2, headOf('/p', ['b', '3'], ['a', 'A'], ['b', '4'], ['a', 'A'])),
    ),
  ]),
  vector('a block may be kept again in another slot, and over itself', 'W-053 W-056', [
    kept,
    says(
      w.plain(
        w.request({ ops: getOps, text: getText, keep: 9 }),
        w.request({ ops: getOps, text: getText, keep: 8 }),
      ),
      requested(2),
      requested(3),
    ),
    says(byBlock([], 'GET', '/p'), requested(4, headOf('/p'))),
  ]),
  vector(
    'a block of a request serves a response and trailers where its fields are legal there',
    'W-068',
    [
      answered(
        says(
          w.plain(
            w.response({ ops: op.value(STATUS), text: ['200'], more: true }),
            w.trailers(1, { ops: op.literal, text: ['a', '1'], keep: 8 }),
            w.response({ ops: op.value(STATUS), text: ['200'], more: true }),
            w.trailers(2, { block: 8, text: ['2'] }),
            w.response({ block: 8, text: ['3'] }),
          ),
          responded(1, [[':status', '200']], { more: true }),
          { kind: 'trailers', id: 1, head: [['a', '1']] },
          responded(2, [[':status', '200']], { more: true }),
          { kind: 'trailers', id: 2, head: [['a', '2']] },
          streamError(3, 'PROTOCOL'),
        ),
      ),
    ],
  ),
  vector(
    'a block of a head that is not legal is kept; each head by it is not legal',
    'W-068 W-059',
    [
      says(
        w.plain(
          w.request({
            ops: [...getOps, ...op.literal],
            text: [...getText, 'bad name', 'v'],
            keep: 8,
          }),
        ),
        streamError(1, 'PROTOCOL'),
      ),
      says(byBlock([], 'GET', '/', 'w'), streamError(2, 'PROTOCOL')),
    ],
  ),
  vector('a hole whose first value was not legal may be filled with one that is', 'W-068 W-056', [
    says(
      w.plain(
        w.request({ ops: [...getOps, ...op.literal], text: [...getText, 'a', 'x\0'], keep: 8 }),
      ),
      streamError(1, 'PROTOCOL'),
    ),
    says(byBlock([], 'GET', '/', 'fine'), requested(2, headOf('/', ['a', 'fine']))),
  ]),
  vector('what fills a hole is judged each time', 'W-062', [
    kept,
    says(byBlock([], '/p q', 'y'), streamError(2, 'PROTOCOL')),
    says(byBlock([], '/p', 'y\n'), streamError(3, 'PROTOCOL')),
    says(byBlock([], '/p', 'y'), filled(4, '/p', 'y')),
  ]),
];

const fills: Vector[] = [
  vector('TEXT fills a hole', 'W-057', [
    kept,
    says(byBlock([...fill.text, ...fill.text], '/p', 'y'), filled(2, '/p', 'y')),
  ]),
  vector('STORE fills a hole and stores the field', 'W-057', [
    kept,
    says(byBlock([...fill.store(9), ...fill.store(10)], '/p', 'y'), filled(2, '/p', 'y')),
    says(byBlock([...fill.field(9), ...fill.field(10)]), filled(3, '/p', 'y')),
    says(
      w.plain(w.request({ ops: [...op.field(4), ...op.field(9), ...op.value(10)], text: ['z'] })),
      requested(4, headOf('/p', ['b', 'z'])),
    ),
  ]),
  vector('all kinds of fills in one head', 'W-057', [
    kept,
    says(byBlock([...fill.store(9), ...fill.text], '/p', 'y'), filled(2, '/p', 'y')),
    says(byBlock([...fill.field(9), ...fill.store(10)], 'z'), filled(3, '/p', 'z')),
    says(
      w.plain(
        w.blob('s'),
        w.request({ block: 8, ops: [...fill.text, ...fill.blob], text: ['/q'] }),
      ),
      filled(4, '/q', 's'),
    ),
    says(
      w.plain(w.blob('t'), w.request({ block: 8, ops: [...fill.field(9), ...fill.blobStore(11)] })),
      filled(5, '/p', 't'),
    ),
    says(byBlock([...fill.text, ...fill.field(11)], '/r'), filled(6, '/r', 't')),
  ]),
  vector('DROP before, between and behind fills', 'W-067', [
    kept,
    says(
      byBlock(
        [...fill.drop(4), ...fill.text, ...fill.drop(6), ...fill.text, ...fill.drop(7)],
        '/p',
        'y',
      ),
      filled(2, '/p', 'y'),
    ),
    breaks(w.plain(w.request({ ops: op.field(4) })), 'COMPRESSION'),
  ]),
  vector('DROP alone where a block has no holes', 'W-067', [
    says(
      w.plain(
        w.request({
          ops: [...op.store(METHOD, 4), ...op.store(PATH, 5)],
          text: ['GET', '/'],
          keep: 8,
        }),
      ),
      requested(1),
    ),
    says(byBlock([...fill.drop(4), ...fill.drop(5)]), requested(2)),
    says(byBlock([]), requested(3)),
    breaks(byBlock(fill.drop(4)), 'COMPRESSION'),
  ]),
  vector('a head goes on with its block though it drops it', 'W-066', [
    kept,
    says(byBlock([...fill.drop(8), ...fill.text, ...fill.text], '/p', 'y'), filled(2, '/p', 'y')),
    breaks(byBlock([], '/p', 'y'), 'COMPRESSION'),
  ]),
  vector('a head goes on with its block though it stores in its place', 'W-066', [
    kept,
    says(byBlock([...fill.store(8), ...fill.text], '/p', 'y'), filled(2, '/p', 'y')),
    says(w.plain(w.request({ ops: [...op.field(4), ...op.field(8)] })), requested(3, headOf('/p'))),
  ]),
  vector('FIELD fills a hole only with a field of its name', 'W-058', [
    kept,
    breaks(byBlock([...fill.text, ...fill.field(7)], '/p'), 'COMPRESSION'),
  ]),
  vector('a FIELD too many behind the fills of all holes', 'W-058', [
    kept,
    breaks(byBlock([...fill.text, ...fill.text, ...fill.field(7)], '/p', 'y'), 'PROTOCOL'),
  ]),
  vector('a name in other letters is another name', 'W-058', [
    kept,
    says(
      w.plain(
        w.request({
          ops: [...getOps, ...op.name(9), ...op.store(9, 10)],
          text: [...getText, 'B', 'y'],
        }),
      ),
      requested(2, headOf('/', ['B', 'y'])),
    ),
    breaks(byBlock([...fill.text, ...fill.field(10)], '/p'), 'COMPRESSION'),
  ]),
  vector('FIELD fills a hole only from a slot with a field', 'W-054', [
    kept,
    breaks(byBlock([...fill.text, ...fill.field(6)], '/p'), 'COMPRESSION'),
  ]),
  vector('STORE in a fill keeps to the table', 'W-051 W-052', [
    kept,
    breaks(byBlock([...fill.store(3), ...fill.text], '/p', 'y'), 'COMPRESSION'),
  ]),
];

const wrong: Vector[] = [
  ...(
    [
      ['too few texts', [], ['/p']],
      ['no text at all', [], []],
      ['too many texts', [], ['/p', 'y', 'z']],
      ['texts left over behind fills', [...fill.text, ...fill.text], ['/p', 'y', 'z']],
      ['a fill without its text', [...fill.text, ...fill.text], ['/p']],
      ['too few fills', fill.text, ['/p']],
      ['a DROP in the place of the last fill', [...fill.text, ...fill.drop(4)], ['/p']],
      ['too many fills', [...fill.text, ...fill.text, ...fill.text], ['/p', 'y', 'z']],
      ['VALUE by a slot, as in a program', [...fill.text, ...op.value(6)], ['/p', 'y']],
      ['SECRET, as in a program', [...fill.text, ...op.secret(6)], ['/p']],
      ['SECRET_STORE, as in a program', [...fill.text, ...op.secretStore(6, 9)], ['/p']],
      ['23, which is nothing', [...fill.text, 23], ['/p']],
      ['a BLOB without a blob', [...fill.text, ...fill.blob], ['/p']],
      ['a BLOB_STORE without its slot', [...fill.text, 7], ['/p']],
      ['a DROP without its slot', [...fill.text, ...fill.text, 19], ['/p', 'y']],
    ] as const
  ).map(([what, ops, text]) =>
    vector(`a block with two holes and ${what}`, 'W-058 W-055', [
      kept,
      breaks(byBlock(ops, ...text), 'PROTOCOL'),
    ]),
  ),
  vector('keep together with block', 'W-058', [
    kept,
    breaks(w.plain(w.request({ block: 8, text: ['/p', 'y'], keep: 9 })), 'PROTOCOL'),
  ]),
  vector('a block without holes and a text', 'W-058 W-055', [
    says(
      w.plain(
        w.request({
          ops: [...op.store(METHOD, 4), ...op.store(PATH, 5)],
          text: ['GET', '/'],
          keep: 8,
        }),
      ),
      requested(1),
    ),
    breaks(byBlock([], 'x'), 'PROTOCOL'),
  ]),
  vector('a block without holes and a fill', 'W-058', [
    says(
      w.plain(
        w.request({
          ops: [...op.store(METHOD, 4), ...op.store(PATH, 5)],
          text: ['GET', '/'],
          keep: 8,
        }),
      ),
      requested(1),
    ),
    breaks(byBlock(fill.text, 'x'), 'PROTOCOL'),
  ]),
  faulty(
    'a block that was never kept',
    'W-054',
    w.plain(w.request({ block: 8, text: ['/p'] })),
    'COMPRESSION',
  ),
];

export const blocksTopic: Topic = {
  name: 'blocks',
  about: 'Heads that are kept as blocks, and heads by a block: holes and what fills them',
  vectors: [...holes, ...fills, ...wrong],
};
