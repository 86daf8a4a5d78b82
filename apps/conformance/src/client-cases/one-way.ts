import type { ClientCase } from '../case.ts';
import { fieldsOnly } from '../craft/head.ts';
import { cancel, credit, data, goaway, trailers } from '../craft/record.ts';
import { expectEqual, expectThat } from '../engine/failure.ts';
import { expectAnswer, expectError, type Result } from '../engine/result.ts';
import type { SaidOf } from '../referee/said.ts';
import { get, post } from './ask.ts';

function expectSent(result: Result | undefined): void {
  expectThat(result?.sent === true, '{ "sent": true }', JSON.stringify(result) ?? 'nothing');
}

function expectOneWay(request: SaidOf<'request'>): void {
  expectThat(request.oneWay, 'a one-way request', 'another');
}

/** Section 7: one-way requests. */
export const oneWay: readonly ClientCase[] = [
  {
    rule: 'W-124',
    name: 'a one-way request is complete, and its client waits for nothing',
    needs: 'one-way',
    requests: [post('/tell', 1_000, { oneWay: true })],
    async run(client) {
      const link = await client.link();
      const request = await link.request('/tell');
      expectOneWay(request);
      expectEqual('the length of the body', request.body.length, 1_000);
      expectSent((await client.results())[0]);
    },
  },
  {
    rule: 'W-124',
    name: 'whatever is said for a one-way request is dropped',
    needs: 'one-way',
    requests: [get('/tell', { oneWay: true }), get('/ask')],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/tell');
      const asked = await link.request('/ask');
      link.answer(id, 200, [], { more: true });
      link.send(data(id, 'x'.repeat(1_000)), trailers(id, fieldsOnly([])));
      link.send(credit(id, 5), cancel(id, 'INTERNAL', 'YES'));
      link.answer(id, 500);
      await link.alive();
      link.answer(asked.id, 200, [], { body: 'answered' });
      const results = await client.results();
      expectSent(results[0]);
      expectAnswer(results[1], { status: 200, body: 'answered' });
    },
  },
  {
    rule: 'W-127',
    name: 'a one-way request is not sent behind a Goaway, and is not processed',
    needs: 'one-way',
    requests: [get('/ask'), get('/tell', { oneWay: true, after: 0 })],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/ask');
      link.send(goaway(0, false));
      await link.alive();
      link.answer(id, 200);
      const results = await client.results();
      expectAnswer(results[0], { status: 200 });
      expectError(results[1], [], 'no');
    },
  },
  {
    rule: 'W-127',
    name: 'a one-way request that was written is done, whatever its link comes to',
    needs: 'one-way',
    requests: [get('/tell', { oneWay: true }), get('/ask')],
    async run(client) {
      const link = await client.link();
      await link.request('/tell');
      await link.request('/ask');
      link.send(goaway(0, true, 'INTERNAL'));
      link.endWriting();
      await link.closes();
      const results = await client.results();
      expectSent(results[0]);
      expectError(results[1], [], 'no');
    },
  },
];
