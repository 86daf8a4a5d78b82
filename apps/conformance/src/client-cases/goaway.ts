import type { ClientCase } from '../case.ts';
import { bytes, uint } from '../craft/protobuf.ts';
import { type Crafted, cancel, credit, data, goaway } from '../craft/record.ts';
import type { ClientLink } from '../engine/client-link.ts';
import type { ClientUnderTest } from '../engine/client-under-test.ts';
import { expectEqual, expectThat } from '../engine/failure.ts';
import { expectAnswer, expectError } from '../engine/result.ts';
import { counted } from '../engine/text.ts';
import { get, post } from './ask.ts';
import { expectBytes } from './serve.ts';
import { endsLink } from './shapes.ts';

const PATHS = ['/a', '/b', '/c'];
const THREE = PATHS.map((path) => get(path));

/** Three requests that are under way, in the order of their ids, each with its place in the order. */
async function three(link: ClientLink): Promise<{ id: number; path: string; at: number }[]> {
  const asked = [];
  for (const [at, path] of PATHS.entries()) {
    const { id } = await link.request(path);
    asked.push({ id, path, at });
  }
  return asked.sort((a, b) => a.id - b.id);
}

/** Three requests, of which the kit makes something; the results stand in the order of their ids. */
function ofThree(
  rule: string,
  name: string,
  say: (link: ClientLink, ids: readonly [number, number, number]) => unknown,
  judge: (results: Awaited<ReturnType<ClientUnderTest['results']>>) => unknown,
): ClientCase {
  return {
    rule,
    name,
    requests: THREE,
    async run(client) {
      const link = await client.link();
      const asked = await three(link);
      const [a = 0, b = 0, c = 0] = asked.map(({ id }) => id);
      await say(link, [a, b, c]);
      const results = await client.results();
      judge(asked.map(({ at }) => results[at] ?? {}));
    },
  };
}

/** A Goaway with these fields, of which the referee takes no note. */
function goawayOf(...pieces: readonly Uint8Array[]): Crafted {
  return { bytes: bytes(9, ...pieces), note: undefined };
}

const steps: readonly ClientCase[] = [
  {
    rule: 'W-100',
    name: 'behind step one those under way go on, and no further stream is opened on the link',
    requests: [get('/a'), get('/b', { after: 0 })],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/a');
      link.send(goaway(0, false));
      await link.alive();
      link.answer(id, 200, [], { body: 'went on' });
      const results = await client.results();
      expectAnswer(results[0], { status: 200, body: 'went on' });
      // It has no other link to go to.
      expectError(results[1], [], 'no');
    },
  },
  {
    rule: 'W-100',
    name: 'last_id and code of step one mean nothing',
    requests: [get('/a')],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/a');
      link.send(goaway(0, false, 'INTERNAL'));
      await link.alive();
      link.answer(id, 200);
      expectAnswer((await client.results())[0], { status: 200 });
    },
  },
  {
    rule: 'W-100',
    name: 'behind step one an upload and its answer go on to their end',
    requests: [post('/up', 100_000, { chunk: 1_000 })],
    async run(client) {
      const link = await client.link({ autoCredit: false, limits: { streamWindow: 1_000 } });
      const { id } = await link.request('/up');
      link.send(goaway(0, false));
      await link.alive();
      link.send(credit(id, 99_000));
      expectBytes((await link.rest(id)).body, counted(100_000));
      link.send(goaway(id, true));
      link.answer(id, 200, [], { more: true });
      link.send(data(id, 'half '));
      await link.alive();
      link.send(data(id, 'whole', true));
      expectAnswer((await client.results())[0], { status: 200, body: 'half whole' });
    },
  },
  ofThree(
    'W-101',
    'streams above the last id of step two fail as not processed, the others are answered',
    async (link, [a, b]) => {
      link.send(goaway(0, false));
      await link.alive();
      link.send(goaway(b, true));
      await link.alive();
      link.answer(a, 200, [], { body: 'one' });
      link.answer(b, 200, [], { body: 'two' });
      await link.closes();
    },
    ([a, b, c]) => {
      expectAnswer(a, { status: 200, body: 'one' });
      expectAnswer(b, { status: 200, body: 'two' });
      expectError(c, [], 'no');
    },
  ),
  ofThree(
    'W-101',
    'step two with last id 0 leaves nothing that was processed',
    async (link) => {
      link.send(goaway(0, true));
      await link.closes();
    },
    (results) => {
      for (const result of results) expectError(result, [], 'no');
    },
  ),
  ofThree(
    'W-101',
    'step two with the highest id leaves all to be answered',
    async (link, [a, b, c]) => {
      link.send(goaway(0, false), goaway(c, true));
      await link.alive();
      for (const id of [c, a, b]) link.answer(id, 200);
    },
    (results) => {
      for (const result of results) expectAnswer(result, { status: 200 });
    },
  ),
  ofThree(
    'W-101',
    'the last id may fall with a later Goaway',
    async (link, [a, b]) => {
      link.send(goaway(b, true), goaway(b, true), goaway(a, true));
      await link.alive();
      link.answer(a, 200);
    },
    ([a, b, c]) => {
      expectAnswer(a, { status: 200 });
      expectError(b, [], 'no');
      expectError(c, [], 'no');
    },
  ),
  ofThree(
    'W-101',
    'only the last ids of final ones are compared',
    async (link, [a, b, c]) => {
      link.send(goaway(c, false), goaway(a, false), goaway(b, true), goaway(c, false));
      await link.alive();
      for (const id of [a, b]) link.answer(id, 200);
    },
    ([a, b, c]) => {
      expectAnswer(a, { status: 200 });
      expectAnswer(b, { status: 200 });
      expectError(c, [], 'no');
    },
  ),
  ofThree(
    'W-101',
    'a last id that rises ends the link',
    async (link, [a, b]) => {
      link.send(goaway(a, true), goaway(b, true));
      await link.fails('PROTOCOL');
    },
    ([a, b, c]) => {
      expectError(a, ['PROTOCOL'], 'maybe');
      expectError(b, [], 'no');
      expectError(c, [], 'no');
    },
  ),
  ofThree(
    'W-102',
    'a Cancel behind step two says what became of a stream',
    async (link, [a, b]) => {
      link.send(goaway(b, true), cancel(a, 'INTERNAL', 'YES'));
      link.answer(b, 200);
    },
    ([a, b, c]) => {
      expectError(a, ['INTERNAL'], 'yes');
      expectAnswer(b, { status: 200 });
      expectError(c, [], 'no');
    },
  ),
];

