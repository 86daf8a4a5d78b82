import type { ServerCase } from '../case.ts';
import { get, post } from '../craft/head.ts';
import { bytes, uint } from '../craft/protobuf.ts';
import { cancel, data, ping, pong, request } from '../craft/record.ts';
import { expectEqual, expectThat } from '../engine/failure.ts';
import { text } from '../engine/text.ts';
import { describe } from '../referee/said.ts';
import { expectNoneHeld, held, hold } from './holding.ts';
import { isFine } from './shapes.ts';

/** How long a deadline of these cases is: time enough for the handler to be called. */
const SOON_MS = 400;

const deadlines: readonly ServerCase[] = [
  {
    rule: 'W-090',
    name: 'what is left of the deadline reaches the handler; without one there is none',
    async run(server) {
      const link = await server.open();
      const left = Number(
        text((await link.answer(link.ask(get('/remaining'), { timeoutMs: 60_000 }))).body),
      );
      expectThat(left > 0 && left <= 60_000, 'up to 60,000 ms', String(left));
      expectEqual('what is left', text((await link.get('/remaining')).body), 'none');
      const most = 2 ** 32 - 1;
      const long = Number(
        text((await link.answer(link.ask(get('/remaining'), { timeoutMs: most }))).body),
      );
      expectThat(long > most - 60_000 && long <= most, 'nearly 2^32 - 1 ms', String(long));
    },
  },
  {
    rule: 'W-090',
    name: 'a deadline that passes ends the work, and Cancel DEADLINE says so',
    async run(server) {
      const link = await server.open();
      const name = server.name('deadline');
      const id = link.ask(get(`/hold/${name}`), { timeoutMs: SOON_MS });
      // On a slow machine the time may be over before the handler has it: then NO is true.
      const hadIt = (await held(link, name)) === 1;
      if (hadIt) await link.cancelled(id, 'DEADLINE', 'MAYBE', 'YES');
      else await link.cancelled(id, 'DEADLINE');
      await expectNoneHeld(server, link, name);
    },
  },
  {
    rule: 'W-097',
    name: "a deadline covers the exchange to the end of the response's body",
    async run(server) {
      const link = await server.open({ autoCredit: false, limits: { streamWindow: 10 } });
      const id = link.ask(get('/bytes/100000'), { timeoutMs: SOON_MS });
      await link.cancelled(id, 'DEADLINE');
      await link.alive();
    },
  },
];

const cancels: readonly ServerCase[] = [
  {
    rule: 'W-091',
    name: 'a Cancel stops the handler, and nothing further comes of the stream',
    async run(server) {
      const link = await server.open();
      const name = server.name('cancel');
      const id = await hold(server, link, name);
      link.send(cancel(id));
      await expectNoneHeld(server, link, name);
      expectEqual('those let go', text((await link.get(`/release/${name}`)).body), '0');
      await link.alive();
    },
  },
  {
    rule: 'W-091',
    name: 'a Cancel in the middle of a response stops its body',
    async run(server) {
      const link = await server.open({ autoCredit: false, limits: { streamWindow: 1_000 } });
      const id = link.ask(get('/bytes/1000000'));
      await link.head(id);
      link.send(cancel(id));
      await link.alive();
      await link.alive();
    },
  },
  {
    rule: 'W-091',
    name: 'a Cancel in the middle of an upload stops the handler',
    async run(server) {
      const link = await server.open();
      const id = link.ask(post('/sink'), { more: true });
      link.send(data(id, 'half'), cancel(id));
      await link.alive();
      link.send(data(id, 'more'), data(id, '', true));
      await link.alive();
    },
  },
  isFine('W-113', 'a Cancel with an unknown code is taken', (link) => {
    const id = link.ask(get('/hold/unknown'));
    const said = bytes(6, uint(1, id), uint(2, 4_000_000_000), uint(3, 99));
    link.send({ bytes: said, note: { kind: 'cancel', id } });
  }),
  {
    rule: 'W-104',
    name: 'the end of the connection stops the handlers',
    async run(server) {
      const name = server.name('lost');
      const lost = await server.open();
      await hold(server, lost, name);
      lost.destroy();
      await expectNoneHeld(server, await server.open(), name);
    },
  },
  {
    rule: 'W-103',
    name: 'an error of the link stops the handlers',
    async run(server) {
      const name = server.name('failed');
      const failing = await server.open();
      await hold(server, failing, name);
      failing.sendParts({ extra: Uint8Array.of(0) });
      await failing.fails('PROTOCOL');
      await expectNoneHeld(server, await server.open(), name);
    },
  },
];

