import type { ServerCase } from '../case.ts';
import {
  ask,
  type Field,
  fieldsOnly,
  get,
  type Head,
  METHOD,
  op,
  PATH,
  post,
  STATUS,
} from '../craft/head.ts';
import { data, trailers } from '../craft/record.ts';
import { expectEqual, expectThat } from '../engine/failure.ts';
import type { ServerLink } from '../engine/server-link.ts';
import { text } from '../engine/text.ts';
import { hold } from './holding.ts';
import { endsLink, endsStream } from './shapes.ts';
import { echo } from './table.ts';

/** Requests each of which ends its own stream with that code, processed NO, and nothing else. */
function refused(
  rule: string,
  code: 'PROTOCOL' | 'HEAD_LIMIT',
  heads: readonly (readonly [what: string, head: Head | ((link: ServerLink) => Head)])[],
): ServerCase[] {
  return heads.map(([what, head]) =>
    endsStream(rule, `${what} is an error of the stream`, code, ['NO'], (link) =>
      link.ask(typeof head === 'function' ? head(link) : head),
    ),
  );
}

/** Heads that are legal, and are answered. */
function allowed(
  rule: string,
  heads: readonly (readonly [what: string, head: Head])[],
): ServerCase[] {
  return heads.map(([what, head]) => ({
    rule,
    name: `${what} is legal`,
    async run(server) {
      const link = await server.open();
      await link.answer(link.ask(head));
      await link.alive();
    },
  }));
}

const pseudos: readonly ServerCase[] = refused('W-061', 'PROTOCOL', [
  ['a head without any field', {}],
  ['a head without :path', { ops: [op.value(METHOD)], text: ['GET'] }],
  ['a head without :method', { ops: [op.value(PATH)], text: ['/'] }],
  [
    'a head with :path before :method',
    { ops: [op.value(PATH), op.value(METHOD)], text: ['/', 'GET'] },
  ],
  [
    'a head with a field before :method',
    { ops: [op.literal(), op.value(METHOD), op.value(PATH)], text: ['a', 'b', 'GET', '/'] },
  ],
  [
    'a head with a field before :path',
    { ops: [op.value(METHOD), op.literal(), op.value(PATH)], text: ['GET', 'a', 'b', '/'] },
  ],
  ['a head with two :method', echo([op.value(METHOD)], 'GET')],
  ['a head with two :path', echo([op.value(PATH)], '/')],
  ['a request with a :status', echo([op.value(STATUS)], '200')],
  ['a request with a :reason', echo([op.value(3)], 'Fine')],
  ['a response in the shape of a request', { ops: [op.value(STATUS)], text: ['200'] }],
  ['a head with :authority', echo([op.literal()], ':authority', 'a')],
  ['a head with :Method', { ops: [op.literal(), op.value(PATH)], text: [':Method', 'GET', '/'] }],
]);

/** Bytes that no name and no method may have. */
const NO_TOKEN = ['', ' ', 'a b', 'a:b', 'a\r\nb', 'a\0', 'é', 'a(b', 'a\x7f', '"a"', 'a/b', 'a '];
const BAD_VALUES = [
  'a\r\nb',
  'a\nb',
  '\r',
  'a\0b',
  'a\x1fb',
  'a\x7fb',
  ' a',
  'a ',
  '\ta',
  'a\t',
  ' ',
];
const BAD_PATHS = ['', '/a b', '/\r\n', '/\0', '/\x7f', '/\t', ' /'];

