import type { ClientCase } from '../case.ts';
import { fieldsOnly, status } from '../craft/head.ts';
import { type Crafted, cancel, credit, data, response, trailers } from '../craft/record.ts';
import type { ClientLink } from '../engine/client-link.ts';
import { expectEqual } from '../engine/failure.ts';
import { expectAnswer } from '../engine/result.ts';
import { get, post } from './ask.ts';
import { answers, eachEndsLink, endsStream, isFine } from './shapes.ts';

/** What the referee shall not follow, as it breaks a rule. */
function unnoted(said: Crafted): Crafted {
  return { ...said, note: undefined };
}

const ids: readonly ClientCase[] = [
  {
    rule: 'W-031',
    name: 'a response without an id is for one more than the response before',
    requests: [get('/a'), get('/b'), get('/c'), get('/d')],
    async run(client) {
      const link = await client.link();
      const paths = new Map<number, string>();
      for (let i = 0; i < 4; i++) {
        const { id, path } = await link.request();
        paths.set(id, path);
      }
      const bodyOf = (id: number) => paths.get(id) ?? '';
      const [a = 0, b = 0, c = 0, d = 0] = [...paths.keys()].sort((x, y) => x - y);
      // Of the four, d is answered first, and b follows an informational response for a.
      link.send(response(status(200), { id: d, body: bodyOf(d) }));
      link.send(response(status(103), { id: a }, false));
      if (b === a + 1) link.send(response(status(200), { body: bodyOf(b) }));
      else link.answer(b, 200, [], { body: bodyOf(b) });
      if (c === b + 1) link.send(response(status(200), { body: bodyOf(c) }));
      else link.answer(c, 200, [], { body: bodyOf(c) });
      link.answer(a, 200, [], { body: bodyOf(a) });
      const results = await client.results();
      for (const [at, path] of ['/a', '/b', '/c', '/d'].entries()) {
        expectAnswer(results[at], { status: 200, body: path });
      }
    },
  },
  {
    rule: 'W-031',
    name: 'responses that are dropped, and such as break a rule, count for the id of the next',
    requests: [get('/a'), get('/b'), get('/c')],
    async run(client) {
      const link = await client.link();
      const asked: number[] = [];
      for (let i = 0; i < 3; i++) asked.push((await link.request()).id);
      const [first = 0, second = 0, third = 0] = asked.sort((x, y) => x - y);
      // An id that does not follow the one before (a dialer may skip some) is written.
      const idOf = (id: number, before: number) => (id === before + 1 ? {} : { id });
      link.answer(first, 200, [], { body: 'first' });
      link.answer(first, 200, [], { body: 'late' });
      link.send(response(status('2x0'), idOf(second, first)));
      await link.cancelled(second, 'PROTOCOL');
      link.send(response(status(200), { ...idOf(third, second), body: 'third' }));
      const results = await client.results();
      const bodies = results.map(({ body, error }) => error ?? body).sort();
      expectEqual('what became of the three', bodies, [5, 5, 'PROTOCOL']);
    },
  },
  ...eachEndsLink('W-031', 'PROTOCOL', [
    ['a response to an id never opened', () => unnoted(response(status(200), { id: 900 }))],
    ['an informational response to such', () => unnoted(response(status(103), { id: 900 }, false))],
    ['a flawed response to an id never opened', () => unnoted(response({}, { id: 900 }))],
    ['a response with an id above 2^30', () => unnoted(response(status(200), { id: 2 ** 30 + 1 }))],
    ['a response with id 2^32 - 1', () => unnoted(response(status(200), { id: 2 ** 32 - 1 }))],
    ['Data for an id never opened', () => unnoted(data(900, 'x'))],
    ['Trailers for an id never opened', () => unnoted(trailers(900, fieldsOnly([])))],
    ['flawed Trailers for an id never opened', () => unnoted(trailers(900, status(200)))],
    ['Credit for an id never opened', () => unnoted(credit(900, 1))],
    ['a Cancel for an id never opened', () => unnoted(cancel(900))],
  ]),
  ...eachEndsLink('W-038', 'PROTOCOL', [
    ['Data with id 0', () => unnoted(data(0, 'x'))],
    ['Trailers with id 0', () => unnoted(trailers(0, fieldsOnly([])))],
    ['a Cancel with id 0', () => unnoted(cancel(0))],
    ['Data with an id above 2^30', () => unnoted(data(2 ** 30 + 1, 'x'))],
    ['a Cancel with an id above 2^30', () => unnoted(cancel(2 ** 30 + 1))],
  ]),
  answers(
    'W-031',
    'whatever comes late for a stream that has ended is dropped',
    { status: 200, body: 'first' },
    (link, id) => {
      link.answer(id, 200, [], { body: 'first' });
      link.answer(id, 500, [], { body: 'second' });
      link.inform(id, 103);
      link.send(data(id, 'late'), data(id, '', true), trailers(id, fieldsOnly([['a', 'b']])));
      link.send(credit(id, 5), cancel(id, 'INTERNAL', 'YES'), cancel(id, 'REFUSED', 'NO'));
    },
  ),
];

