import {
  answered,
  fine,
  GET,
  getWith,
  requested,
  responded,
  says,
  statusWith,
  streamError,
  vector,
} from './draft.ts';
import { METHOD, op, PATH, REASON, STATUS } from './ops.ts';
import type { Field, Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

const get = w.request(getWith());
const ok = w.response({ ops: op.value(STATUS), text: ['200'] });

/** A request that is not legal, and one behind it that is. */
function illegal(
  what: string,
  rules: string,
  ops: readonly number[],
  ...text: readonly string[]
): Vector {
  return vector(what, rules, [
    says(w.plain(w.request({ ops, text }), get), streamError(1, 'PROTOCOL'), requested(2)),
  ]);
}

/** A response that is not legal, and one behind it that is. */
function illegalAnswer(
  what: string,
  rules: string,
  ops: readonly number[],
  ...text: readonly string[]
): Vector {
  return vector(what, rules, [
    answered(
      says(w.plain(w.response({ ops, text }), ok), streamError(1, 'PROTOCOL'), responded(2)),
    ),
  ]);
}

const method = op.value(METHOD);
const path = op.value(PATH);
const status = op.value(STATUS);
const reason = op.value(REASON);

const starts: Vector[] = [
  illegal('a request without any field', 'W-061', []),
  illegal('a request without a method', 'W-061', path, '/'),
  illegal('a request without a path', 'W-061', method, 'GET'),
  illegal('a path before the method', 'W-061', [...path, ...method], '/', 'GET'),
  illegal('two methods', 'W-061', [...method, ...method, ...path], 'GET', 'GET', '/'),
  illegal('two paths', 'W-061', [...method, ...path, ...path], 'GET', '/', '/'),
  illegal(
    'a field between method and path',
    'W-061',
    [...method, ...op.literal, ...path],
    'GET',
    'a',
    'b',
    '/',
  ),
  illegal(
    'a path behind a field',
    'W-061',
    [...method, ...path, ...op.literal, ...path],
    'GET',
    '/',
    'a',
    'b',
    '/',
  ),
  illegal('a status in a request', 'W-061', [...method, ...path, ...status], 'GET', '/', '200'),
  illegal('a reason in a request', 'W-061', [...method, ...path, ...reason], 'GET', '/', 'OK'),
  illegalAnswer('a response without a status', 'W-061', op.literal, 'a', 'b'),
  illegalAnswer('a reason before the status', 'W-061', [...reason, ...status], 'OK', '200'),
  illegalAnswer('two statuses', 'W-061', [...status, ...status], '200', '200'),
  illegalAnswer('two reasons', 'W-061', [...status, ...reason, ...reason], '200', 'a', 'b'),
  illegalAnswer(
    'a field between status and reason',
    'W-061',
    [...status, ...op.literal, ...reason],
    '200',
    'a',
    'b',
    'OK',
  ),
  illegalAnswer('a method in a response', 'W-061', [...status, ...method], '200', 'GET'),
  vector('a reason that is empty', 'W-061 W-062', [
    answered(
      says(
        w.plain(w.response({ ops: [...status, ...reason], text: ['200', ''] })),
        responded(1, [
          [':status', '200'],
          [':reason', ''],
        ]),
      ),
    ),
  ]),
  ...[METHOD, PATH, STATUS, REASON].map((slot) =>
    vector(`trailers with pseudo field ${slot}`, 'W-061', [
      says(
        w.plain(
          w.request({ ...getWith(), more: true }),
          w.trailers(1, { ops: op.value(slot), text: ['200'] }),
        ),
        requested(1, GET, { more: true }),
        streamError(1, 'PROTOCOL'),
      ),
    ]),
  ),
  ...[':other', ':', ':Method', ':METHOD'].map((name) =>
    illegal(
      `a field of the name ${name}`,
      'W-061 W-062',
      [...method, ...path, ...op.literal],
      'GET',
      '/',
      name,
      'v',
    ),
  ),
];

/** GET / with one field. */
function field(name: string, value: string): { ops: readonly number[]; text: readonly string[] } {
  return getWith([name, value]);
}
const shown = (text: string) => JSON.stringify(text).slice(1, -1);

const texts: Vector[] = [
  ...[
    'a b',
    'a\r\nb',
    'a\0',
    'a:',
    'ä',
    'a(b)',
    '"a"',
    'a/b',
    'a\x7f',
    '',
    ' a',
    'a\t',
    'a,b',
    '[a]',
    '{a}',
    'a@b',
  ].map((name) => {
    const { ops, text } = field(name, 'v');
    return illegal(`a name that is no token: ${shown(name)}`, 'W-062', ops, ...text);
  }),
  fine(
    'a name of every character that a token may have',
    'W-062',
    w.plain(w.request(field("!#$%&'*+-.^_`|~09AZaz", 'v'))),
    [requested(1, [...GET, ["!#$%&'*+-.^_`|~09AZaz", 'v']])],
  ),
  ...(
    [
      ['CR', 'a\rb'],
      ['LF', 'a\nb'],
      ['CR LF and a field', 'a\r\nx: y'],
      ['NUL', 'a\0b'],
      ['byte 0x01', 'a\x01b'],
      ['byte 0x1f', 'a\x1fb'],
      ['byte 0x7f', 'a\x7fb'],
      ['a space in front', ' a'],
      ['a space behind', 'a '],
      ['a tab in front', '\ta'],
      ['a tab behind', 'a\t'],
      ['nothing but a space', ' '],
    ] as const
  ).map(([what, value]) => {
    const { ops, text } = field('x', value);
    return illegal(`a value with ${what}`, 'W-062', ops, ...text);
  }),
  fine(
    'a value with tab and spaces in its middle, and bytes above 0x7f',
    'W-062 W-006',
    w.plain(w.request(field('x', '\x80a \t b\xff'))),
    [requested(1, [...GET, ['x', '\x80a \t b\xff']])],
  ),
  ...['', 'G T', 'GET\r\n', 'G\0T', 'GÉT', 'GET:', '(GET)'].map((value) =>
    illegal(
      `a method that is no token: ${shown(value)}`,
      'W-062',
      [...method, ...path],
      value,
      '/',
    ),
  ),
  ...['', '/a b', '/a\r\nb', '/\0', '/\x7f', ' /', '/\t', '/a\n'].map((value) =>
    illegal(`a path that may not be: ${shown(value)}`, 'W-062', [...method, ...path], 'GET', value),
  ),
  ...[
    '99',
    '099',
    '600',
    '999',
    '1000',
    '20',
    '2000',
    '2x0',
    '',
    ' 200',
    '200 ',
    '+20',
    '-20',
    '2.0',
    '0x0',
  ].map((value) =>
    illegalAnswer(`a status that may not be: ${shown(value)}`, 'W-062', status, value),
  ),
  ...['100', '101', '199', '200', '299', '599'].map((value) =>
    vector(`status ${value}`, 'W-062', [
      answered(
        says(
          w.plain(w.response({ ops: status, text: [value] })),
          responded(1, [[':status', value]]),
        ),
      ),
    ]),
  ),
  ...['O\rK', 'O\nK', 'O\0K', ' OK', 'OK\t'].map((value) =>
    illegalAnswer(
      `a reason that may not be: ${shown(value)}`,
      'W-062',
      [...status, ...reason],
      '200',
      value,
    ),
  ),
  vector('trailers whose name is no token, or whose value has CR LF', 'W-062', [
    says(
      w.plain(
        ...[1, 2].map(() => w.request({ ...getWith(), more: true })),
        w.trailers(1, { ops: op.literal, text: ['a b', 'c'] }),
        w.trailers(2, { ops: op.literal, text: ['a', 'b\r\nc'] }),
        get,
      ),
      requested(1, GET, { more: true }),
      requested(2, GET, { more: true }),
      streamError(1, 'PROTOCOL'),
      streamError(2, 'PROTOCOL'),
      requested(3),
    ),
  ]),
];

const odd: readonly Field[] = [
  ['__proto__', '1'],
  ['constructor', '2'],
  ['hasOwnProperty', '3'],
  ['toString', '4'],
  ['prototype', '5'],
  ['__proto__', '6'],
  ['length', '7'],
];
const names: Vector[] = [
  fine(
    'names that objects have of themselves are names',
    'W-062',
    w.plain(w.request(getWith(...odd))),
    [requested(1, [...GET, ...odd])],
  ),
  vector('the same, stored and referred to', 'W-062 W-050', [
    says(
      w.plain(
        w.request({
          ops: [
            ...method,
            ...path,
            ...op.name(4),
            ...op.store(4, 5),
            ...op.name(6),
            ...op.store(6, 7),
          ],
          text: ['GET', '/', '__proto__', 'polluted', 'constructor', 'x'],
          keep: 8,
        }),
        w.request({ block: 8, text: ['GET', '/'] }),
        w.request({ ops: [...method, ...path, ...op.field(5)], text: ['GET', '/'] }),
      ),
      requested(1, [...GET, ['__proto__', 'polluted'], ['constructor', 'x']]),
      requested(2, [...GET, ['__proto__', 'polluted'], ['constructor', 'x']]),
      requested(3, [...GET, ['__proto__', 'polluted']]),
    ),
  ]),
  vector('the same in trailers and in a response', 'W-062', [
    answered(
      says(
        w.plain(
          w.response({ ...statusWith('200', ['__proto__', 'a']), more: true }),
          w.trailers(1, { ops: op.literal, text: ['__proto__', 'b'] }),
        ),
        responded(
          1,
          [
            [':status', '200'],
            ['__proto__', 'a'],
          ],
          { more: true },
        ),
        { kind: 'trailers', id: 1, head: [['__proto__', 'b']] },
      ),
    ),
  ]),
  fine(
    'fields that would frame a body are fields',
    'W-062',
    w.plain(
      w.request(
        getWith(['Transfer-Encoding', 'chunked'], ['connection', 'close'], ['content-length', '0']),
      ),
    ),
    [
      requested(1, [
        ...GET,
        ['Transfer-Encoding', 'chunked'],
        ['connection', 'close'],
        ['content-length', '0'],
      ]),
    ],
  ),
];

export const legalHeadsTopic: Topic = {
  name: 'legal-heads',
  about: 'What a head starts with, which bytes may stand where, and names that are odd',
  vectors: [...starts, ...texts, ...names],
};
