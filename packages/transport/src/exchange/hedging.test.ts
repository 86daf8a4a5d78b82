import { describe, expect, test } from 'vitest';
import { createPool, type Pool } from '../pool/pool.ts';
import type { PoolOptions } from '../pool/pool-options.ts';
import { content, pieces } from '../test/content.ts';
import { drain, get, OK, pool, post } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { outcome, thrownBy } from '../test/failure.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { acceptOpen, type ScriptedPeer, scriptedServer } from '../test/scripted-peer.ts';
import type { CallInit } from './call-init.ts';

const slow = (init: Partial<CallInit> = {}) => get('/slow', { idempotent: true, ...init });

interface Two {
  readonly client: Pool;
  readonly clock: FakeClock;
  /** The peer that gets the first attempt, and the other. */
  readonly first: ScriptedPeer;
  readonly second: ScriptedPeer;
}

/** A pool with links to two peers. */
async function two(options: PoolOptions = {}): Promise<Two> {
  const clock = new FakeClock();
  const servers = [await scriptedServer(), await scriptedServer()] as const;
  const client = pool(
    servers.map(({ url }) => url),
    { codecs: ['none'], clock, random: () => 0, hedgeAfterMs: 50, ...options },
  );
  const [first, second] = [await acceptOpen(servers[0]), await acceptOpen(servers[1])];
  await client.ready();
  return { client, clock, first, second };
}

const answer = (peer: ScriptedPeer, text: string) =>
  peer.say((encoder) => encoder.response(1, OK, Buffer.from(text), false));

describe('a call without a head after hedgeAfterMs', () => {
  test('goes out on another link, and not sooner; the second answers: the first is cancelled', async () => {
    const { client, clock, first, second } = await two();
    const call = client.call(slow());
    await first.next('request');
    clock.advance(49);
    await turns();
    expect(second.heard('request')).toEqual([]);
    clock.advance(1);
    await second.next('request');
    answer(second, 'second');
    expect((await call).text()).toBe('second');
    expect(await first.next('cancel')).toMatchObject({ id: 1, code: 'CANCEL' });
    answer(first, 'late');
    await turns();
    expect([client.pending, client.stats().hedges, client.stats().retries]).toEqual([0, 1, 0]);
  });

  test('the first answers after all: the second is cancelled', async () => {
    const { client, clock, first, second } = await two();
    const call = client.call(slow());
    await first.next('request');
    clock.advance(50);
    await second.next('request');
    answer(first, 'first');
    expect((await call).text()).toBe('first');
    expect(await second.next('cancel')).toMatchObject({ id: 1, code: 'CANCEL' });
    expect(client.pending).toBe(0);
  });

  test('an answer in time: no second attempt, and no timer stays', async () => {
    const { client, clock, first, second } = await two();
    await turns();
    const { timers } = clock;
    const call = client.call(slow({ deadlineMs: 1000 }));
    await first.next('request');
    answer(first, 'first');
    await call;
    clock.advance(2000);
    await turns();
    expect(second.heard('request')).toEqual([]);
    expect(clock.timers).toBeLessThanOrEqual(timers);
  });

  test('a 1xx head is no answer; a streamed body is the answer from its head on', async () => {
    const { client, clock, first, second } = await two();
    const call = client.call(slow());
    await first.next('request');
    clock.advance(50);
    await second.next('request');
    second.say((encoder) => encoder.response(1, OK, undefined, true));
    const read = drain((await call).body);
    await first.next('cancel');
    second.say((encoder) => encoder.data(1, content(7), true));
    expect(await read).toBe(7);
  });

  test('one attempt fails: the other counts', async () => {
    const { client, clock, first, second } = await two();
    const call = client.call(slow());
    await first.next('request');
    clock.advance(50);
    await second.next('request');
    first.say((encoder) => encoder.cancel(1, 'UPSTREAM', 'maybe'));
    await turns();
    expect(client.pending).toBe(1);
    answer(second, 'second');
    expect((await call).text()).toBe('second');
    expect(client.pending).toBe(0);
  });

  test('both fail: the call fails with what is true of both', async () => {
    const { client, clock, first, second } = await two();
    const call = outcome(client.call(slow()));
    await first.next('request');
    clock.advance(50);
    await second.next('request');
    second.say((encoder) => encoder.cancel(1, 'UPSTREAM', 'maybe'));
    await turns();
    first.say((encoder) => encoder.cancel(1, 'HEAD_LIMIT', 'no'));
    expect(await call).toBe('HEAD_LIMIT maybe');
    expect(client.pending).toBe(0);
  });

  test('both keep the deadline', async () => {
    const { client, clock, first, second } = await two();
    const late = outcome(client.call(slow({ deadlineMs: 100 })));
    await first.next('request');
    clock.advance(50);
    expect((await second.next('request')).timeoutMs).toBe(50);
    clock.advance(66);
    expect(await late).toBe('DEADLINE maybe');
    for (const peer of [first, second])
      expect(await peer.next('cancel')).toMatchObject({ id: 1, code: 'DEADLINE' });
  });

  test('both are cancelled by the signal', async () => {
    const { client, clock, first, second } = await two();
    const abort = new AbortController();
    const aborted = outcome(client.call(slow({ signal: abort.signal })));
    await first.next('request');
    clock.advance(50);
    await second.next('request');
    abort.abort();
    expect(await aborted).toBe('CANCEL maybe');
    for (const peer of [first, second])
      expect(await peer.next('cancel')).toMatchObject({ id: 1, code: 'CANCEL' });
    expect(client.pending).toBe(0);
  });

  test('what `open` throws of the answer that counts is what the call rejects with', async () => {
    const { client, clock, first, second } = await two();
    const call = client.call(slow(), () => {
      throw new RangeError('mine');
    });
    await first.next('request');
    clock.advance(50);
    await second.next('request');
    answer(second, 'second');
    await expect(call).rejects.toThrow(RangeError);
    await first.next('cancel');
  });
});

