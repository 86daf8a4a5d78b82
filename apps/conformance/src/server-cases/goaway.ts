import type { ServerCase } from '../case.ts';
import { get, op, post } from '../craft/head.ts';
import { data, goaway, ping, request } from '../craft/record.ts';
import { expectEqual, expectThat, Failure } from '../engine/failure.ts';
import type { ServerLink } from '../engine/server-link.ts';
import { text } from '../engine/text.ts';
import { describe } from '../referee/said.ts';
import { hold } from './holding.ts';

/** Asks the server to leave, and takes its answer and step one. */
async function leaves(link: ServerLink): Promise<number> {
  const id = link.ask(get('/leave'));
  expectEqual('the body', text((await link.answer(id)).body), 'leaving');
  await link.next('goaway', ({ final }) => !final, 'step one: a Goaway that is not final');
  return id;
}

/** Takes step two, and gives the last id. */
async function stepTwo(link: ServerLink): Promise<number> {
  const said = await link.next('goaway', ({ final }) => final, 'step two: a final Goaway');
  if (said.code !== 'NO_ERROR') throw new Failure('Goaway NO_ERROR, final', describe(said));
  return said.lastId;
}

const leaving: readonly ServerCase[] = [
  {
    rule: 'W-102',
    name: 'a server that leaves says it in two steps, and closes',
    async run(server) {
      const link = await server.open();
      const id = await leaves(link);
      expectEqual('the last id', await stepTwo(link), id);
      await link.closes();
    },
  },
  {
    rule: 'W-102',
    name: 'a server that leaves answers what it took before it closes',
    async run(server) {
      const link = await server.open({ autoCredit: false, limits: { streamWindow: 1_000 } });
      const other = await server.open();
      const name = server.name('leave');
      const held = await hold(server, link, name);
      const upload = link.ask(post('/sink'), { more: true });
      const large = link.ask(get('/bytes/70000'));
      const last = await leaves(link);
      const lastId = await stepTwo(link);
      expectThat(lastId >= last, `a last id from ${last}`, String(lastId));
      await link.upload(upload, new Uint8Array(50_000));
      expectEqual('the length', text((await link.answer(upload)).body), '50000');
      await other.get(`/release/${name}`);
      expectEqual('the body', text((await link.answer(held)).body), 'held');
      link.grant(large, 69_000);
      expectEqual('the length', (await link.answer(large)).body.length, 70_000);
      await link.closes();
    },
  },
  {
    rule: 'W-102',
    name: 'a server that leaves waits a moment, and no longer, for a dialer that answers no ping',
    async run(server) {
      const link = await server.open({ autoPong: false });
      const id = await leaves(link);
      expectEqual('the last id', await stepTwo(link), id);
      await link.closes();
    },
  },
  {
    rule: 'W-107',
    name: 'a server that closes drops the connection, also when the dialer keeps its side open',
    async run(server) {
      const link = await server.open({ halfOpen: true });
      await leaves(link);
      await stepTwo(link);
      await link.isDropped();
    },
  },
  {
    rule: 'W-101',
    name: 'a request that comes between the two steps is answered, or is above the last id',
    async run(server) {
      const link = await server.open({ autoPong: false });
      await leaves(link);
      const id = link.ask(get('/'));
      const said = await link.until('an answer or step two', () => {
        const isIts = (one: { readonly id: number }) => one.id === id;
        return link.taken('response', isIts) ?? link.taken('goaway', ({ final }) => final);
      });
      if (said.kind === 'goaway' && said.lastId >= id) await link.answer(id);
      await link.closes();
    },
  },
  {
    rule: 'W-105',
    name: 'behind step two, requests above the last id are dropped without a Cancel, and hits are not counted',
    async run(server) {
      const link = await server.open();
      const other = await server.open();
      const name = server.name('late');
      const held = await hold(server, link, name);
      await leaves(link);
      await stepTwo(link);
      // Their heads run through the table, their ids count, and their data's credit is given back.
      link.ask({ ops: [op.value(0), op.store(1, 4)], text: ['GET', `/hit/${name}`] });
      link.ask({ ops: [op.value(0), op.field(4)], text: ['GET'] });
      const upload = link.ask(post(`/hit/${name}`), { more: true });
      for (let i = 0; i < 10; i++) link.send(data(upload, new Uint8Array(16_384)));
      link.send(ping(1));
      await link.next('pong');
      await other.get(`/release/${name}`);
      expectEqual('the body', text((await link.answer(held)).body), 'held');
      await link.closes();
      expectEqual('the hits', text((await other.get(`/hits/${name}`)).body), '0');
    },
  },
  {
    rule: 'W-059',
    name: 'behind step two, the heads of dropped requests are run: one that cannot be ends the link',
    async run(server) {
      const link = await server.open();
      link.ask(get(`/hold/${server.name('late')}`));
      await leaves(link);
      await stepTwo(link);
      link.ask({ ops: [op.value(0), op.field(40)], text: ['GET'] });
      await link.fails('COMPRESSION');
    },
  },
];

const theirs: readonly ServerCase[] = [
  {
    rule: 'W-106',
    name: 'a server goes on with what it took from a dialer that leaves, and closes nothing by itself',
    async run(server) {
      const link = await server.open();
      const other = await server.open();
      const name = server.name('dialer');
      const held = await hold(server, link, name);
      await link.alive();
      link.send(goaway(0, false));
      await other.get(`/release/${name}`);
      expectEqual('the body', text((await link.answer(held)).body), 'held');
      link.send(ping(1));
      await link.next('pong');
    },
  },
  {
    rule: 'W-103',
    name: "a dialer's final Goaway for an error is taken",
    async run(server) {
      const link = await server.open();
      link.send(goaway(0, true, 'COMPRESSION'));
      link.endWriting();
      await link.closes();
      await (await server.open()).alive();
    },
  },
  {
    rule: 'W-103',
    name: 'nothing that comes behind a fault is read',
    async run(server) {
      const link = await server.open();
      const name = server.name('behind');
      const fault = { bytes: Uint8Array.of(0), note: undefined };
      link.send(fault, request(get(`/hit/${name}`)));
      await link.fails('PROTOCOL');
      const hits = await (await server.open()).get(`/hits/${name}`);
      expectEqual('the hits', text(hits.body), '0');
    },
  },
  {
    rule: 'W-103',
    name: 'an error of one link leaves the others alone',
    async run(server) {
      const other = await server.open();
      const link = await server.open();
      link.sendParts({ extra: Uint8Array.of(0) });
      await link.fails('PROTOCOL');
      await other.alive();
    },
  },
  {
    rule: 'W-103',
    name: "what was answered before a fault stands, and the Goaway's last id covers it",
    async run(server) {
      const link = await server.open();
      for (let i = 0; i < 3; i++) await link.alive();
      const held = link.ask(get(`/hold/${server.name('fault')}`));
      await link.alive();
      link.sendParts({ plain: new Uint8Array(1), crc: 0 });
      const said = await link.next('goaway', ({ final }) => final, 'a final Goaway');
      expectThat(said.lastId > held, `a last id from ${held + 1}`, describe(said));
      await link.closes();
    },
  },
];

/** Section 10: Goaway. */
export const leavingCases: readonly ServerCase[] = [...leaving, ...theirs];
