import type { ClientCase } from '../case.ts';
import type { Code, Processed } from '../codes.ts';
import { cancel, data, goaway } from '../craft/record.ts';
import type { ClientLink } from '../engine/client-link.ts';
import { expectEqual, expectThat } from '../engine/failure.ts';
import type { OrderedRequest } from '../engine/order.ts';
import { expectAnswer, expectError } from '../engine/result.ts';
import { get, post } from './ask.ts';
import { serve } from './serve.ts';

/** How often a request may be made for one order (W-109: it should give up after three attempts). */
const SANE = 10;

/** Requests that must not be made twice, however they fail. */
function once(
  name: string,
  request: OrderedRequest,
  code: string,
  processed: 'no' | 'maybe' | 'yes',
  fail: (link: ClientLink, id: number) => unknown,
): ClientCase {
  return {
    rule: 'W-109',
    name,
    requests: [request, get('/last')],
    async run(client) {
      const link = await client.link();
      const { id, more } = await link.request(request.path);
      const last = await link.request('/last');
      if (more) await link.rest(id);
      await fail(link, id);
      await link.alive();
      link.answer(last.id, 200);
      const results = await client.results();
      expectError(results[0], [code], processed);
      expectAnswer(results[1], { status: 200 });
      expectEqual('a second request', link.taken('request', () => true)?.path, undefined);
    },
  };
}

const cancelled = (code: Code, processed: Processed) => (link: ClientLink, id: number) =>
  link.send(cancel(id, code, processed));

/** A connection that is lost while a request is in doubt: no new link may be made for it. */
function notElsewhere(
  name: string,
  request: OrderedRequest,
  lose: (link: ClientLink, id: number) => unknown,
): ClientCase {
  return {
    rule: 'W-109',
    name,
    requests: [request],
    async run(client) {
      const link = await client.link();
      const { id, more } = await link.request(request.path);
      if (more) await link.rest(id);
      await lose(link, id);
      // Nobody would answer on another link, so a client that repeats has nothing to report.
      expectError((await client.results())[0], [], 'maybe');
    },
  };
}

/** What a client may repeat, and what never. */
export const retries: readonly ClientCase[] = [
  once(
    'a GET that failed as MAYBE is not made again',
    get('/once'),
    'INTERNAL',
    'maybe',
    cancelled('INTERNAL', 'MAYBE'),
  ),
  once(
    'a POST that failed as MAYBE is not made again',
    post('/once', 100),
    'TIMEOUT',
    'maybe',
    cancelled('TIMEOUT', 'MAYBE'),
  ),
  once(
    'a request that failed as YES is not made again',
    get('/once'),
    'UPSTREAM',
    'yes',
    cancelled('UPSTREAM', 'YES'),
  ),
  once(
    'a request whose body was streamed is not made again, though it was not processed',
    post('/once', 10_000, { chunk: 1_000 }),
    'UNREACHABLE',
    'no',
    cancelled('UNREACHABLE', 'NO'),
  ),
  once(
    'nothing is repeated once the final head has come',
    get('/once'),
    'UPSTREAM',
    'maybe',
    (link, id) => {
      link.answer(id, 200, [], { more: true });
      link.send(data(id, 'half'), cancel(id, 'UPSTREAM', 'MAYBE'));
    },
  ),
  once(
    'a request whose response breaks a rule is not made again',
    get('/once'),
    'PROTOCOL',
    'maybe',
    (link, id) => link.send(data(id, 'early')),
  ),
  notElsewhere('a GET in doubt is not made on another link', get('/once'), (link) =>
    link.destroy(),
  ),
  notElsewhere(
    'a PUT in doubt is not made on another link',
    post('/once', 10, { method: 'PUT' }),
    (link) => {
      link.send(goaway(link.referee.streams.highest, true, 'INTERNAL'));
      link.endWriting();
    },
  ),
  notElsewhere(
    'an upload in doubt is not made on another link',
    post('/once', 9_000, { chunk: 1_000 }),
    (link) => link.endWriting(),
  ),
  notElsewhere('a request behind step one alone is in doubt', get('/once'), (link) => {
    link.send(goaway(0, false));
    link.endWriting();
  }),
  ...(['REFUSED', 'OVERLOADED', 'UNREACHABLE'] as const).map(
    (code): ClientCase => ({
      rule: 'W-109',
      name: `a request that fails with ${code} is not repeated without end`,
      requests: [get('/busy'), get('/last')],
      async run(client) {
        const link = await client.link();
        let attempts = 0;
        const results = await serve(client, link, ({ id, path }) => {
          if (path === '/last') {
            link.answer(id, 200);
            return;
          }
          attempts++;
          expectThat(attempts <= SANE, `${SANE} attempts at most`, 'more');
          link.send(cancel(id, code, 'NO'));
        });
        expectError(results[0], [code], 'no');
        expectAnswer(results[1], { status: 200 });
      },
    }),
  ),
];