describe('no second attempt', () => {
  test.each([
    ['of a call that is not idempotent', post('/', [], {})],
    ['of a streamed body', post('/', [], { idempotent: true, stream: { source: pieces() } })],
  ])('%s', async (_name, init) => {
    const { client, clock, first, second } = await two();
    client.call(init).catch(() => {});
    await first.next('request');
    clock.advance(1000);
    await turns();
    expect(second.heard('request')).toEqual([]);
    expect(client.stats().hedges).toBe(0);
  });

  test('without another link', async () => {
    const clock = new FakeClock();
    const server = await scriptedServer();
    const client = pool(server.url, { codecs: ['none'], clock, hedgeAfterMs: 50 });
    const peer = await acceptOpen(server);
    const call = client.call(slow());
    await peer.next('request');
    clock.advance(1000);
    answer(peer, 'only');
    expect((await call).text()).toBe('only');
    expect([client.stats().hedges, client.pending]).toEqual([0, 0]);
  });

  test.each([0, 1, 3])('beyond the budget of %i', async (retryRate) => {
    const limits = { retryRate, retryPercent: 0 };
    const { client, clock, first, second } = await two({ limits });
    for (let i = 0; i < retryRate + 1; i++) client.call(slow()).catch(() => {});
    await eventually(
      () => first.heard('request').length + second.heard('request').length === retryRate + 1,
    );
    clock.advance(50);
    await eventually(() => client.stats().limitHits.get('retryBudget') === 1);
    expect(client.stats().hedges).toBe(retryRate);
  });

  test('where it is off, as it is by default; a call may ask for it alone', async () => {
    const clock = new FakeClock();
    const servers = [await scriptedServer(), await scriptedServer()];
    const client = pool(
      servers.map(({ url }) => url),
      { codecs: ['none'], clock, random: () => 0 },
    );
    const peers = await Promise.all(servers.map((server) => acceptOpen(server)));
    await client.ready();
    const asked = () => peers.reduce((sum, peer) => sum + peer.heard('request').length, 0);
    const calls = [client.call(slow()), client.call(slow({ hedgeAfterMs: 500 }))];
    await eventually(() => asked() === 2);
    clock.advance(499);
    await turns();
    expect(asked()).toBe(2);
    clock.advance(1);
    await eventually(() => asked() === 3);
    for (const peer of peers) {
      for (const { id } of peer.heard('request'))
        peer.say((encoder) => encoder.response(id, OK, undefined, false));
    }
    for (const call of calls) expect((await call).status).toBe(200);
  });
});

test('a time that is none is INVALID_ARGUMENT', async () => {
  for (const hedgeAfterMs of [-1, Number.NaN]) {
    const make = () => createPool(['teleport://127.0.0.1:1'], { hedgeAfterMs });
    expect(thrownBy(make)).toMatchObject({ code: 'INVALID_ARGUMENT', processed: 'no' });
  }
  const { client } = await two();
  expect(await outcome(client.call(slow({ hedgeAfterMs: -1 })))).toBe('INVALID_ARGUMENT no');
});
