import type { ClientCase } from '../case.ts';
import { cancel, data } from '../craft/record.ts';
import type { ClientLink } from '../engine/client-link.ts';
import { expectEqual, expectThat } from '../engine/failure.ts';
import type { OrderedRequest } from '../engine/order.ts';
import { expectAnswer, expectError, type Result } from '../engine/result.ts';
import { get } from './ask.ts';

const FIELDS = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'kit'],
] as const;

/** More than a stream's credit at first. */
const MUCH = 600_000;

function ask(body: number, rest: Partial<OrderedRequest> = {}): OrderedRequest {
  return get('/switch', { fields: FIELDS, upgrade: true, body, ...rest });
}

/** Takes the request; it is open, and nothing of its direction comes before its answer. */
async function asked(link: ClientLink): Promise<number> {
  const { id, more, body } = await link.request('/switch');
  expectEqual('whether there is more', more, true);
  expectEqual('the length of the body', body.length, 0);
  await link.alive();
  const early = link.taken('data', (said) => said.id === id);
  expectThat(early === undefined, 'nothing before the answer', 'Data');
  return id;
}

/** One request that asks for another protocol, and what the kit makes of it. */
function switches(
  rule: string,
  name: string,
  request: OrderedRequest,
  run: (link: ClientLink, id: number) => Promise<void>,
  judge: (result: Result | undefined) => void,
): ClientCase {
  return {
    rule,
    name,
    needs: 'upgrade',
    requests: [request, get('/last')],
    async run(client) {
      const link = await client.link();
      const id = await asked(link);
      const last = await link.request('/last');
      await run(link, id);
      link.answer(last.id, 200, [], { body: 'last' });
      const results = await client.results();
      judge(results[0]);
      expectAnswer(results[1], { status: 200, body: 'last' });
    },
  };
}

/** Section 7: other protocols. */
export const switching: readonly ClientCase[] = [
  switches(
    'W-129',
    'a request that asks for another protocol says nothing before its answer',
    ask(1_000),
    async (link, id) => {
      link.inform(id, 103);
      link.answer(id, 101, FIELDS, { more: true });
      expectEqual('the length of what came', (await link.rest(id)).body.length, 1_000);
      link.send(data(id, 'raw '), data(id, 'bytes', true));
    },
    (result) => expectAnswer(result, { status: 101, body: 'raw bytes' }),
  ),
  switches(
    'W-130',
    'the end of one direction leaves the other as it is',
    ask(MUCH, { chunk: 10_000 }),
    async (link, id) => {
      link.answer(id, 101, FIELDS, { more: true });
      link.send(data(id, 'done', true));
      await link.alive();
      link.grant(id, MUCH);
      expectEqual('the length of what came', (await link.rest(id)).body.length, MUCH);
    },
    (result) => expectAnswer(result, { status: 101, body: 'done' }),
  ),
  switches(
    'W-131',
    'what is refused ends, and its response is one like any other',
    ask(1_000),
    async (link, id) => {
      link.answer(id, 403, [], { body: 'no' });
      expectEqual('the length of what came', (await link.rest(id)).body.length, 0);
    },
    (result) => expectAnswer(result, { status: 403, body: 'no' }),
  ),
  switches(
    'W-131',
    'a refusal may have a body in pieces, and a Cancel NO_ERROR behind it',
    ask(1_000),
    async (link, id) => {
      link.answer(id, 426, [], { more: true });
      link.send(data(id, 'not '), data(id, 'here', true), cancel(id, 'NO_ERROR', 'YES'));
      await link.alive();
    },
    (result) => expectAnswer(result, { status: 426, body: 'not here' }),
  ),
  switches(
    'W-132',
    'a Cancel behind 101 ends it, processed YES or MAYBE',
    ask(1_000),
    async (link, id) => {
      link.answer(id, 101, FIELDS, { more: true });
      await link.rest(id);
      link.send(data(id, 'some'), cancel(id, 'UPSTREAM', 'YES'));
    },
    (result) => expectError(result, ['UPSTREAM'], 'yes'),
  ),
  switches(
    'W-132',
    'what may have been processed is not asked for again',
    ask(1_000),
    async (link, id) => {
      link.send(cancel(id, 'INTERNAL', 'MAYBE'));
      await link.alive();
      const again = link.taken('request', ({ path }) => path === '/switch');
      expectThat(again === undefined, 'no request for /switch', 'another');
    },
    (result) => expectError(result, ['INTERNAL'], 'maybe'),
  ),
];