const informational: readonly ClientCase[] = [
  {
    rule: 'W-033',
    name: 'answers may come in any order',
    requests: [get('/a'), get('/b'), get('/c')],
    async run(client) {
      const link = await client.link();
      const asked = [await link.request('/a'), await link.request('/b'), await link.request('/c')];
      for (const { id, path } of asked.toReversed()) link.answer(id, 200, [], { body: path });
      const results = await client.results();
      for (const [at, { path }] of asked.entries()) {
        expectAnswer(results[at], { status: 200, body: path });
      }
    },
  },
  answers(
    'W-033',
    'informational responses are handed on or ignored, and the answer follows',
    { status: 200, body: 'ok' },
    (link, id) => {
      for (const code of [100, 102, 103, 103, 150, 199]) link.inform(id, code, [['link', '</a>']]);
      link.answer(id, 200, [], { body: 'ok' });
    },
  ),
  isFine('W-033', 'there may be any number of informational responses', (link, id) => {
    for (let i = 0; i < 2_000; i++) link.inform(id, 103, [['x-progress', String(i)]]);
  }),
  endsStream(
    'W-033',
    'an informational response with a body is an error of the stream',
    'PROTOCOL',
    (link, id) => link.send(response(status(103), { id, body: 'no' }, false)),
  ),
  endsStream(
    'W-033',
    'an informational response with more is an error of the stream',
    'PROTOCOL',
    (link, id) => link.send(response(status(103), { id, more: true }, false)),
  ),
  answers(
    'W-033',
    '101 is a final head, behind which data may follow',
    { status: 101, body: 'raw bytes' },
    (link, id) => {
      link.answer(id, 101, [['upgrade', 'other']], { more: true });
      link.send(data(id, 'raw '), data(id, 'bytes', true));
    },
  ),
];

