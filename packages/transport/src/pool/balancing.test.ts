import { ResponseHead, TpError } from '@tp/wire';
import { describe, expect, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { answer, Cluster, type Handle, lots, refuse } from '../test/cluster.ts';
import { content } from '../test/content.ts';
import { get, OK, pool, post } from '../test/ends.ts';
import { eventually } from '../test/eventually.ts';
import { outcome, thrownBy } from '../test/failure.ts';
import { createPool } from './pool.ts';
import type { PoolOptions } from './pool-options.ts';

const never = { maxEjectedShare: 0 };

async function clusterOf(names: readonly string[], options: PoolOptions = {}) {
  const cluster = new Cluster();
  const client = pool(
    names.map((name) => `teleport://${name}:1`),
    { clock: cluster.clock, dial: cluster.dial, random: lots(7), codecs: ['none'], ...options },
  );
  await client.ready();
  return { cluster, client };
}

/** Answers after so many ms. */
const after =
  (cluster: Cluster, ms: number): Handle =>
  (exchange) => {
    cluster.clock.advance(ms);
    answer(exchange);
  };

async function callOneByOne(client: ReturnType<typeof pool>, calls: number): Promise<void> {
  for (let i = 0; i < calls; i++) await client.call(get('/')).catch(() => {});
}

describe('the choice of a link', () => {
  test('among equal peers falls on each alike', async () => {
    const { cluster, client } = await clusterOf(['a', 'b', 'c', 'd']);
    for (const name of ['a', 'b', 'c', 'd']) cluster.host(name).handle = after(cluster, 1);
    await callOneByOne(client, 800);
    for (const requests of cluster.requests('a', 'b', 'c', 'd')) {
      expect(requests).toBeGreaterThan(140);
      expect(requests).toBeLessThan(260);
    }
  });

  test('falls on the faster peer', async () => {
    const { cluster, client } = await clusterOf(['slow', 'fast']);
    cluster.host('slow').handle = after(cluster, 50);
    cluster.host('fast').handle = after(cluster, 1);
    await callOneByOne(client, 200);
    expect(cluster.host('slow').requests).toBeLessThan(20);
  });

  test('comes back to a peer that was slow once, as that fades with time', async () => {
    const { cluster, client } = await clusterOf(['a', 'b']);
    cluster.host('b').handle = after(cluster, 1);
    const a = cluster.host('a');
    a.handle = after(cluster, 200);
    await eventually(() => {
      client.call(get('/')).catch(() => {});
      return a.requests > 0;
    });
    await eventually(() => client.pending === 0);
    a.handle = after(cluster, 1);
    const before = a.requests;
    await callOneByOne(client, 100);
    expect(a.requests).toBe(before);
    for (let second = 0; second < 100; second++) {
      cluster.clock.advance(1000);
      await callOneByOne(client, 3);
    }
    expect(a.requests - before).toBeGreaterThan(20);
  });

  test.each<[string, Handle]>([
    ['REFUSED', refuse],
    [
      'UPSTREAM',
      (exchange) => exchange.refuse(new TpError({ code: 'UPSTREAM', message: 'no origin' })),
    ],
  ])(
    'shuns a peer that fails fast with %s, though nothing is ever pending there',
    async (_, handle) => {
      const { cluster, client } = await clusterOf(['bad', 'good'], { ejection: never });
      cluster.host('bad').handle = handle;
      cluster.host('good').handle = after(cluster, 5);
      await callOneByOne(client, 300);
      expect(cluster.host('bad').requests).toBeLessThan(10);
    },
  );

  test('shuns a peer whose links break under every call', async () => {
    const { cluster, client } = await clusterOf(['bad', 'good'], { ejection: never });
    const bad = cluster.host('bad');
    bad.handle = () => bad.breakLinks();
    cluster.host('good').handle = after(cluster, 5);
    await callOneByOne(client, 300);
    expect(bad.requests).toBeLessThan(10);
  });

  test('shuns a peer that answers fast with a status that counts as a failure, and no other', async () => {
    for (const [status, counts] of [
      [503, true],
      [500, false],
    ] as const) {
      const options = { ejection: never, failureStatuses: [502, 503, 504] };
      const { cluster, client } = await clusterOf(['bad', 'good'], options);
      const head = new ResponseHead(status);
      cluster.host('bad').handle = (exchange) => exchange.respond(head, undefined, undefined);
      cluster.host('good').handle = after(cluster, 5);
      await callOneByOne(client, 200);
      expect(cluster.host('bad').requests < 10).toBe(counts);
    }
  });

  test('shuns a peer that lets deadlines pass', async () => {
    const { cluster, client } = await clusterOf(['bad', 'good'], { ejection: never });
    cluster.host('bad').handle = () => {};
    cluster.host('good').handle = after(cluster, 1);
    for (let i = 0; i < 200; i++) {
      const { requests } = cluster.host('bad');
      const call = client.call(get('/', { deadlineMs: 20 })).catch(() => {});
      await eventually(() => cluster.requests('bad', 'good').reduce((a, b) => a + b) > i);
      if (cluster.host('bad').requests > requests) cluster.clock.advance(40);
      await call;
    }
    expect(cluster.host('bad').requests).toBeLessThan(20);
    expect(client.stats().health.map(({ failures }) => failures > 0)).toEqual([true, false]);
  });

  test('counts bodies that wait: small calls go where no large one stands in line', async () => {
    const { cluster, client } = await clusterOf(['a', 'b']);
    const calls = [client.call(post('/', [], { body: content(60_000) }))];
    for (let i = 0; i < 3; i++) calls.push(client.call(get('/')));
    for (const call of calls) await call;
    expect(cluster.requests('a', 'b').sort()).toEqual([1, 3]);
  });
});

describe('a call that one link has no room for', () => {
  test('goes to another that has; OVERFLOW comes when all are full', async () => {
    const { cluster, client } = await clusterOf(['a', 'b', 'c'], {
      limits: { maxPendingRequests: 2 },
    });
    const held: ServerExchange[] = [];
    for (const name of ['a', 'b', 'c'])
      cluster.host(name).handle = (exchange) => held.push(exchange);
    const calls = Array.from({ length: 6 }, () => client.call(get('/')));
    expect(await outcome(client.call(get('/')))).toBe('OVERFLOW no');
    expect(client.stats().limitHits.get('maxPendingRequests')).toBe(1);
    await eventually(() => held.length === 6);
    for (const exchange of held) exchange.respond(OK, undefined, undefined);
    for (const call of calls) expect((await call).status).toBe(200);
    expect(cluster.requests('a', 'b', 'c')).toEqual([2, 2, 2]);
  });
});

test.each([[[399]], [[600]], [[502.5]]])(
  'failureStatuses %j are INVALID_ARGUMENT',
  (failureStatuses) => {
    expect(thrownBy(() => createPool(['teleport://127.0.0.1:1'], { failureStatuses })).code).toBe(
      'INVALID_ARGUMENT',
    );
  },
);
