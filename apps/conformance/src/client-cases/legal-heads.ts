import type { ClientCase } from '../case.ts';
import {
  type Field,
  fieldsOnly,
  type Head,
  METHOD,
  op,
  PATH,
  REASON,
  STATUS,
  status,
} from '../craft/head.ts';
import { data, response, trailers } from '../craft/record.ts';
import type { ClientLink } from '../engine/client-link.ts';
import { expectEqual } from '../engine/failure.ts';
import { expectAnswer } from '../engine/result.ts';
import { get, post } from './ask.ts';
import { answers, endsLink, endsStream, heads, ok } from './shapes.ts';

/** Responses each of which ends its own stream with that code, and nothing else. */
function refused(
  rule: string,
  code: 'PROTOCOL' | 'HEAD_LIMIT',
  said: readonly (readonly [what: string, head: Head | ((link: ClientLink) => Head)])[],
): ClientCase[] {
  return said.map(([what, head]) =>
    endsStream(rule, `${what} is an error of the stream`, code, (link, id) =>
      link.send(response(typeof head === 'function' ? head(link) : head, { id })),
    ),
  );
}

const value = (slot: number) => op.value(slot);

const pseudos: readonly ClientCase[] = refused('W-061', 'PROTOCOL', [
  ['a head without any field', {}],
  ['a head without :status', fieldsOnly([['a', 'b']])],
  ['a field before :status', { ops: [op.literal(), value(STATUS)], text: ['a', 'b', '200'] }],
  [':reason before :status', { ops: [value(REASON), value(STATUS)], text: ['Fine', '200'] }],
  ['a head with two :status', ok([value(STATUS)], '200')],
  ['a head with two :reason', ok([value(REASON), value(REASON)], 'Fine', 'Fine')],
  ['a :reason behind a field', ok([op.literal(), value(REASON)], 'a', 'b', 'Fine')],
  ['a response with a :method', ok([value(METHOD)], 'GET')],
  ['a response with a :path', ok([value(PATH)], '/')],
  ['a request in the place of a response', { ops: [value(0), value(1)], text: ['GET', '/'] }],
  ['a head with :authority', ok([op.literal()], ':authority', 'a')],
  ['a head with :Status', { ops: [op.literal()], text: [':Status', '200'] }],
]);

/** Names that are no token. */
const NO_TOKEN = ['', ' ', 'a b', 'a:b', 'a\r\nb', 'a\0', 'é', 'a(b', 'a\x7f', 'a/b', 'a '];
const BAD_VALUES = ['a\r\nb', 'a\nb', '\r', 'a\0b', 'a\x1fb', 'a\x7fb', ' a', 'a ', '\ta', 'a\t'];
const STATUSES = [200, 201, 299, 302, 404, 418, 500, 599];
const BAD_STATUSES = ['', '20', '2000', '099', '000', '600', '999', '2x0', ' 200', '-20', '2e2'];

const characters: readonly ClientCase[] = [
  ...refused('W-062', 'PROTOCOL', [
    ...NO_TOKEN.map(
      (name) => [`the name ${JSON.stringify(name)}`, status(200, [[name, 'v']])] as const,
    ),
    ...BAD_VALUES.map(
      (bad) => [`the value ${JSON.stringify(bad)}`, status(200, [['a', bad]])] as const,
    ),
    ...BAD_VALUES.map(
      (bad) => [`the reason ${JSON.stringify(bad)}`, status(200, [], bad)] as const,
    ),
    ...BAD_STATUSES.map((bad) => [`the status ${JSON.stringify(bad)}`, status(bad)] as const),
  ]),
  heads(
    'W-062',
    'names of any token, empty values, tabs and spaces inside, and several alike are legal',
    ...(
      [
        [["!#$%&'*+-.^_`|~09azAZ", 'v']],
        [['a', '']],
        [['a', 'b \t c']],
        [
          ['Set-Cookie', 'a'],
          ['set-cookie', 'b'],
          ['Set-Cookie', 'a'],
        ],
        [
          ['transfer-encoding', 'chunked'],
          ['connection', 'close'],
        ],
        [
          ['__proto__', 'a'],
          ['constructor', 'b'],
          ['hasOwnProperty', 'c'],
        ],
      ] satisfies Field[][]
    ).map((fields) => ({ head: status(200, fields), fields })),
  ),
  {
    rule: 'W-061',
    name: 'statuses come as they are said',
    requests: STATUSES.map((code) => get(`/${code}`)),
    async run(client) {
      const link = await client.link();
      for (const code of STATUSES) link.answer((await link.request(`/${code}`)).id, code);
      const results = await client.results();
      for (const [at, code] of STATUSES.entries()) expectAnswer(results[at], { status: code });
    },
  },
  ...['Quite Fine', 'a', 'tab\tinside', '\xe9\xff'].map((reason) =>
    answers(
      'W-062',
      `the reason ${JSON.stringify(reason)} comes as it is said`,
      { status: 200, reason },
      (link, id) => link.send(response(status(200, [], reason), { id })),
    ),
  ),
  answers('W-062', 'an empty reason is as none', { status: 200, reason: '' }, (link, id) =>
    link.send(response(ok([value(REASON)], ''), { id })),
  ),
];

