import { describe, expect, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { content } from '../test/content.ts';
import { Dialling } from '../test/dialling.ts';
import { get, OK, pool, post, serve } from '../test/ends.ts';
import { turns } from '../test/eventually.ts';
import { thrownBy } from '../test/failure.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { type MemoryConnection, memoryPair } from '../test/memory-connection.ts';
import { createPool, type Pool } from './pool.ts';
import type { PoolOptions } from './pool-options.ts';

const oldest = { codecs: ['none'], shed: 'oldest' } as const;

/** A pool whose one link takes nothing further: what is called waits in line. */
async function stuck(
  options: PoolOptions,
  clock?: FakeClock,
): Promise<{ client: Pool; near: MemoryConnection; paths: string[] }> {
  const paths: string[] = [];
  const { server } = await serve((exchange: ServerExchange) => {
    paths.push(exchange.path);
    exchange.respond(OK, undefined, undefined);
  });
  const [near, far] = memoryPair();
  server.accept(far);
  const client = pool('teleport://memory:1', {
    ...options,
    dial: async () => near,
    ...(clock === undefined ? undefined : { clock }),
  });
  await client.ready();
  await turns();
  near.stick();
  client.call(get('/written')).catch(() => {});
  await turns();
  return { client, near, paths };
}

const how = (call: Promise<{ status: number }>) =>
  call.then(
    ({ status }) => `${status}`,
    ({ code, processed }) => `${code} ${processed}`,
  );

describe("shed: 'oldest'", () => {
  test.each([2, 3])(
    'maxPendingRequests %i: the oldest that is not written makes room',
    async (most) => {
      const { client, near, paths } = await stuck({
        ...oldest,
        limits: { maxPendingRequests: most },
      });
      const calls = Array.from({ length: most + 1 }, (_, index) =>
        how(client.call(get(`/${index}`))),
      );
      expect(await Promise.all(calls.slice(0, 2))).toEqual(['OVERFLOW no', 'OVERFLOW no']);
      near.unstick();
      expect(await Promise.all(calls.slice(2))).toEqual(Array(most - 1).fill('200'));
      expect(paths).toEqual([
        '/written',
        ...Array.from({ length: most - 1 }, (_, i) => `/${i + 2}`),
      ]);
      const { limitHits, shed } = client.stats();
      expect([limitHits.get('maxPendingRequests'), shed]).toEqual([2, 2]);
    },
  );

  test('maxPendingBytes: as many as it takes make room, and none for a call that would never fit', async () => {
    const { client, near } = await stuck({ ...oldest, limits: { maxPendingBytes: 1000 } });
    const bodies = [300, 300, 400].map((size) =>
      how(client.call(post('/', [], { body: content(size) }))),
    );
    const never = how(client.call(post('/', [], { body: content(1001) })));
    expect(await never).toBe('OVERFLOW no');
    const next = how(client.call(post('/', [], { body: content(600) })));
    expect(await Promise.all(bodies.slice(0, 2))).toEqual(['OVERFLOW no', 'OVERFLOW no']);
    near.unstick();
    expect([await bodies[2], await next]).toEqual(['200', '200']);
    expect(client.stats().queueBytes).toBe(0);
  });

  test('where all are written, the newest is not taken', async () => {
    const { server } = await serve(() => {});
    const [near, far] = memoryPair();
    server.accept(far);
    const client = pool('teleport://memory:1', {
      ...oldest,
      dial: async () => near,
      limits: { maxPendingRequests: 2 },
    });
    await client.ready();
    for (let i = 0; i < 2; i++) client.call(get('/')).catch(() => {});
    await turns();
    expect(await how(client.call(get('/')))).toBe('OVERFLOW no');
    expect(client.stats().shed).toBe(0);
  });

  test('holds for calls that wait for a link, too', async () => {
    const dialling = new Dialling();
    const client = pool('teleport://a:1', {
      ...oldest,
      clock: new FakeClock(),
      dial: dialling.dial,
      limits: { maxPendingRequests: 2 },
    });
    const calls = [0, 1, 2].map((index) => how(client.call(get(`/${index}`))));
    expect(await calls[0]).toBe('OVERFLOW no');
    const { server } = await serve((exchange) => exchange.respond(OK, undefined, undefined));
    dialling.latest.connect(server);
    expect(await Promise.all(calls.slice(1))).toEqual(['200', '200']);
    expect(client.stats().shed).toBe(1);
  });
});

test("shed: 'newest' is the default", async () => {
  const { client, near } = await stuck({ codecs: ['none'], limits: { maxPendingRequests: 2 } });
  const calls = [0, 1].map((index) => how(client.call(get(`/${index}`))));
  expect(await calls[1]).toBe('OVERFLOW no');
  near.unstick();
  expect(await calls[0]).toBe('200');
});

test('what has ended while it waited takes no room', async () => {
  const clock = new FakeClock();
  const { client, near } = await stuck(
    { codecs: ['none'], limits: { maxPendingRequests: 3 } },
    clock,
  );
  const late = [0, 1].map(() => how(client.call(get('/late', { deadlineMs: 100 }))));
  clock.advance(108);
  expect(await Promise.all(late)).toEqual(['DEADLINE no', 'DEADLINE no']);
  const next = [0, 1].map(() => how(client.call(get('/next'))));
  near.unstick();
  expect(await Promise.all(next)).toEqual(['200', '200']);
});

test('another word is INVALID_ARGUMENT', () => {
  const wrong: PoolOptions = JSON.parse('{ "shed": "random" }');
  expect(thrownBy(() => createPool(['teleport://a:1'], wrong))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: `found shed: "random"; expected 'newest' or 'oldest'`,
  });
});
