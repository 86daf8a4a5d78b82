import type { ClientCase } from '../case.ts';
import { get as getHead, op, status } from '../craft/head.ts';
import { cancel, credit, data, ping, request, response } from '../craft/record.ts';
import { expectEqual, expectThat } from '../engine/failure.ts';
import { expectAnswer } from '../engine/result.ts';
import { counted } from '../engine/text.ts';
import { get, post } from './ask.ts';
import { expectBytes } from './serve.ts';
import { answers, eachEndsLink, heads, info, ok } from './shapes.ts';

const SLICE = 16_384;

const received: readonly ClientCase[] = [
  answers(
    'W-021',
    'records are processed in the order in which they stand',
    { status: 200, fields: [['x-a', 'new']], body: 'abcdef' },
    (link, id) => {
      const stores = (value: string) =>
        response(info([op.name(4), op.store(4, 5)], 'x-a', value), { id }, false);
      link.send(
        stores('old'),
        stores('new'),
        response(ok([op.field(5)]), { id, more: true }),
        data(id, 'abc'),
        ping(7),
        data(id, 'def', true),
      );
      return link.next('pong', ({ token }) => token === 7);
    },
  ),
  heads(
    'W-021',
    'tables of both directions are apart: what the client stored is not there',
    { head: ok([op.name(4), op.value(4)], 'x-mine', '1'), fields: [['x-mine', '1']] },
    { head: ok([op.value(4)], '2'), fields: [['x-mine', '2']] },
  ),
  ...eachEndsLink('W-023', 'PROTOCOL', [
    [
      'a request from the acceptor',
      () => ({ ...request(getHead('/'), { id: 9 }), note: undefined }),
    ],
    [
      'a request for a stream that is open',
      (id) => ({ ...request(getHead('/'), { id }), note: undefined }),
    ],
    ['a flawed request from the acceptor', () => ({ ...request({}, { id: 9 }), note: undefined })],
  ]),
  answers(
    'W-021',
    'an answer and a Cancel for another stream may stand in one envelope',
    { status: 200, body: 'ok' },
    (link, id) =>
      link.send(response(status(200), { id, body: 'ok' }), cancel(id, 'INTERNAL', 'YES'), ping(3)),
  ),
];

const sent: readonly ClientCase[] = [
  {
    rule: 'W-022',
    name: 'a small request does not wait for an upload that has no credit',
    requests: [post('/up', 100_000, { chunk: 10_000 }), get('/small')],
    async run(client) {
      const link = await client.link({ autoCredit: false, limits: { streamWindow: 1_000 } });
      const up = await link.request('/up');
      link.answer((await link.request('/small')).id, 200, [], { body: 'small' });
      link.send(credit(up.id, 99_000));
      expectBytes((await link.rest(up.id)).body, counted(100_000));
      link.answer(up.id, 200);
      expectAnswer((await client.results())[1], { status: 200, body: 'small' });
    },
  },
  {
    rule: 'W-022',
    name: 'a request that comes later does not wait for uploads when the link has no credit',
    requests: [
      get('/first'),
      post('/up', 100_000, { chunk: 10_000 }),
      get('/later', { after: 0 }),
      post('/inline', 50_000, { after: 0 }),
    ],
    async run(client) {
      const link = await client.link({ autoCredit: false, limits: { linkWindow: 1_000 } });
      const up = await link.request('/up');
      link.answer((await link.request('/first')).id, 200);
      link.answer((await link.request('/later')).id, 200, [], { body: 'later' });
      // A client may stream what could ride in the head; it waits with the other then.
      link.send(credit(0, 200_000));
      expectBytes((await link.rest(up.id)).body, counted(100_000));
      link.answer(up.id, 200);
      const { id, body, more } = await link.request('/inline');
      expectBytes(more ? (await link.rest(id)).body : body, counted(50_000));
      link.answer(id, 200);
      expectAnswer((await client.results())[2], { status: 200, body: 'later' });
    },
  },
  {
    rule: 'W-022',
    name: 'uploads that share the credit of the link go a slice of each in turn',
    requests: [post('/a', 200_000, { chunk: 20_000 }), post('/b', 200_000, { chunk: 20_000 })],
    async run(client) {
      const link = await client.link({ autoCredit: false, limits: { linkWindow: SLICE } });
      const ids = [(await link.request('/a')).id, (await link.request('/b')).id];
      const came = new Map(ids.map((id) => [id, 0]));
      for (let slices = 0; slices < 12; slices++) {
        for (let left = SLICE; left > 0; ) {
          const { id, bytes } = await link.next('data');
          came.set(id, (came.get(id) ?? 0) + bytes.length);
          left -= bytes.length;
        }
        link.send(credit(0, SLICE));
      }
      const least = Math.min(...came.values());
      expectThat(least >= 2 * SLICE, 'two slices of each at least', `${least} bytes of one`);
    },
  },
  {
    rule: 'W-093',
    name: 'a pong does not wait behind data that has no credit',
    requests: [post('/up', 100_000, { chunk: 10_000 })],
    async run(client) {
      const link = await client.link({ autoCredit: false, limits: { linkWindow: 1_000 } });
      const { id } = await link.request('/up');
      await link.alive();
      link.send(credit(0, 99_000));
      expectBytes((await link.rest(id)).body, counted(100_000));
      link.answer(id, 200);
      expectAnswer((await client.results())[0], { status: 200 });
    },
  },
  {
    rule: 'W-031',
    name: 'three hundred requests are each given their own answer, in any order',
    requests: Array.from({ length: 300 }, (_, i) => get(`/${i}`)),
    async run(client) {
      const link = await client.link();
      const asked = [];
      for (let i = 0; i < 300; i++) asked.push(await link.request(`/${i}`));
      // 7 and 300 have no common divisor, so that each has its turn.
      for (let i = 0; i < 300; i++) {
        const one = asked[(i * 7) % 300];
        if (one !== undefined) link.answer(one.id, 200, [], { body: one.path });
      }
      const results = await client.results();
      for (let i = 0; i < 300; i++) expectAnswer(results[i], { status: 200, body: `/${i}` });
    },
  },
  {
    rule: 'W-030',
    name: 'ids grow over requests that wait for others',
    requests: Array.from({ length: 10 }, (_, i) => get(`/${i}`, i === 0 ? {} : { after: i - 1 })),
    async run(client) {
      const link = await client.link();
      const ids: number[] = [];
      for (let i = 0; i < 10; i++) {
        const { id } = await link.request(`/${i}`);
        ids.push(id);
        link.answer(id, 200);
      }
      expectEqual(
        'the ids',
        ids,
        [...ids].sort((a, b) => a - b),
      );
      for (const result of await client.results()) expectAnswer(result, { status: 200 });
    },
  },
];

/** Section 5: records, and in which order they go. */
export const order: readonly ClientCase[] = [...received, ...sent];
