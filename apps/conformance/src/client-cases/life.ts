import type { ClientCase } from '../case.ts';
import { status } from '../craft/head.ts';
import { data, ping, pong, response } from '../craft/record.ts';
import { expectEqual, expectThat } from '../engine/failure.ts';
import { expectAnswer, expectError } from '../engine/result.ts';
import { get, post } from './ask.ts';
import { answers, isFine } from './shapes.ts';

/** How long a deadline of these cases is, in ms: time enough for the request to be written. */
const SOON_MS = 300;
const LONG_MS = 60_000;
const MOST_MS = 2 ** 32 - 1;

const deadlines: readonly ClientCase[] = [
  {
    rule: 'W-090',
    name: 'what is left of a deadline travels; without one there is none',
    requests: [get('/long', { timeoutMs: LONG_MS }), get('/none')],
    async run(client) {
      const link = await client.link();
      const { id, timeoutMs } = await link.request('/long');
      const isLeft = timeoutMs > 0 && timeoutMs <= LONG_MS;
      expectThat(isLeft, `timeout_ms from 1 to ${LONG_MS}`, String(timeoutMs));
      const none = await link.request('/none');
      expectEqual('timeout_ms', none.timeoutMs, 0);
      link.answer(id, 200);
      link.answer(none.id, 200);
      for (const result of await client.results()) expectAnswer(result, { status: 200 });
    },
  },
  {
    rule: 'W-097',
    name: 'a deadline above 2^32 - 1 ms is written as that',
    requests: [get('/', { timeoutMs: 2 ** 40 })],
    async run(client) {
      const link = await client.link();
      const { id, timeoutMs } = await link.request('/');
      expectEqual('timeout_ms', timeoutMs, MOST_MS);
      link.answer(id, 200);
      expectAnswer((await client.results())[0], { status: 200 });
    },
  },
  {
    rule: 'W-090',
    name: 'a deadline that passes before the answer is said by Cancel DEADLINE',
    requests: [get('/late', { timeoutMs: SOON_MS }), get('/last')],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/late');
      const last = await link.request('/last');
      await link.cancelled(id, 'DEADLINE');
      link.answer(id, 200, [], { body: 'late' });
      link.answer(last.id, 200);
      const results = await client.results();
      expectError(results[0], ['DEADLINE'], 'maybe');
      expectAnswer(results[1], { status: 200 });
    },
  },
  {
    rule: 'W-097',
    name: "a deadline covers the exchange to the end of the response's body",
    requests: [get('/late', { timeoutMs: SOON_MS }), get('/last')],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/late');
      const last = await link.request('/last');
      link.answer(id, 200, [], { more: true });
      link.send(data(id, 'half'));
      await link.cancelled(id, 'DEADLINE');
      link.send(data(id, 'late', true));
      link.answer(last.id, 200);
      const results = await client.results();
      expectError(results[0], ['DEADLINE'], 'maybe');
      expectAnswer(results[1], { status: 200 });
    },
  },
  {
    rule: 'W-090',
    name: 'a deadline that passes while the link opens leaves a request that was never written as such',
    requests: [get('/late', { timeoutMs: SOON_MS }), get('/last')],
    async run(client) {
      const link = await client.connection();
      await link.next('hello');
      await new Promise((resolve) => setTimeout(resolve, 2 * SOON_MS));
      link.greet();
      const last = await link.request('/last');
      // A client may count from when it has the link: the request comes then, and the deadline passes.
      await link.alive();
      const late = link.taken('request', ({ path }) => path === '/late');
      if (late !== undefined) await link.cancelled(late.id, 'DEADLINE');
      link.answer(last.id, 200);
      const results = await client.results();
      expectError(results[0], ['DEADLINE'], late === undefined ? 'no' : 'maybe');
      expectAnswer(results[1], { status: 200 });
    },
  },
  {
    rule: 'W-090',
    name: 'a deadline that passes in the middle of an upload stops it',
    requests: [post('/up', 100_000, { chunk: 1_000, timeoutMs: SOON_MS }), get('/last')],
    async run(client) {
      const link = await client.link({ autoCredit: false, limits: { streamWindow: 1_000 } });
      const { id } = await link.request('/up');
      const last = await link.request('/last');
      await link.cancelled(id, 'DEADLINE');
      link.grant(id, 100_000);
      await link.alive();
      link.answer(last.id, 200);
      expectError((await client.results())[0], ['DEADLINE'], 'maybe');
    },
  },
];

const pings: readonly ClientCase[] = [
  isFine('W-093', 'a ping is answered by a pong with its token', async (link) => {
    for (const token of [0, 1, 2 ** 32 - 1]) {
      link.send(ping(token));
      await link.next('pong', (said) => said.token === token, `the pong to ping ${token}`);
    }
  }),
  isFine('W-093', 'a pong that nobody asked for is taken', (link) => {
    for (let token = 0; token < 10; token++) link.send(pong(token));
  }),
  isFine('W-094', 'three pings in one envelope are borne, and each is answered', async (link) => {
    link.send(ping(7), ping(8), ping(9));
    for (const wanted of [7, 8, 9]) await link.next('pong', ({ token }) => token === wanted);
  }),
  answers(
    'W-093',
    'a ping is answered while a response is under way',
    { status: 200, body: 'abcdef' },
    async (link, id) => {
      link.send(response(status(200), { id, more: true }), data(id, 'abc'));
      await link.alive();
      link.send(data(id, 'def', true));
    },
  ),
];

/** Section 10: deadlines and pings. */
export const life: readonly ClientCase[] = [...deadlines, ...pings];