const characters: readonly ServerCase[] = [
  ...refused('W-062', 'PROTOCOL', [
    ...NO_TOKEN.map(
      (name) => [`the name ${JSON.stringify(name)}`, get('/', [[name, 'v']])] as const,
    ),
    ...NO_TOKEN.map(
      (method) => [`the method ${JSON.stringify(method)}`, ask(method, '/')] as const,
    ),
    ...BAD_VALUES.map(
      (value) => [`the value ${JSON.stringify(value)}`, get('/', [['a', value]])] as const,
    ),
    ...BAD_PATHS.map((path) => [`the path ${JSON.stringify(path)}`, get(path)] as const),
  ]),
  ...allowed('W-062', [
    ['a method of any token', ask("!#$%&'*+-.^_`|~09azAZ", '/')],
    ['a path that is no path', get('*')],
    ['a path in absolute form', get('http://example.com:80/a?b#c')],
    ['a path in authority form', ask('CONNECT', 'example.com:443')],
    ['a path with bytes above 0x7F', get('/\x80\xff')],
    ['an empty value', get('/', [['a', '']])],
    ['a value with tabs and spaces inside', get('/', [['a', 'b \t c']])],
    ['a name of any token', get('/', [["!#$%&'*+-.^_`|~09azAZ", 'v']])],
    [
      'several hosts and a transfer-encoding',
      get('/', [
        ['host', 'a'],
        ['Host', 'b'],
        ['transfer-encoding', 'chunked'],
      ]),
    ],
    [
      'the name __proto__',
      get('/', [
        ['__proto__', 'a'],
        ['constructor', 'b'],
        ['hasOwnProperty', 'c'],
      ]),
    ],
  ]),
  {
    rule: 'W-062',
    name: 'names keep their case, and fields their order and number',
    async run(server) {
      const link = await server.open();
      const fields: Field[] = [
        ['X-Echo-B', '1'],
        ['x-echo-a', '2'],
        ['X-ECHO-A', '3'],
        ['x-echo-a', '2'],
        ['x-echo-__proto__', '4'],
        ['X-Echo-B', ''],
      ];
      expectEqual('the fields', (await link.get('/echo', fields)).fields, fields);
    },
  },
  {
    rule: 'W-061',
    name: 'the method comes as it is said',
    async run(server) {
      const link = await server.open();
      for (const method of ['GET', 'get', 'PATCH', 'M-SEARCH', '$']) {
        const { body } = await link.answer(link.ask(ask(method, '/method')));
        expectEqual('the method', text(body), method);
      }
    },
  },
];

/** Fields of which the head with `/echo` has exactly `head_bytes` and so many more. */
function headOf(link: ServerLink, more: number): Head {
  const { headBytes } = link.peer.limits;
  const start = 32 + ':method'.length + 'GET'.length + 32 + ':path'.length + '/echo'.length;
  const fields: Field[] = [];
  let left = headBytes + more - start;
  for (let i = 10; left > 0; i++) {
    const size = left > 2 * 10_000 ? 10_000 : left > 10_000 ? Math.floor(left / 2) : left;
    fields.push([`x-${i}`, 'v'.repeat(size - 32 - `x-${i}`.length)]);
    left -= size;
  }
  return get('/echo', fields);
}

/** A request with so many fields. */
function fieldsOf(count: number): Head {
  return get(
    '/echo',
    Array.from({ length: count }, (_, i) => ['a', String(i)] as const),
  );
}

/** A head that refers so many times to a stored value of 16,000 bytes: each takes one byte. */
function references(count: number): Head {
  const many = Array.from({ length: count }, () => op.field(5));
  return echo([op.name(4), op.store(4, 5), ...many], 'x', 'v'.repeat(16_000));
}

const sizes: readonly ServerCase[] = [
  {
    rule: 'W-063',
    name: 'a head of exactly head_bytes is taken',
    async run(server) {
      const link = await server.open();
      await link.answer(link.ask(headOf(link, 0)));
      await link.answer(link.ask(fieldsOf(link.peer.limits.fields)));
      await link.answer(link.ask(get('/echo', [['n'.repeat(256), 'v'.repeat(16_384)]])));
      const path = `/target/${'p'.repeat(8_192 - '/target/'.length)}`;
      expectEqual('the target', text((await link.get(path)).body), path);
      await link.answer(link.ask(ask('M'.repeat(16_384), '/method')));
    },
  },
  ...refused('W-063', 'HEAD_LIMIT', [
    ['a head of head_bytes + 1', (link) => headOf(link, 1)],
    [
      'a head of exactly four times head_bytes',
      (link) => headOf(link, 3 * link.peer.limits.headBytes),
    ],
    ['a head with fields + 1', (link) => fieldsOf(link.peer.limits.fields + 1)],
    ['a head with a thousand empty fields', () => fieldsOf(1_000)],
    ['a name of 257 bytes', get('/', [['n'.repeat(257), 'v']])],
    ['a value of 16,385 bytes', get('/', [['n', 'v'.repeat(16_385)]])],
    ['a path of 8,193 bytes', get(`/${'p'.repeat(8_192)}`)],
    ['a method of 16,385 bytes', ask('M'.repeat(16_385), '/')],
    ['a head whose references expand above head_bytes', references(3)],
  ]),
  endsLink('W-063', 'a head above four times head_bytes ends the link', 'HEAD_LIMIT', (link) =>
    link.ask(headOf(link, 3 * link.peer.limits.headBytes + 1)),
  ),
  endsLink('W-063', 'references that expand to more end the link', 'HEAD_LIMIT', (link) =>
    link.ask(references(Math.ceil((4 * link.peer.limits.headBytes) / 16_000))),
  ),
  endsLink(
    'W-063',
    'a hundred thousand references end the link, and cost nothing',
    'HEAD_LIMIT',
    (link) => link.ask(references(100_000)),
  ),
];

