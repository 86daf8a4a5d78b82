import type { ServerCase } from '../case.ts';
import { get, op, PATH, status } from '../craft/head.ts';
import { cancel, credit, ping, request, response } from '../craft/record.ts';
import { expectEqual, expectThat } from '../engine/failure.ts';
import { counted, text } from '../engine/text.ts';
import { expectNoneHeld, hold } from './holding.ts';
import { eachEndsLink } from './shapes.ts';

const SLICE = 16_384;

const received: readonly ServerCase[] = [
  {
    rule: 'W-021',
    name: 'records are processed in the order in which they stand',
    async run(server) {
      const link = await server.open();
      const stored = { ops: [op.value(0), op.store(PATH, 4)], text: ['GET', '/target/old'] };
      const replaced = { ops: [op.value(0), op.store(PATH, 4)], text: ['GET', '/target/new'] };
      const again = { ops: [op.value(0), op.field(4)], text: ['GET'] };
      const last = link.send(request(stored), request(again), request(replaced), request(again));
      const bodies: string[] = [];
      for (let id = last - 3; id <= last; id++) bodies.push(text((await link.answer(id)).body));
      const expected = ['/target/old', '/target/old', '/target/new', '/target/new'];
      expectEqual('the targets', bodies, expected);
    },
  },
  {
    rule: 'W-021',
    name: 'a request and its Cancel may stand in one envelope',
    async run(server) {
      const link = await server.open();
      const name = server.name('both');
      link.send(request(get(`/hold/${name}`)), cancel(1));
      await expectNoneHeld(server, link, name);
    },
  },
  ...eachEndsLink('W-023', 'PROTOCOL', [
    ['a response from the dialer', { ...response(status(200), { id: 1 }), note: undefined }],
    ['a flawed response from the dialer', { ...response({}, { id: 1 }), note: undefined }],
    [
      'a response to an id that was never opened',
      { ...response(status(200), { id: 9 }), note: undefined },
    ],
  ]),
];

const sent: readonly ServerCase[] = [
  {
    rule: 'W-022',
    name: 'a small answer does not wait for a large one that has no credit',
    async run(server) {
      const link = await server.open({ autoCredit: false, limits: { streamWindow: SLICE } });
      const large = link.ask(get('/bytes/100000'));
      await link.alive();
      const head = await link.head(large);
      expectThat(head.more, 'a response with more to come', 'a whole one');
      link.send(credit(large, 100_000 - SLICE));
      expectEqual('the body', (await link.rest(large)).body.length, 100_000);
    },
  },
  {
    rule: 'W-022',
    name: 'a small answer does not wait for a large one when the link has no credit',
    async run(server) {
      const link = await server.open({ autoCredit: false, limits: { linkWindow: SLICE } });
      const large = link.ask(get('/bytes/100000'));
      await link.head(large);
      await link.alive();
      link.send(credit(0, 100_000 - SLICE));
      expectEqual('the body', (await link.rest(large)).body.length, 100_000);
    },
  },
  {
    rule: 'W-022',
    name: 'bodies that share the credit of the link go a slice of each in turn',
    async run(server) {
      const link = await server.open({ autoCredit: false, limits: { linkWindow: SLICE } });
      const ids = [link.ask(get('/bytes/200000')), link.ask(get('/bytes/200000'))];
      for (const id of ids) await link.head(id);
      const came = new Map(ids.map((id) => [id, 0]));
      for (let slices = 0; slices < 12; slices++) {
        let left = SLICE;
        while (left > 0) {
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
    async run(server) {
      const link = await server.open({ autoCredit: false, limits: { linkWindow: SLICE } });
      await link.head(link.ask(get('/bytes/1000000')));
      link.send(ping(77));
      await link.next('pong', ({ token }) => token === 77, 'the pong to ping 77');
    },
  },
  {
    rule: 'W-033',
    name: 'answers come as they are ready, in any order',
    async run(server) {
      const link = await server.open();
      const name = server.name('order');
      const held = await hold(server, link, name);
      expectEqual('those let go', text((await link.get(`/release/${name}`)).body), '1');
      expectEqual('the body', text((await link.answer(held)).body), 'held');
    },
  },
  {
    rule: 'W-033',
    name: 'a thousand requests in one envelope are each answered once, with their own answer',
    async run(server) {
      const link = await server.open();
      const heads = Array.from({ length: 1_000 }, (_, i) => get(`/target/${i}`));
      const last = link.send(...heads.map((head) => request(head)));
      for (let i = 0; i < 1_000; i++) {
        const { body } = await link.answer(last - 999 + i);
        expectEqual('the target', text(body), `/target/${i}`);
      }
      await link.alive();
    },
  },
  {
    rule: 'W-042',
    name: 'a large body comes whole and right',
    async run(server) {
      const link = await server.open();
      const { body } = await link.get('/bytes/1500000');
      expectThat(Buffer.compare(body, counted(1_500_000)) === 0, 'the bytes', 'others');
    },
  },
];

/** Section 5: records, and in which order they go. */
export const order: readonly ServerCase[] = [...received, ...sent];