const ends: readonly ClientCase[] = [
  {
    rule: 'W-128',
    name: 'a request whose response breaks off behind its head was processed, or may have been',
    requests: [get('/a'), get('/b')],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/a');
      await link.request('/b');
      link.answer(id, 200, [], { more: true });
      link.send(data(id, 'half'));
      await link.alive();
      link.endWriting();
      const results = await client.results();
      expectEqual('the status', results[0]?.status, 200);
      expectError(results[0], [], 'maybe');
      expectError(results[1], [], 'maybe');
    },
  },
  ...(['INTERNAL', 'TIMEOUT', 'ENHANCE_YOUR_CALM'] as const).map((code) =>
    ofThree(
      'W-117',
      `a final Goaway ${code}: what fails up to the last id fails with that code`,
      async (link, [a, b]) => {
        link.answer(a, 200);
        link.send(goaway(b, true, code));
        link.endWriting();
        await link.closes();
      },
      ([a, b, c]) => {
        expectAnswer(a, { status: 200 });
        expectError(b, [code], 'maybe');
        expectError(c, [], 'no');
      },
    ),
  ),
  ...(
    [
      ['an error of the link', (id: number) => goaway(id, true, 'INTERNAL')],
      ['a rate limit', (id: number) => goaway(id, true, 'ENHANCE_YOUR_CALM')],
      ['the close, orderly,', (id: number) => goaway(id, true)],
      ['an unknown code', (id: number) => goawayOf(uint(1, id), uint(2, 99), uint(4, 1))],
      [
        'a long message',
        (id: number) => goawayOf(uint(1, id), bytes(3, 'x'.repeat(3_000)), uint(4, 1)),
      ],
    ] as const
  ).map(([what, said]) =>
    ofThree(
      'W-103',
      `a final Goaway for ${what} and the end of the connection: up to the last id in doubt, above not processed`,
      async (link, [a]) => {
        link.send(said(a));
        link.endWriting();
        await link.closes();
      },
      ([a, b, c]) => {
        expectError(a, [], 'maybe');
        expectError(b, [], 'no');
        expectError(c, [], 'no');
      },
    ),
  ),
  ofThree(
    'W-104',
    'a connection that ends behind step one alone leaves requests in doubt',
    (link) => {
      link.send(goaway(0, false));
      link.endWriting();
    },
    (results) => {
      for (const result of results) expectError(result, [], 'maybe');
    },
  ),
  ofThree(
    'W-104',
    'a connection that ends without a word leaves what was not answered in doubt',
    async (link, [a, b]) => {
      link.answer(a, 200, [], { body: 'before' });
      link.answer(b, 200, [], { more: true });
      link.send(data(b, 'half'));
      link.endWriting();
      await link.closes();
    },
    ([a, b, c]) => {
      expectAnswer(a, { status: 200, body: 'before' });
      expectError(b, ['CLOSED'], 'maybe');
      expectError(c, ['CLOSED'], 'maybe');
    },
  ),
  ofThree(
    'W-104',
    'a connection that is reset leaves requests in doubt',
    (link) => link.destroy(),
    (results) => {
      for (const result of results) expectError(result, ['CLOSED'], 'maybe');
    },
  ),
  endsLink('W-103', 'nothing that comes behind a fault is read', 'PROTOCOL', (link, _, held) => {
    link.sendParts({ extra: Uint8Array.of(0) });
    link.answer(held, 200);
  }),
];

const leaving: readonly ClientCase[] = [
  {
    rule: 'W-102',
    name: 'a client that leaves says Goaway and closes when its streams have ended',
    requests: [get('/')],
    close: true,
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/');
      link.answer(id, 200);
      const said = await link.next('goaway');
      expectThat(!said.final, 'step one', 'a final Goaway');
      await link.closes();
      expectAnswer((await client.results())[0], { status: 200 });
    },
  },
  {
    rule: 'W-102',
    name: 'a client may leave a link that leaves too',
    requests: [get('/')],
    close: true,
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/');
      link.send(goaway(0, false));
      await link.alive();
      link.answer(id, 200);
      await link.closes();
      expectAnswer((await client.results())[0], { status: 200 });
    },
  },
];

/** Section 10: Goaway, and the end of links. */
export const leavingCases: readonly ClientCase[] = [...steps, ...ends, ...leaving];