const states: readonly ClientCase[] = [
  {
    rule: 'W-032',
    name: 'a streamed response ends with Data or with Trailers',
    requests: [get('/data'), get('/trailers')],
    async run(client) {
      const link = await client.link();
      const one = await link.request('/data');
      const two = await link.request('/trailers');
      link.answer(one.id, 200, [], { more: true });
      link.answer(two.id, 200, [], { more: true });
      link.send(data(one.id, 'ab'), data(two.id, 'xy'), data(one.id, 'c', true));
      link.send(trailers(two.id, fieldsOnly([['X-Sum', '2']])));
      const results = await client.results();
      expectAnswer(results[0], { status: 200, body: 'abc', trailers: [] });
      expectAnswer(results[1], { status: 200, body: 'xy', trailers: [['X-Sum', '2']] });
    },
  },
  endsStream(
    'W-032',
    'a head with more and a body is an error of the stream',
    'PROTOCOL',
    (link, id) => link.send(response(status(200), { id, more: true, body: 'no' })),
  ),
  endsStream(
    'W-039',
    'Data before the response is an error of the stream',
    'PROTOCOL',
    (link, id) => link.send(data(id, 'early')),
  ),
  endsStream('W-039', 'empty Data before the response is one too', 'PROTOCOL', (link, id) =>
    link.send(data(id, '', true)),
  ),
  endsStream('W-039', 'Trailers before the response are one too', 'PROTOCOL', (link, id) =>
    link.send(trailers(id, fieldsOnly([['a', 'b']]))),
  ),
  endsStream(
    'W-039',
    'Data behind an informational response alone is one too',
    'PROTOCOL',
    (link, id) => {
      link.inform(id, 103);
      link.send(data(id, 'early'));
    },
  ),
  endsStream(
    'W-039',
    'a second response behind one with more is an error of the stream',
    'PROTOCOL',
    (link, id) => {
      link.answer(id, 200, [], { more: true });
      link.answer(id, 200);
    },
  ),
  endsStream(
    'W-039',
    'an informational response behind a final one is an error of the stream',
    'PROTOCOL',
    (link, id) => {
      link.answer(id, 200, [], { more: true });
      link.inform(id, 103);
    },
  ),
  ...(
    [
      ['a second response', (id: number) => response(status(200), { id })],
      ['Data', (id: number) => data(id, 'more')],
      ['empty Data', (id: number) => data(id, '')],
      ['Trailers', (id: number) => trailers(id, fieldsOnly([]))],
    ] as const
  ).map(
    ([what, late]): ClientCase => ({
      rule: 'W-032',
      name: `${what} behind a whole response, while the request goes on, is an error of the stream`,
      requests: [post('/up', 100_000, { chunk: 10_000 }), get('/last')],
      async run(client) {
        const link = await client.link({ autoCredit: false, limits: { streamWindow: 100 } });
        const { id } = await link.request('/up');
        const last = await link.request('/last');
        link.answer(id, 200, [], { body: 'whole' });
        link.send(late(id));
        await link.cancelled(id, 'PROTOCOL');
        link.answer(last.id, 200);
        expectAnswer((await client.results())[1], { status: 200 });
      },
    }),
  ),
  isFine('W-047', 'credit for a request that is complete is added or ignored', (link, id) =>
    link.send(credit(id, 1), credit(id, 1_000_000)),
  ),
];

const bodiless: readonly ClientCase[] = (
  [
    ['a response to HEAD', 'HEAD', 200],
    ['a response with status 204', 'GET', 204],
    ['a response with status 304', 'GET', 304],
  ] as const
).flatMap(([what, method, code]) => {
  const fields = [['content-length', '10']] as const;
  const cases = [
    [
      'has no body, whatever length its head declares',
      (link: ClientLink, id: number) => {
        link.answer(id, code, fields);
      },
    ],
    [
      'has no body: one that stands beside its head is dropped',
      (link: ClientLink, id: number) => {
        link.answer(id, code, fields, { body: 'ten bytes!' });
      },
    ],
    [
      'has no body: one that is to come is dropped, and the stream cancelled',
      async (link: ClientLink, id: number) => {
        link.answer(id, code, fields, { more: true });
        link.send(data(id, 'ten '));
        await link.next('cancel', (one) => one.id === id, `a Cancel ${id}`);
        link.send(data(id, 'bytes!', true));
      },
    ],
  ] as const;
  return cases.map(
    ([rest, say]): ClientCase => ({
      rule: 'W-116',
      name: `${what} ${rest}`,
      requests: [{ method, path: '/none' }, get('/last')],
      async run(client) {
        const link = await client.link();
        const { id } = await link.request('/none');
        const last = await link.request('/last');
        await say(link, id);
        link.answer(last.id, 200);
        const results = await client.results();
        expectAnswer(results[0], { status: code, fields, body: '' });
        expectAnswer(results[1], { status: 200 });
      },
    }),
  );
});

/** Section 7: streams. */
export const streams: readonly ClientCase[] = [...ids, ...informational, ...states, ...bodiless];
