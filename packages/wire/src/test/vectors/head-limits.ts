import {
  answered,
  breaks,
  GET,
  getWith,
  requested,
  responded,
  says,
  statusWith,
  streamError,
  vector,
} from './draft.ts';
import { fill, METHOD, op, PATH, REASON, STATUS } from './ops.ts';
import type { Field, Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

/** :method GET counts 7 + 3 + 32, :path / counts 5 + 1 + 32. */
const GET_SIZE = 80;

/** The same head at limit - 1 and limit, which are fine, and at 1 above, which ends the stream. */
function around(
  what: string,
  rules: string,
  limit: number,
  head: (size: number) => readonly Field[],
  receiver?: Vector['receiver'],
): Vector[] {
  return [-1, 0, 1].map((beyond) => {
    const fields = head(limit + beyond);
    const request = w.request(programOf(fields));
    const said = beyond > 0 ? streamError(1, 'HEAD_LIMIT') : requested(1, fields);
    const where = beyond === 0 ? 'at the limit' : beyond < 0 ? '1 below it' : '1 above it';
    return vector(
      `${what} ${where}, ${limit + beyond}`,
      rules,
      [says(w.plain(request, w.request(getWith())), said, requested(2))],
      receiver === undefined ? {} : { receiver },
    );
  });
}

/** A head whose first two fields are :method and :path. */
function programOf(fields: readonly Field[]) {
  const [method, path, ...rest] = fields;
  const { ops, text } = getWith(...rest);
  return { ops, text: [method?.[1] ?? '', path?.[1] ?? '', ...text.slice(2)] };
}

const n = (count: number) => 'n'.repeat(count);
const slash = (count: number) => `/${n(count - 1)}`;
const lists = (count: number): Field[] => Array.from({ length: count }, () => ['a', ''] as const);

const single: Vector[] = [
  ...around('a name', 'W-063', 256, (size) => [...GET, [n(size), 'v']]),
  ...around('a value', 'W-063', 16_384, (size) => [...GET, ['x', n(size)]]),
  ...around('a path', 'W-063', 8_192, (size) => [
    [':method', 'GET'],
    [':path', slash(size)],
  ]),
  ...around('a method', 'W-063', 16_384, (size) => [
    [':method', n(size)],
    [':path', '/'],
  ]),
  ...around('fields', 'W-063', 100, (count) => [...GET, ...lists(count)]),
  ...around('fields against a limit of 3', 'W-063 W-013', 3, (count) => [...GET, ...lists(count)], {
    fields: 3,
  }),
  vector(
    'no field at all is too many for nobody',
    'W-063',
    [says(w.plain(w.request(getWith())), requested(1))],
    {
      receiver: { fields: 1 },
    },
  ),
  vector('a reason of 16,384 bytes and one of 16,385', 'W-063', [
    answered(
      says(
        w.plain(
          w.response({ ops: [...op.value(STATUS), ...op.value(REASON)], text: ['200', n(16_384)] }),
          w.response({ ops: [...op.value(STATUS), ...op.value(REASON)], text: ['200', n(16_385)] }),
        ),
        responded(1, [
          [':status', '200'],
          [':reason', n(16_384)],
        ]),
        streamError(2, 'HEAD_LIMIT'),
      ),
    ),
  ]),
  vector(
    'pseudo fields do not count towards fields',
    'W-063',
    [
      answered(
        says(
          w.plain(
            w.response({
              ops: [...op.value(STATUS), ...op.value(REASON), ...op.literal],
              text: ['200', 'Fine', 'a', 'b'],
            }),
          ),
          responded(1, [
            [':status', '200'],
            [':reason', 'Fine'],
            ['a', 'b'],
          ]),
        ),
      ),
    ],
    { receiver: { fields: 1 } },
  ),
];

/** GET / with one field that makes the head so large. */
const sized = (size: number): Field[] => [...GET, ['x', n(size - GET_SIZE - 33)]];
/** The same with fields of at most 10,000 bytes. */
const wide = (size: number): Field[] => {
  const fields: Field[] = [];
  let rest = size - GET_SIZE;
  while (rest > 10_000 + 33) {
    fields.push(['x', n(10_000)]);
    rest -= 10_033;
  }
  return [...GET, ...fields, ['x', n(rest - 33)]];
};

/** A head whose sizes are made by references: field 5 is x and `length` bytes. */
function referring(times: number, length: number) {
  return w.request({
    ops: [
      ...op.value(METHOD),
      ...op.value(PATH),
      ...op.name(4),
      ...op.store(4, 5),
      ...Array.from({ length: times - 1 }, () => op.field(5)).flat(),
    ],
    text: ['GET', '/', 'x', n(length)],
  });
}

const sizes: Vector[] = [
  ...around('a head of a size', 'W-063', 200, sized, { head_bytes: 200 }),
  ...around('a head of a size', 'W-063', 32_768, wide),
  vector(
    'a head of exactly four times head_bytes',
    'W-063',
    [
      says(
        w.plain(w.request(programOf(sized(800))), w.request(getWith())),
        streamError(1, 'HEAD_LIMIT'),
        requested(2),
      ),
    ],
    { receiver: { head_bytes: 200 } },
  ),
  vector(
    'a head of one byte more ends the link',
    'W-063',
    [breaks(w.plain(w.request(programOf(sized(801)))), 'HEAD_LIMIT')],
    { receiver: { head_bytes: 200 } },
  ),
  vector('a head of four times the default, and one byte more', 'W-063', [
    says(w.plain(w.request(programOf(wide(131_072)))), streamError(1, 'HEAD_LIMIT')),
    breaks(w.plain(w.request(programOf(wide(131_073)))), 'HEAD_LIMIT'),
  ]),
  vector(
    'references count in full',
    'W-063',
    [
      says(
        w.plain(referring(2, 7), w.request(getWith())),
        requested(1, [...GET, ['x', n(7)], ['x', n(7)]]),
        requested(2),
      ),
      says(
        w.plain(referring(3, 7), w.request(getWith())),
        streamError(3, 'HEAD_LIMIT'),
        requested(4),
      ),
    ],
    { receiver: { head_bytes: 199 } },
  ),
  vector(
    'references that expand past four times head_bytes end the link',
    'W-063',
    [breaks(w.plain(referring(40, 1000)), 'HEAD_LIMIT')],
    { receiver: { head_bytes: 8_192, fields: 1000 } },
  ),
  vector(
    'a block counts in full, and what fills its holes',
    'W-063',
    [
      says(
        w.plain(w.request({ ...getWith(['x', 'v']), keep: 8 })),
        requested(1, [...GET, ['x', 'v']]),
      ),
      says(
        w.plain(
          w.request({ block: 8, text: ['GET', '/', n(87)] }),
          w.request({ block: 8, text: ['GET', '/', n(88)] }),
        ),
        requested(2, [...GET, ['x', n(87)]]),
        streamError(3, 'HEAD_LIMIT'),
      ),
      breaks(
        w.plain(
          w.request({
            block: 8,
            ops: [...fill.text, ...fill.text, ...fill.text],
            text: ['GET', '/', n(688)],
          }),
        ),
        'HEAD_LIMIT',
      ),
    ],
    { receiver: { head_bytes: 200 } },
  ),
  vector(
    'a block that is too large is so each time',
    'W-063 W-068',
    [
      says(w.plain(w.request({ ...programOf(sized(201)), keep: 8 })), streamError(1, 'HEAD_LIMIT')),
      says(
        w.plain(w.request({ block: 8, text: ['GET', '/', n(200 - GET_SIZE - 33)] })),
        requested(2, sized(200)),
      ),
      says(
        w.plain(w.request({ block: 8, text: ['GET', '/', n(201 - GET_SIZE - 33)] })),
        streamError(3, 'HEAD_LIMIT'),
      ),
    ],
    { receiver: { head_bytes: 200 } },
  ),
  vector(
    'pseudo fields count towards the size',
    'W-063',
    [
      answered(
        says(
          w.plain(
            w.response(statusWith('200', ['x', n(25)])),
            w.response(statusWith('200', ['x', n(26)])),
          ),
          responded(1, [
            [':status', '200'],
            ['x', n(25)],
          ]),
          streamError(2, 'HEAD_LIMIT'),
        ),
      ),
    ],
    { receiver: { head_bytes: 42 + 33 + 25 } },
  ),
];

/** A streamed request and its trailers. */
function trailing(count: number): Uint8Array {
  const fields = lists(count);
  return w.plain(
    w.request({ ...getWith(), more: true }),
    w.trailers(1, { ops: fields.flatMap(() => op.literal), text: fields.flat() }),
  );
}
const streamed = requested(1, GET, { more: true });

const trailers: Vector[] = [
  ...[31, 32].map((count) =>
    vector(`${count} trailers`, 'W-063', [
      says(trailing(count), streamed, { kind: 'trailers', id: 1, head: lists(count) }),
    ]),
  ),
  vector('33 trailers', 'W-063', [says(trailing(33), streamed, streamError(1, 'PROTOCOL'))]),
  vector(
    'trailers above fields',
    'W-063',
    [says(trailing(3), streamed, streamError(1, 'HEAD_LIMIT'))],
    { receiver: { fields: 2 } },
  ),
  vector(
    'trailers above head_bytes',
    'W-063',
    [
      says(
        w.plain(
          w.request({ ...getWith(), more: true }),
          w.trailers(1, { ops: op.literal, text: ['x', n(68)] }),
        ),
        streamed,
        streamError(1, 'HEAD_LIMIT'),
      ),
    ],
    { receiver: { head_bytes: 100 } },
  ),
  vector(
    'trailers above four times head_bytes end the link',
    'W-063',
    [
      says(w.plain(w.request({ ...getWith(), more: true })), streamed),
      breaks(w.plain(w.trailers(1, { ops: op.literal, text: ['x', n(368)] })), 'HEAD_LIMIT'),
    ],
    { receiver: { head_bytes: 100 } },
  ),
];

export const headLimitsTopic: Topic = {
  name: 'head-limits',
  about: 'Sizes of heads, names, values, paths and trailers, at the limit and beside it',
  vectors: [...single, ...sizes, ...trailers],
};