/** Trailers that end their stream. */
function flawedTrailers(
  rule: string,
  what: string,
  code: 'PROTOCOL' | 'HEAD_LIMIT',
  head: Head,
): ServerCase {
  const name = `${what} are an error of the stream`;
  return endsStream(rule, name, code, ['MAYBE'], async (link, server) => {
    const id = await hold(server, link, server.name('trailers'), { more: true });
    link.send(data(id, 'abc'));
    link.send(trailers(id, head));
    return id;
  });
}

const behind: readonly ServerCase[] = [
  flawedTrailers('W-061', 'trailers with a :status', 'PROTOCOL', {
    ops: [op.value(STATUS)],
    text: ['200'],
  }),
  flawedTrailers('W-062', 'trailers with a bad name', 'PROTOCOL', fieldsOnly([['bad name', 'v']])),
  flawedTrailers('W-062', 'trailers with CR and LF', 'PROTOCOL', fieldsOnly([['a', 'b\r\nc: d']])),
  flawedTrailers(
    'W-063',
    'thirty-three trailers',
    'PROTOCOL',
    fieldsOnly(Array.from({ length: 33 }, () => ['a', 'b'])),
  ),
  flawedTrailers(
    'W-063',
    'trailers with a name of 257 bytes',
    'HEAD_LIMIT',
    fieldsOnly([['n'.repeat(257), 'v']]),
  ),
  {
    rule: 'W-063',
    name: 'thirty-two trailers are taken',
    async run(server) {
      const link = await server.open();
      const id = link.ask(post('/echo'), { more: true });
      const fields = Array.from({ length: 32 }, (_, i) => ['x-echo-t', String(i)] as const);
      link.send(trailers(id, fieldsOnly(fields)));
      expectEqual('the trailers', (await link.answer(id)).trailers, fields);
    },
  },
];

/** Asks for what the kit's limits do not allow: the server says anything but that. */
function keepsTo(
  name: string,
  limits: { fields?: number; headBytes?: number },
  path: string,
): ServerCase {
  return {
    rule: 'W-063',
    name,
    async run(server) {
      const link = await server.open({ limits });
      const id = link.ask(get(path));
      const said = await link.until('a Cancel or a smaller answer', () => {
        const isIts = (one: { readonly id: number }) => one.id === id;
        return link.taken('cancel', isIts) ?? link.taken('response', isIts);
      });
      const isTruth = said.kind === 'response' || said.processed !== 'NO';
      expectThat(isTruth, 'no processed NO, as it was handled', 'processed NO');
      await link.alive();
    },
  };
}

const answers: readonly ServerCase[] = [
  {
    rule: 'W-063',
    name: 'a response with exactly as many fields as the kit takes is sent',
    async run(server) {
      const link = await server.open({ limits: { fields: 7 } });
      expectEqual('the number of fields', (await link.get('/fields/7')).fields.length, 7);
    },
  },
  keepsTo('a response with more fields than the kit takes is not sent', { fields: 7 }, '/fields/8'),
  keepsTo(
    'a response with a larger head than the kit takes is not sent',
    { headBytes: 200 },
    '/fields/20',
  ),
  {
    rule: 'W-061',
    name: 'statuses and reasons come as they are, a usual reason not at all',
    async run(server) {
      const link = await server.open();
      for (const code of [200, 204, 304, 404, 418, 500, 599]) {
        const answer = await link.get(`/status/${code}`);
        expectEqual('the status', [answer.status, answer.fields], [code, []]);
      }
      const { status, reason } = await link.get('/status/200?reason=Quite%20Fine');
      expectEqual('status and reason', [status, reason], [200, 'Quite Fine']);
    },
  },
];

/** Section 6: legal heads. */
export const legalHeads: readonly ServerCase[] = [
  ...pseudos,
  ...characters,
  ...sizes,
  ...behind,
  ...answers,
];