const truths: readonly ServerCase[] = [
  {
    rule: 'W-092',
    name: 'a handler that fails before it has answered: status 500, or Cancel INTERNAL that is not NO',
    async run(server) {
      const link = await server.open();
      const id = link.ask(get('/fail'));
      const said = await link.until('a response or a Cancel', () => {
        const isIts = (one: { readonly id: number }) => one.id === id;
        return link.taken('response', isIts) ?? link.taken('cancel', isIts);
      });
      const isTrue =
        said.kind === 'response'
          ? said.status === 500
          : said.code === 'INTERNAL' && said.processed !== 'NO';
      expectThat(isTrue, 'status 500, or Cancel INTERNAL, processed MAYBE or YES', describe(said));
      await link.alive();
    },
  },
  {
    rule: 'W-092',
    name: 'a handler that fails in mid-answer: Cancel INTERNAL, processed YES',
    async run(server) {
      const link = await server.open();
      const id = link.ask(get('/fail-body'));
      const head = await link.head(id);
      expectEqual('the status', head.status, 200);
      await link.cancelled(id, 'INTERNAL', 'YES');
      await link.alive();
    },
  },
  {
    rule: 'W-092',
    name: 'a request that was refused with NO was not handled',
    async run(server) {
      const link = await server.open();
      const name = server.name('hit');
      const bad = get(`/hit/${name}`, [['bad name', '']]);
      await link.cancelled(link.ask(bad), 'PROTOCOL', 'NO');
      const long = get(`/hit/${name}`, [['a', 'v'.repeat(16_385)]]);
      await link.cancelled(link.ask(long), 'HEAD_LIMIT', 'NO');
      const body = { body: new Uint8Array(65_537) };
      await link.cancelled(link.ask(get(`/hit/${name}`), body), 'BODY_LIMIT', 'NO');
      await link.answer(link.ask(get(`/hit/${name}`)));
      expectEqual('the hits', text((await link.get(`/hits/${name}`)).body), '1');
    },
  },
];

const pings: readonly ServerCase[] = [
  {
    rule: 'W-093',
    name: 'a ping is answered by a pong with its token',
    async run(server) {
      const link = await server.open();
      for (const token of [0, 1, 2 ** 32 - 1]) {
        link.send(ping(token));
        await link.next('pong', (said) => said.token === token, `the pong to ping ${token}`);
      }
      await link.alive();
    },
  },
  {
    rule: 'W-093',
    name: 'a ping is answered while requests are held',
    async run(server) {
      const link = await server.open();
      for (let i = 0; i < 100; i++) link.ask(get(`/hold/${server.name('ping')}`));
      link.send(ping(5));
      await link.next('pong', ({ token }) => token === 5);
    },
  },
  isFine('W-093', 'a pong that nobody asked for is taken', (link) => {
    for (let token = 0; token < 10; token++) link.send(pong(token));
  }),
  isFine('W-021', 'a request behind a ping in one envelope is answered too', async (link) => {
    link.send(ping(1), request(get('/')), ping(2));
    await link.answer(link.referee.streams.highest);
    await link.next('pong', ({ token }) => token === 1);
    await link.next('pong', ({ token }) => token === 2);
  }),
];

/** Section 10: deadlines, cancel, ping. */
export const life: readonly ServerCase[] = [...deadlines, ...cancels, ...truths, ...pings];
