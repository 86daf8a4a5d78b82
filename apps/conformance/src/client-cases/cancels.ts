import type { ClientCase } from '../case.ts';
import { CODES, type Code, PROCESSED, type Processed } from '../codes.ts';
import { bytes, uint } from '../craft/protobuf.ts';
import { type Crafted, cancel, data } from '../craft/record.ts';
import { expectEqual, expectThat } from '../engine/failure.ts';
import { expectAnswer, expectError } from '../engine/result.ts';
import { get, post } from './ask.ts';
import { serve } from './serve.ts';
import { answers } from './shapes.ts';

/** Codes with which a request is never processed (section 11). */
const NEVER_PROCESSED: readonly Code[] = ['REFUSED', 'OVERLOADED', 'UNREACHABLE'];
const LOWER = { MAYBE: 'maybe', NO: 'no', YES: 'yes' } as const;

/** The truths that an acceptor may say beside that code. */
function truthsOf(code: Code): readonly Processed[] {
  return NEVER_PROCESSED.includes(code) ? ['NO'] : PROCESSED;
}

/** One request for each truth, all of which are cancelled with that code. */
function reported(code: Code): ClientCase {
  const truths = truthsOf(code);
  return {
    rule: 'W-091',
    name: `a Cancel ${code} fails the request with that code, and its truth`,
    requests: truths.map((truth) => get(`/${truth}`)),
    async run(client) {
      const link = await client.link();
      // A client may repeat what was not processed, a few times.
      const results = await serve(client, link, ({ id, path }) => {
        const truth = truths.find((one) => path === `/${one}`) ?? 'MAYBE';
        link.send(cancel(id, code, truth));
      });
      for (const [at, truth] of truths.entries()) expectError(results[at], [code], LOWER[truth]);
    },
  };
}

/** A Cancel of these bytes behind its id. */
function cancelOf(id: number, ...pieces: readonly Uint8Array[]): Crafted {
  return { bytes: bytes(6, uint(1, id), ...pieces), note: { kind: 'cancel', id } };
}

const received: readonly ClientCase[] = [
  ...CODES.filter((code) => code !== 'NO_ERROR').map(reported),
  ...(
    [
      ['an unknown code is INTERNAL', [uint(2, 99), uint(3, 2)], 'INTERNAL', 'yes'],
      ['a code of 2^32 - 1 is INTERNAL', [uint(2, 2 ** 32 - 1)], 'INTERNAL', 'maybe'],
      ['an unknown truth is MAYBE', [uint(2, 2), uint(3, 7)], 'INTERNAL', 'maybe'],
      ['a message is for people', [uint(2, 2), bytes(4, 'x'.repeat(5_000))], 'INTERNAL', 'maybe'],
      ['an empty Cancel is NO_ERROR, which is PROTOCOL', [], 'PROTOCOL', 'maybe'],
    ] as const
  ).map(
    ([name, pieces, code, processed]): ClientCase => ({
      rule: 'W-113',
      name: `in a Cancel, ${name}`,
      requests: [get('/cancelled'), get('/last')],
      async run(client) {
        const link = await client.link();
        const { id } = await link.request('/cancelled');
        const last = await link.request('/last');
        link.send(cancelOf(id, ...pieces));
        link.answer(last.id, 200);
        const results = await client.results();
        expectError(results[0], [code], processed);
        expectAnswer(results[1], { status: 200 });
      },
    }),
  ),
  {
    rule: 'W-091',
    name: 'a Cancel in the middle of a response fails the call, and no other',
    requests: [get('/cut'), get('/last')],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/cut');
      const last = await link.request('/last');
      link.answer(id, 200, [], { more: true });
      link.send(data(id, 'half'), cancel(id, 'UPSTREAM', 'YES'));
      link.answer(last.id, 200);
      const results = await client.results();
      expectError(results[0], ['UPSTREAM'], 'yes');
      expectAnswer(results[1], { status: 200 });
    },
  },
  {
    rule: 'W-091',
    name: 'a Cancel in the middle of an upload stops it',
    requests: [post('/up', 100_000, { chunk: 1_000 }), get('/last')],
    async run(client) {
      const link = await client.link({ autoCredit: false, limits: { streamWindow: 1_000 } });
      const { id } = await link.request('/up');
      const last = await link.request('/last');
      link.send(cancel(id, 'TIMEOUT', 'MAYBE'));
      link.grant(id, 100_000);
      await link.alive();
      link.answer(last.id, 200);
      const results = await client.results();
      expectError(results[0], ['TIMEOUT'], 'maybe');
      expectAnswer(results[1], { status: 200 });
    },
  },
  answers(
    'W-091',
    'a Cancel behind the end is ignored',
    { status: 200, body: 'ok' },
    (link, id) => {
      link.answer(id, 200, [], { body: 'ok' });
      link.send(cancel(id, 'INTERNAL', 'YES'), cancel(id, 'NO_ERROR', 'YES'));
    },
  ),
];

