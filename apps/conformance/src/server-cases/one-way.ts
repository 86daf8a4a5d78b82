import type { ServerCase } from '../case.ts';
import { ask, fieldsOnly, get, op, post } from '../craft/head.ts';
import { cancel, credit, data, request, trailers } from '../craft/record.ts';
import { expectEqual, Failure } from '../engine/failure.ts';
import type { ServerLink } from '../engine/server-link.ts';
import type { ServerUnderTest } from '../engine/server-under-test.ts';
import { text } from '../engine/text.ts';
import { expectNoneHeld, hold } from './holding.ts';
import { endsStream, remember } from './shapes.ts';

/** How long to wait before the count is asked for again, in ms. */
const PAUSE_MS = 10;
const MAX_INLINE_BODY = 65_536;

/** Waits until `/hit/NAME` has been handled so often. What says nothing back can only be counted. */
async function expectHits(
  server: ServerUnderTest,
  link: ServerLink,
  name: string,
  wanted: number,
): Promise<void> {
  const giveUpAt = performance.now() + server.timeoutMs;
  for (;;) {
    const count = text((await link.get(`/hits/${name}`)).body);
    if (count === String(wanted)) return;
    if (performance.now() > giveUpAt) throw new Failure(`${wanted} hits`, count);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Something of one-way requests that leaves so many hits under a name, and no word. */
function hits(
  rule: string,
  name: string,
  wanted: number,
  say: (link: ServerLink, path: string) => unknown,
): ServerCase {
  return {
    rule,
    name,
    async run(server) {
      const link = await server.open();
      const others = await remember(link);
      const word = server.name(`one-way-${wanted}`);
      await say(link, `/hit/${word}`);
      await link.alive();
      await expectHits(server, link, word, wanted);
      await others();
    },
  };
}

const handled: readonly ServerCase[] = [
  hits('W-124', 'a one-way request is handled, and nothing is said back', 1, (link, path) =>
    link.ask(get(path), { oneWay: true }),
  ),
  hits('W-124', 'one-way requests stand among others', 3, async (link, path) => {
    const tell = request(get(path), { oneWay: true });
    link.send(tell, request(get('/')), tell, request(get('/')), tell);
    await link.get('/status/204');
  }),
  hits('W-124', 'a one-way request with a body and a deadline is handled', 1, (link, path) =>
    link.ask(post(path), { oneWay: true, body: 'x'.repeat(MAX_INLINE_BODY), timeoutMs: 60_000 }),
  ),
  hits('W-124', 'what the handler of a one-way request makes of it is not said', 0, (link) => {
    const paths = ['/fail', '/fail-body', '/info', '/trailers', '/bytes/100000', '/nowhere'];
    for (const path of paths) link.ask(get(path), { oneWay: true });
  }),
  hits('W-124', 'what comes for a one-way request is dropped', 2, async (link, path) => {
    const id = link.ask(get(path), { oneWay: true });
    link.send(data(id, 'x'.repeat(1_000), true), trailers(id, fieldsOnly([])));
    link.send(credit(id, 2 ** 31 - 1), credit(id, 2 ** 31 - 1), cancel(id));
    // The link's credit comes back, so far more than there is of it can be said.
    for (let said = 0; said < 4_000_000; said += 16_000) {
      await link.until('the credit of the link back', () =>
        link.referee.streams.kitLinkCredit >= 16_000 ? true : undefined,
      );
      link.send(data(id, 'x'.repeat(16_000)));
    }
    link.ask(get(path), { oneWay: true });
  }),
  endsStream('W-124', 'one_way and more end the stream', 'PROTOCOL', ['NO'], (link) =>
    link.ask(post('/sink'), { oneWay: true, more: true }),
  ),
];

const dropped: readonly ServerCase[] = [
  hits(
    'W-125',
    'one-way requests that break a rule are dropped without a word, and their heads run through the table',
    1,
    (link, path) => {
      link.ask(ask('GE T', path), { oneWay: true });
      link.ask(get(path, [['a b', 'c']]), { oneWay: true });
      link.ask(get(path, [['x', 'y'.repeat(16_385)]]), { oneWay: true });
      link.ask(post(path), { oneWay: true, body: 'x'.repeat(MAX_INLINE_BODY + 1) });
      const storing = [op.value(0), op.store(1, 30), op.literal()];
      link.ask({ ops: storing, text: ['GET', path, 'a b', 'c'] }, { oneWay: true });
      link.ask({ ops: [op.value(0), op.field(30)], text: ['GET'] }, { oneWay: true });
    },
  ),
];

const bounds: readonly ServerCase[] = [
  {
    rule: 'W-126',
    name: 'neither a Cancel nor the end of its link stops the handler of a one-way request',
    async run(server) {
      const word = server.name('one-way-hold');
      const link = await server.open();
      link.send(cancel(await hold(server, link, word, { oneWay: true })));
      await link.alive();
      link.endWriting();
      await link.closes();
      const other = await server.open();
      expectEqual('held', text((await other.get(`/held/${word}`)).body), '1');
      expectEqual('released', text((await other.get(`/release/${word}`)).body), '1');
      await expectNoneHeld(server, other, word);
    },
  },
  {
    rule: 'W-126',
    name: 'the deadline of a one-way request stops its handler',
    async run(server) {
      const word = server.name('one-way-deadline');
      const link = await server.open();
      await hold(server, link, word, { oneWay: true, timeoutMs: 300 });
      await expectNoneHeld(server, link, word);
      await link.alive();
    },
  },
  {
    rule: 'W-126',
    name: 'a one-way request is handled though its link ends at once',
    async run(server) {
      const word = server.name('one-way-gone');
      const link = await server.open();
      link.ask(get(`/hit/${word}`), { oneWay: true });
      link.endWriting();
      await link.closes();
      await expectHits(server, await server.open(), word, 1);
    },
  },
  {
    rule: 'W-127',
    name: 'a server that leaves counts one-way requests in its last id, and does not wait for their handlers',
    async run(server) {
      const word = server.name('one-way-leave');
      const link = await server.open();
      const id = link.send(
        request(get('/leave')),
        request(post(`/hold/${word}`), { oneWay: true }),
      );
      await link.answer(id - 1);
      const said = await link.next('goaway', ({ final }) => final, 'the final Goaway');
      expectEqual('the last id', said.lastId, id);
      await link.closes();
      const other = await server.open();
      expectEqual('released', text((await other.get(`/release/${word}`)).body), '1');
    },
  },
];

/** Section 7: one-way requests. */
export const oneWay: readonly ServerCase[] = [...handled, ...dropped, ...bounds];
