import { describe, expect, onTestFinished, test } from 'vitest';
import type { LinkLimits } from '../limits.ts';
import type { Pool } from '../pool/pool.ts';
import { createTransportServer, type TransportServer } from '../server.ts';
import { content, noise } from '../test/content.ts';
import { get, OK, pool, post } from '../test/ends.ts';
import { turns } from '../test/eventually.ts';
import { outcome } from '../test/failure.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { type MemoryConnection, memoryPair } from '../test/memory-connection.ts';
import { shapedPair, Wire } from '../test/shaped-connection.ts';
import { VirtualClock } from '../test/virtual-clock.ts';

interface Pair {
  readonly clock: FakeClock;
  readonly near: MemoryConnection;
  readonly client: Pool;
  readonly server: TransportServer;
}

/** A client and a server in memory; only the client pings. */
async function pair(limits: Partial<LinkLimits> = {}): Promise<Pair> {
  const clock = new FakeClock();
  const [near, far] = memoryPair();
  const server = createTransportServer(
    (exchange) => {
      if (exchange.path !== '/never') exchange.respond(OK, undefined, undefined);
    },
    { clock, limits: { keepaliveMs: 1e9 } },
  );
  server.accept(far);
  let dialled = 0;
  const client = pool('teleport://memory:1', {
    clock,
    dial: () => (dialled++ === 0 ? Promise.resolve(near) : new Promise(() => {})),
    limits: { requestTimeoutMs: 1e9, ...limits },
  });
  await client.ready();
  await turns();
  return { clock, near, client, server };
}

describe('keepalive (W-093)', () => {
  test('pings only after silence: any byte counts as life', async () => {
    const { clock, near, client } = await pair();
    for (let i = 0; i < 5; i++) {
      clock.advance(29_000);
      const sent = near.bytesOut;
      await turns();
      expect(near.bytesOut).toBe(sent);
      await client.call(get('/'));
      await turns();
    }
    const before = near.bytesOut;
    clock.advance(29_999);
    await turns();
    expect(near.bytesOut).toBe(before);
    clock.advance(1);
    await turns();
    expect(near.bytesOut).toBeGreaterThan(before);
  });

  test('a peer that answers stays, ping after ping, and is not told to calm down (W-094)', async () => {
    const { clock, client, server } = await pair();
    for (let i = 0; i < 40; i++) {
      clock.advance(10_000);
      await turns();
    }
    expect(client.stats().links).toMatchObject([{ state: 'open', roundTripMs: 0 }]);
    expect(server.stats().limitHits.size).toBe(0);
  });

  test('a dead peer is noticed 10 s after the ping; its calls fail as "maybe"', async () => {
    const { clock, near, client } = await pair();
    const call = outcome(client.call(get('/never')));
    await turns();
    near.stick();
    clock.advance(39_999);
    await turns();
    expect(client.stats().links).toHaveLength(1);
    clock.advance(1);
    expect(await call).toBe('TIMEOUT maybe');
    expect(near.closed).toBe(true);
    expect(client.stats().limitHits.get('TIMEOUT')).toBe(1);
  });

  describe('while the connection takes what is written slowly', () => {
    const limits = { keepaliveMs: 5_000, keepaliveTimeoutMs: 1_000, windowIdleMs: 1e9 };

    test('the ping behind a batch has its time from when it leaves', async () => {
      const { clock, near, client } = await pair(limits);
      near.stick();
      const call = client.call(post('/', [], { body: content(20_000) }));
      await turns();
      for (let passed = 0; passed < 20_000; passed += 100) clock.advance(100);
      near.unstick();
      near.stick();
      await turns();
      clock.advance(999);
      expect(client.stats().links).toMatchObject([{ state: 'open' }]);
      near.unstick();
      expect((await call).status).toBe(200);
      clock.advance(2_000);
      await turns();
      expect(client.stats().links).toMatchObject([{ state: 'open' }]);
    });

    test('it goes unanswered once it has left', async () => {
      const { clock, near, client } = await pair(limits);
      near.stick();
      const call = outcome(client.call(post('/never', [], { body: content(20_000) })));
      await turns();
      clock.advance(6_500);
      near.unstick();
      near.other?.stick();
      await turns();
      near.stick();
      clock.advance(999);
      expect(client.stats().links).toHaveLength(1);
      clock.advance(101);
      expect(await call).toBe('TIMEOUT maybe');
    });

    test('a batch that does not leave at all ends the link after stallTimeoutMs', async () => {
      const { clock, near, client } = await pair({ ...limits, stallTimeoutMs: 20_000 });
      near.stick();
      const call = outcome(client.call(post('/', [], { body: content(20_000) })));
      await turns();
      clock.advance(19_000);
      expect(client.stats().links).toHaveLength(1);
      clock.advance(1_000);
      expect(await call).toBe('TIMEOUT maybe');
      expect(client.stats().limitHits.get('stallTimeout')).toBe(1);
    });
  });

  describe('while the process was held up', () => {
    /** Has pinged, and the pong is on its way as long as the other end sticks. */
    async function pinged(): Promise<Pair> {
      const made = await pair();
      made.near.other?.stick();
      made.clock.advance(30_000);
      await turns();
      return made;
    }

    test('what has arrived by then is read before a peer is taken for dead', async () => {
      for (const ms of [10_000, 60_000]) {
        const { clock, near, client } = await pinged();
        near.other?.unstick();
        clock.stand(ms);
        await turns();
        clock.advance(20_000);
        await turns();
        expect(client.stats().links).toMatchObject([{ state: 'open' }]);
      }
    });

    test('a ping has its time once more, once', async () => {
      const { clock, near, client } = await pinged();
      clock.stand(60_000);
      await turns();
      clock.advance(9_999);
      await turns();
      expect(client.stats().links).toHaveLength(1);
      near.other?.unstick();
      await turns();
      near.other?.stick();
      clock.advance(30_000);
      await turns();
      clock.stand(60_000);
      await turns();
      clock.stand(60_000);
      await turns();
      expect(client.stats().limitHits.get('TIMEOUT')).toBe(1);
    });

    test('silence meanwhile asks for a ping, and ends nothing', async () => {
      const { clock, client } = await pair();
      clock.stand(600_000);
      await turns();
      clock.advance(10_000);
      await turns();
      expect(client.stats().links).toMatchObject([{ state: 'open' }]);
    });
  });
});