const early: readonly ClientCase[] = [
  {
    rule: 'W-035',
    name: 'NO_ERROR behind a whole response stops the upload, and the response stands',
    requests: [post('/', 1_000_000, { chunk: 10_000 }), get('/last')],
    async run(client) {
      const link = await client.link({ autoCredit: false });
      const { id } = await link.request('/');
      const last = await link.request('/last');
      link.answer(id, 200, [], { body: 'enough' });
      link.send(cancel(id, 'NO_ERROR', 'YES'));
      link.grant(id, 1_000_000);
      await link.alive();
      link.answer(last.id, 200);
      const results = await client.results();
      expectAnswer(results[0], { status: 200, body: 'enough' });
      expectAnswer(results[1], { status: 200 });
    },
  },
  {
    rule: 'W-035',
    name: 'NO_ERROR behind a whole streamed response does so too',
    requests: [post('/', 1_000_000, { chunk: 10_000 }), get('/last')],
    async run(client) {
      const link = await client.link({ autoCredit: false });
      const { id } = await link.request('/');
      const last = await link.request('/last');
      link.answer(id, 200, [], { more: true });
      link.send(data(id, 'enough', true), cancel(id, 'NO_ERROR', 'YES'));
      link.answer(last.id, 200);
      const results = await client.results();
      expectAnswer(results[0], { status: 200, body: 'enough' });
      expectAnswer(results[1], { status: 200 });
    },
  },
  {
    rule: 'W-035',
    name: 'a whole response does not stop an upload that nobody cancels',
    requests: [post('/', 100_000, { chunk: 10_000 }), get('/last')],
    async run(client) {
      const link = await client.link({ autoCredit: false, limits: { streamWindow: 1_000 } });
      const { id } = await link.request('/');
      const last = await link.request('/last');
      link.answer(id, 200, [], { body: 'early' });
      link.grant(id, 99_000);
      expectEqual('the length', (await link.rest(id)).body.length, 100_000);
      link.answer(last.id, 200);
      expectAnswer((await client.results())[0], { status: 200, body: 'early' });
    },
  },
  ...(['NO', 'YES', 'MAYBE'] as const).map(
    (truth): ClientCase => ({
      rule: 'W-035',
      name: `NO_ERROR before the response, processed ${truth}, fails the call as PROTOCOL`,
      requests: [get('/none'), get('/last')],
      async run(client) {
        const link = await client.link();
        const results = await serve(client, link, ({ id, path }) => {
          if (path === '/none') link.send(cancel(id, 'NO_ERROR', truth));
          else link.answer(id, 200);
        });
        expectError(results[0], ['PROTOCOL'], LOWER[truth]);
        expectAnswer(results[1], { status: 200 });
      },
    }),
  ),
  {
    rule: 'W-035',
    name: 'NO_ERROR in the middle of a response fails the call as PROTOCOL',
    requests: [get('/half'), get('/last')],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/half');
      const last = await link.request('/last');
      link.answer(id, 200, [], { more: true });
      link.send(data(id, 'half'), cancel(id, 'NO_ERROR', 'YES'));
      link.answer(last.id, 200);
      expectError((await client.results())[0], ['PROTOCOL'], 'yes');
    },
  },
];

const said: readonly ClientCase[] = [
  {
    rule: 'W-091',
    name: 'a client that gives up says Cancel, and nothing further of the stream',
    requests: [get('/', { cancelOn: 'head' }), get('/last')],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/');
      const last = await link.request('/last');
      link.answer(id, 200, [], { more: true });
      await link.cancelled(id, 'CANCEL');
      link.send(data(id, 'late'), data(id, 'later', true));
      await link.alive();
      link.answer(last.id, 200);
      const results = await client.results();
      expectEqual('the result', results[0]?.cancelled, true);
      expectAnswer(results[1], { status: 200 });
    },
  },
  {
    rule: 'W-091',
    name: 'both sides may say Cancel at once',
    requests: [get('/', { cancelOn: 'head' }), get('/last')],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/');
      const last = await link.request('/last');
      link.answer(id, 200, [], { more: true });
      await link.cancelled(id, 'CANCEL');
      link.send(cancel(id, 'INTERNAL', 'YES'));
      link.answer(last.id, 200);
      const results = await client.results();
      expectEqual('the result', results[0]?.cancelled, true);
      expectAnswer(results[1], { status: 200 });
    },
  },
  {
    rule: 'W-091',
    name: 'a client that gives up in the middle of its upload sends nothing further of it',
    requests: [post('/up', 100_000, { chunk: 1_000, cancelOn: 'head' }), get('/last')],
    async run(client) {
      const link = await client.link({ autoCredit: false, limits: { streamWindow: 1_000 } });
      const { id } = await link.request('/up');
      const last = await link.request('/last');
      link.answer(id, 200, [], { more: true });
      await link.cancelled(id, 'CANCEL');
      link.grant(id, 100_000);
      await link.alive();
      link.answer(last.id, 200);
      expectEqual('the result', (await client.results())[0]?.cancelled, true);
    },
  },
  {
    rule: 'W-091',
    name: 'a client may give up at an informational response',
    requests: [get('/', { cancelOn: 'info' }), get('/last')],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/');
      const last = await link.request('/last');
      link.inform(id, 103);
      await link.alive();
      link.answer(id, 200);
      link.answer(last.id, 200);
      const results = await client.results();
      // A client that ignores informational responses has nothing to give up at.
      const isRight = results[0]?.cancelled === true || results[0]?.status === 200;
      expectThat(isRight, 'a call that was cancelled', JSON.stringify(results[0]) ?? 'nothing');
      expectAnswer(results[1], { status: 200 });
    },
  },
];

/** Section 10: Cancel, by either side. */
export const cancels: readonly ClientCase[] = [...received, ...early, ...said];
