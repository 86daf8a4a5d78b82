import {
  breaks,
  faulty,
  fine,
  GET,
  getWith,
  requested,
  says,
  streamError,
  vector,
} from './draft.ts';
import { METHOD, op, PATH } from './ops.ts';
import type { Field, Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

const { ops: getOps, text: getText } = getWith();

function getThen(ops: readonly number[], ...text: readonly string[]): Uint8Array {
  return w.request({ ops: [...getOps, ...ops], text: [...getText, ...text] });
}

const withFields = (...fields: readonly Field[]) => [...GET, ...fields];

const operations: Vector[] = [
  fine(
    'VALUE by the names that are always there',
    'W-050',
    w.plain(w.request({ ops: [1, 5], text: ['GET', '/'] })),
    [requested(1)],
  ),
  fine('LITERAL writes a name and a value out', 'W-050', w.plain(getThen(op.literal, 'A', 'b')), [
    requested(1, withFields(['A', 'b'])),
  ]),
  fine('NAME stores a name and adds nothing', 'W-050', w.plain(getThen(op.name(4), 'a')), [
    requested(1),
  ]),
  fine(
    'VALUE by a stored name',
    'W-050',
    w.plain(getThen([...op.name(4), ...op.value(4), ...op.value(4)], 'a', '1', '2')),
    [requested(1, withFields(['a', '1'], ['a', '2']))],
  ),
  fine(
    'STORE adds a field, FIELD adds it again',
    'W-050',
    w.plain(getThen([...op.name(4), ...op.store(4, 5), ...op.field(5)], 'a', '1')),
    [requested(1, withFields(['a', '1'], ['a', '1']))],
  ),
  fine(
    'DROP empties a slot and adds nothing',
    'W-050',
    w.plain(getThen([...op.name(4), ...op.drop(4)], 'a')),
    [requested(1)],
  ),
  fine(
    'a program that starts with NAME and DROP',
    'W-061',
    w.plain(w.request({ ops: [...op.name(4), ...op.drop(4), ...getOps], text: ['a', ...getText] })),
    [requested(1)],
  ),
  fine(
    'texts that are empty',
    'W-055 W-062',
    w.plain(getThen([...op.literal, ...op.name(4), ...op.value(4)], 'a', '', 'b', '')),
    [requested(1, withFields(['a', ''], ['b', '']))],
  ),
  fine(
    'pseudo fields by LITERAL',
    'W-068',
    w.plain(w.request({ ops: [3, 3], text: [':method', 'GET', ':path', '/'] })),
    [requested(1)],
  ),
  fine(
    'pseudo fields by a name that was stored',
    'W-068',
    w.plain(
      w.request({
        ops: [...op.name(4), ...op.value(4), ...op.name(5), ...op.store(5, 6)],
        text: [':method', 'GET', ':path', '/'],
      }),
    ),
    [requested(1)],
  ),
  fine(
    'pseudo fields by FIELD',
    'W-050',
    w.plain(
      w.request({ ops: [...op.store(METHOD, 4), ...op.store(PATH, 5)], text: ['PUT', '/x'] }),
      w.request({ ops: [...op.field(4), ...op.field(5)] }),
    ),
    [1, 2].map((id) =>
      requested(id, [
        [':method', 'PUT'],
        [':path', '/x'],
      ]),
    ),
  ),
  fine(
    'a field of 1,024 bytes stored in slot 2,000',
    'W-052',
    w.plain(
      getThen(
        [...op.name(2000), ...op.store(2000, 1999), ...op.field(1999)],
        'a',
        'v'.repeat(1024),
      ),
    ),
    [requested(1, withFields(['a', 'v'.repeat(1024)], ['a', 'v'.repeat(1024)]))],
  ),
];

const wrong: Vector[] = [
  ...[23, 27, 31, 35, 43, 2 ** 32 - 1].map((integer) =>
    faulty(`${integer} is no operation`, 'W-055', w.plain(getThen([integer])), 'PROTOCOL'),
  ),
  ...(
    [
      ['STORE without its slot', op.store(0, 4).slice(0, 1), ['v']],
      ['NAME without its slot', [7], ['a']],
      ['SECRET without its name', [11], []],
      ['SECRET_STORE without its slot', [15, 0], []],
      ['DROP without its slot', [19], []],
    ] as const
  ).map(([what, ops, text]) => faulty(what, 'W-055', w.plain(getThen(ops, ...text)), 'PROTOCOL')),
  ...(
    [
      ['VALUE without a text', op.value(METHOD), []],
      ['LITERAL with one text', op.literal, ['a']],
      ['LITERAL without a text', op.literal, []],
      ['STORE without a text', op.store(METHOD, 4), []],
      ['NAME without a text', op.name(4), []],
    ] as const
  ).map(([what, ops, text]) => faulty(what, 'W-055', w.plain(getThen(ops, ...text)), 'PROTOCOL')),
  faulty('a text that is left over', 'W-055', w.plain(getThen([], 'x')), 'PROTOCOL'),
  faulty('an empty text that is left over', 'W-055', w.plain(getThen([], '')), 'PROTOCOL'),
  faulty(
    'texts without a program',
    'W-055',
    w.plain(w.request({ text: ['GET', '/'] })),
    'PROTOCOL',
  ),
  faulty(
    'SECRET without a blob',
    'W-055 W-064',
    w.plain(getThen([...op.name(4), ...op.secret(4)], 'a')),
    'PROTOCOL',
  ),
];

/** A head that breaks a rule of the stream in its middle, and stores a field behind it. */
const flawedThenStore = getThen(
  [...op.literal, ...op.name(4), ...op.store(4, 5)],
  'bad name',
  'v',
  'a',
  'kept',
);
const toTheEnd: Vector[] = [
  vector('a program runs to its end though its head is not legal', 'W-059 W-062', [
    says(w.plain(flawedThenStore), streamError(1, 'PROTOCOL')),
    says(w.plain(getThen(op.field(5))), requested(2, withFields(['a', 'kept']))),
  ]),
  vector(
    'a program runs to its end though its head is too large',
    'W-059 W-063',
    [
      says(
        w.plain(
          getThen(
            [...op.literal, ...op.name(4), ...op.store(4, 5)],
            'x',
            'v'.repeat(300),
            'a',
            'kept',
          ),
        ),
        streamError(1, 'HEAD_LIMIT'),
      ),
      says(w.plain(getThen(op.field(5))), requested(2, withFields(['a', 'kept']))),
    ],
    { receiver: { head_bytes: 256 } },
  ),
  vector('a program without a path runs to its end', 'W-059 W-061', [
    says(
      w.plain(
        w.request({
          ops: [...op.value(METHOD), ...op.name(4), ...op.store(4, 5)],
          text: ['GET', 'a', 'kept'],
        }),
      ),
      streamError(1, 'PROTOCOL'),
    ),
    says(w.plain(getThen(op.field(5))), requested(2, withFields(['a', 'kept']))),
  ]),
  vector('a fault of the link counts before one of the stream', 'W-026 W-059', [
    breaks(w.plain(getThen([...op.literal, ...op.field(9)], 'bad name', 'v')), 'COMPRESSION'),
  ]),
  vector('a name that is no token may be stored; heads that use it are not legal', 'W-068 W-062', [
    says(w.plain(getThen(op.name(4), 'bad name')), requested(1)),
    says(
      w.plain(getThen(op.value(4), 'v'), w.request(getWith())),
      streamError(2, 'PROTOCOL'),
      requested(3),
    ),
  ]),
  vector(
    'a field with an illegal value may be stored; each head with it is not legal',
    'W-068 W-062',
    [
      says(
        w.plain(getThen([...op.name(4), ...op.store(4, 5)], 'a', 'x\r\ny')),
        streamError(1, 'PROTOCOL'),
      ),
      says(
        w.plain(getThen(op.field(5)), w.request(getWith())),
        streamError(2, 'PROTOCOL'),
        requested(3),
      ),
    ],
  ),
  vector('a name that is too long may be stored; heads that use it are too large', 'W-068 W-063', [
    says(w.plain(getThen(op.name(4), 'n'.repeat(257))), requested(1)),
    says(w.plain(getThen(op.value(4), 'v')), streamError(2, 'HEAD_LIMIT')),
  ]),
];

export const programsTopic: Topic = {
  name: 'programs',
  about: 'Head programs without a block',
  vectors: [...operations, ...wrong, ...toTheEnd],
};