/** Fields with which the head of a response 200 has exactly `head_bytes` and so many more. */
function headOf(link: ClientLink, more: number): Head {
  const fields: Field[] = [];
  let left = link.peer.limits.headBytes + more - (32 + ':status'.length + '200'.length);
  for (let i = 10; left > 0; i++) {
    const size = left > 2 * 10_000 ? 10_000 : left > 10_000 ? Math.floor(left / 2) : left;
    fields.push([`x-${i}`, 'v'.repeat(size - 32 - `x-${i}`.length)]);
    left -= size;
  }
  return status(200, fields);
}

/** A response with so many fields. */
function fieldsOf(count: number): Head {
  return status(
    200,
    Array.from({ length: count }, (_, i) => ['a', String(i)] as const),
  );
}

/** A head that refers so many times to a stored value of 16,000 bytes: each takes one byte. */
function references(count: number): Head {
  const many = Array.from({ length: count }, () => op.field(5));
  return ok([op.name(4), op.store(4, 5), ...many], 'x', 'v'.repeat(16_000));
}

const sizes: readonly ClientCase[] = [
  answers('W-063', 'a head of exactly head_bytes is taken', { status: 200 }, (link, id) =>
    link.send(response(headOf(link, 0), { id })),
  ),
  answers(
    'W-063',
    'a head with as many fields as there may be is taken',
    { status: 200 },
    (link, id) => link.send(response(fieldsOf(link.peer.limits.fields), { id })),
  ),
  heads('W-063', 'a name of 256 bytes and a value of 16,384 are taken', {
    head: status(200, [['n'.repeat(256), 'v'.repeat(16_384)]]),
    fields: [['n'.repeat(256), 'v'.repeat(16_384)]],
  }),
  ...refused('W-063', 'HEAD_LIMIT', [
    ['a head of head_bytes + 1', (link) => headOf(link, 1)],
    [
      'a head of exactly four times head_bytes',
      (link) => headOf(link, 3 * link.peer.limits.headBytes),
    ],
    ['a head with fields + 1', (link) => fieldsOf(link.peer.limits.fields + 1)],
    ['a name of 257 bytes', status(200, [['n'.repeat(257), 'v']])],
    ['a value of 16,385 bytes', status(200, [['n', 'v'.repeat(16_385)]])],
    ['a reason of 16,385 bytes', status(200, [], 'v'.repeat(16_385))],
    [
      'a head whose references expand above head_bytes',
      (link) => references(Math.ceil(link.peer.limits.headBytes / 16_000)),
    ],
  ]),
  endsLink('W-063', 'a head above four times head_bytes ends the link', 'HEAD_LIMIT', (link, id) =>
    link.send(response(headOf(link, 3 * link.peer.limits.headBytes + 1), { id })),
  ),
  endsLink(
    'W-063',
    'a hundred thousand references end the link, and cost nothing',
    'HEAD_LIMIT',
    (link, id) => link.send(response(references(100_000), { id })),
  ),
];

