import type { ServerCase } from '../case.ts';
import { type Field, get, type Head, post } from '../craft/head.ts';
import { cancel, data } from '../craft/record.ts';
import { expectEqual } from '../engine/failure.ts';
import type { ServerLink } from '../engine/server-link.ts';
import { text } from '../engine/text.ts';

const FIELDS: readonly Field[] = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'kit'],
];

/** More than a stream's and a link's credit at first. */
const MUCH = Uint8Array.from({ length: 1_500_000 }, (_, i) => i % 251);

/** How long a deadline is, and how long the kit waits to be sure that it has passed, in ms. */
const DEADLINE_MS = 300;
const LONGER_MS = 400;

/** Asks for another protocol, and gives the stream once it is spoken. Nothing is said before. */
async function switched(link: ServerLink, head: Head, timeoutMs = 0): Promise<number> {
  const id = link.ask(head, { more: true, timeoutMs });
  const { status, more, fields } = await link.head(id);
  expectEqual('the status', status, 101);
  expectEqual('whether there is more', more, true);
  const upgrade = fields.filter(([name]) => name.toLowerCase() === 'upgrade');
  expectEqual(
    'the protocol',
    upgrade.map(([, value]) => value),
    ['kit'],
  );
  return id;
}

/** Takes pieces until they are so many bytes. */
async function pieces(link: ServerLink, id: number, length: number): Promise<string> {
  let found = '';
  while (found.length < length) {
    const said = await link.next('data', (one) => one.id === id);
    found += text(said.bytes);
    if (said.end) break;
  }
  return found;
}

/** Section 7: other protocols. */
export const switching: readonly ServerCase[] = [
  {
    rule: 'W-129',
    name: 'a request that asks for another protocol is answered on its head alone',
    async run(server) {
      const link = await server.open();
      for (const head of [get('/switch', FIELDS), post('/switch', FIELDS)]) {
        const id = await switched(link, head);
        link.send(data(id, '', true));
        expectEqual('the rest', text((await link.rest(id)).body), '');
      }
      await link.alive();
    },
  },
  {
    rule: 'W-130',
    name: 'behind 101 data goes both ways at once, and each direction has an end of its own',
    async run(server) {
      const link = await server.open();
      const id = await switched(link, get('/switch', FIELDS));
      for (const word of ['one', 'two', 'three']) {
        link.send(data(id, word));
        expectEqual('what comes back', await pieces(link, id, word.length), word);
        await link.alive();
      }
      link.send(data(id, 'last', true));
      expectEqual('the rest', text((await link.rest(id)).body), 'last');
      await link.alive();
    },
  },
  {
    rule: 'W-130',
    name: 'behind 101 both directions are under credit, and are given more',
    async run(server) {
      const link = await server.open();
      const id = await switched(link, get('/switch', FIELDS));
      const back = link.rest(id);
      await link.upload(id, MUCH);
      expectEqual('the length of what came back', (await back).body.length, MUCH.length);
      await link.alive();
    },
  },
  {
    rule: 'W-130',
    name: 'the deadline of a request that asks for another protocol is for its head alone',
    async run(server) {
      const link = await server.open();
      const id = await switched(link, get('/switch', FIELDS), DEADLINE_MS);
      await new Promise((resolve) => setTimeout(resolve, LONGER_MS));
      link.send(data(id, 'late', true));
      expectEqual('the rest', text((await link.rest(id)).body), 'late');
    },
  },
  {
    rule: 'W-131',
    name: 'a request that is not switched gets an answer like any other',
    async run(server) {
      const link = await server.open();
      const id = link.ask(get('/', FIELDS), { more: true });
      const { status, body } = await link.answer(id);
      expectEqual('the answer', [status, text(body)], [200, 'ok']);
      link.send(data(id, '', true));
      await link.alive();
      const long = link.ask(get('/bytes/100000', FIELDS), { more: true });
      expectEqual('the length', (await link.answer(long)).body.length, 100_000);
      link.send(data(long, '', true));
      await link.alive();
    },
  },
  {
    rule: 'W-132',
    name: 'a Cancel ends a switched stream, and no other',
    async run(server) {
      const link = await server.open();
      const one = await switched(link, get('/switch', FIELDS));
      const two = await switched(link, get('/switch', FIELDS));
      link.send(data(one, 'x'), cancel(one), data(two, 'y', true));
      expectEqual('the rest', text((await link.rest(two)).body), 'y');
      await link.alive();
    },
  },
];