describe('a link that carries 5 KB a second', () => {
  const BYTES_A_MS = 5;
  const BODY = 60_000;

  /** Four bodies in one batch, which is nearly a minute on the wire. */
  async function slowUpload(
    buffer: number,
    rate = BYTES_A_MS,
    serverLimits: Partial<LinkLimits> = {},
  ) {
    const clock = new VirtualClock();
    const up = new Wire(clock, 1e6, 5);
    const [near, far] = shapedPair(up, new Wire(clock, 1e6, 5), buffer);
    const options = { clock, codecs: ['none'] as const, limits: { requestTimeoutMs: 1e9 } };
    let taken = 0;
    const server = createTransportServer(
      (exchange) => {
        taken += exchange.inlineLength;
        exchange.respond(OK, undefined, undefined);
      },
      { ...options, limits: serverLimits },
    );
    server.accept(far);
    let dialled = 0;
    const client = pool('teleports://wire:1', {
      ...options,
      dial: () => (dialled++ === 0 ? Promise.resolve(near) : new Promise(() => {})),
    });
    onTestFinished(async () => {
      near.destroy();
      void client.close();
      await clock.run(1_000);
    });
    await clock.run(100);
    // The longer it was silent, the sooner it pings.
    await clock.run(29_000);
    up.rate = rate;
    const ends: string[] = [];
    for (let i = 0; i < 4; i++) {
      client.call(post('/', [], { body: noise(BODY) })).then(
        () => ends.push('answered'),
        (error: unknown) => ends.push(String(error)),
      );
    }
    await clock.run((4 * BODY) / rate + 1_000);
    return { client, server, ends, taken: () => taken };
  }

  test.each([
    ['small', 16 * 1024],
    ['vast', 2 ** 30],
  ])('is not ended while a large batch is under way, before a %s buffer', async (_name, buffer) => {
    const { client, server, ends, taken } = await slowUpload(buffer);
    expect(ends).toEqual(['answered', 'answered', 'answered', 'answered']);
    expect(taken()).toBe(4 * BODY);
    expect([...client.stats().limitHits, ...server.stats().limitHits]).toEqual([]);
    expect(client.stats().links).toMatchObject([{ state: 'open' }]);
  });

  test.each([
    [1.1, []],
    [0.5, ['minRate', 'TIMEOUT']],
  ])('is ended if it becomes slower than minRate: %d KB a second hit %j', async (rate, hits) => {
    const patient = { stallTimeoutMs: 1e9 };
    const { client } = await slowUpload(16 * 1024, rate * 1.024, patient);
    expect([...client.stats().limitHits.keys()]).toEqual(hits);
  });
});