/** Trailers of a response that end its stream. */
function flawedTrailers(
  rule: string,
  what: string,
  code: 'PROTOCOL' | 'HEAD_LIMIT',
  head: Head,
): ClientCase {
  return endsStream(rule, `${what} are an error of the stream`, code, (link, id) => {
    link.answer(id, 200, [], { more: true });
    link.send(data(id, 'abc'), trailers(id, head));
  });
}

/** So many fields of trailers. */
function many(count: number): (readonly [string, string])[] {
  return Array.from({ length: count }, (_, i) => ['x-t', String(i)] as const);
}

const behind: readonly ClientCase[] = [
  flawedTrailers('W-061', 'trailers with a :status', 'PROTOCOL', {
    ops: [op.value(STATUS)],
    text: ['200'],
  }),
  flawedTrailers('W-062', 'trailers with a bad name', 'PROTOCOL', fieldsOnly([['bad name', 'v']])),
  flawedTrailers('W-062', 'trailers with CR and LF', 'PROTOCOL', fieldsOnly([['a', 'b\r\nc: d']])),
  flawedTrailers('W-063', 'thirty-three trailers', 'PROTOCOL', fieldsOnly(many(33))),
  flawedTrailers(
    'W-063',
    'trailers with a long name',
    'HEAD_LIMIT',
    fieldsOnly([['n'.repeat(257), 'v']]),
  ),
  answers(
    'W-063',
    'thirty-two trailers are taken',
    { status: 200, trailers: many(32) },
    (link, id) => {
      link.answer(id, 200, [], { more: true });
      link.send(trailers(id, fieldsOnly(many(32))));
    },
  ),
  endsStream(
    'W-062',
    'an informational response with a bad value is an error of the stream',
    'PROTOCOL',
    (link, id) => link.inform(id, 103, [['a', 'b\nc']]),
  ),
];

const FIELDS = [
  ['X-B', '1'],
  ['x-a', '2'],
  ['X-A', '3'],
  ['x-a', '2'],
  ['x-empty', ''],
  ['__proto__', '4'],
  ['x-high', '\xe9\xff'],
  ['x-tab', 'a\t b'],
] as const;
const METHODS = ['GET', 'get', 'PATCH', 'M-SEARCH', 'OPTIONS', "!#$%&'*+-.^_`|~09azAZ"];
const TARGETS = ['/', '*', 'http://example.com:80/a?b#c', '/%00?x=%20', '/\x80\xff', '//', '?'];

const sent: readonly ClientCase[] = [
  {
    rule: 'W-061',
    name: 'methods and targets are sent as they were ordered',
    requests: [
      ...METHODS.map((method, i) => ({ method, path: `/${i}` })),
      ...TARGETS.map((path) => get(path, { method: 'TARGET' })),
    ],
    async run(client) {
      const link = await client.link();
      for (const [i, method] of METHODS.entries()) {
        const request = await link.request(`/${i}`);
        expectEqual('the method', request.method, method);
        link.answer(request.id, 200);
      }
      for (const path of TARGETS) link.answer((await link.request(path)).id, 200);
      for (const result of await client.results()) expectAnswer(result, { status: 200 });
    },
  },
  {
    rule: 'W-062',
    name: 'names keep their case, fields their order and number, values their bytes',
    requests: [get('/', { fields: FIELDS })],
    async run(client) {
      const link = await client.link();
      const { id, fields } = await link.request('/');
      expectEqual('the fields', fields, FIELDS);
      link.answer(id, 200);
      expectAnswer((await client.results())[0], { status: 200 });
    },
  },
  {
    rule: 'W-049',
    name: 'trailers are sent as they were ordered, in order and case',
    requests: [post('/', 10, { chunk: 4, trailers: FIELDS })],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/');
      expectEqual('the trailers', (await link.rest(id)).trailers, FIELDS);
      link.answer(id, 200);
      expectAnswer((await client.results())[0], { status: 200 });
    },
  },
];

/** Section 6: legal heads. */
export const legalHeads: readonly ClientCase[] = [
  ...pseudos,
  ...characters,
  ...sizes,
  ...behind,
  ...sent,
];
