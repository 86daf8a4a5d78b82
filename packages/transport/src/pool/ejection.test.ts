import { describe, expect, test } from 'vitest';
import { answer, Cluster, lots, refuse } from '../test/cluster.ts';
import { get, pool } from '../test/ends.ts';
import { told as events } from '../test/events.ts';
import { turns } from '../test/eventually.ts';
import { thrownBy } from '../test/failure.ts';
import { createPool } from './pool.ts';
import type { PoolOptions } from './pool-options.ts';

async function clusterOf(names: readonly string[], options: PoolOptions = {}) {
  const cluster = new Cluster();
  const client = pool(
    names.map((name) => `teleport://${name}:1`),
    { clock: cluster.clock, dial: cluster.dial, random: lots(3), codecs: ['none'], ...options },
  );
  for (const name of names) {
    cluster.host(name).handle = (exchange) => {
      cluster.clock.advance(1);
      answer(exchange);
    };
  }
  await client.ready();
  const states = () => client.stats().health.map(({ state }) => state);
  /** So many calls at once, so that the load spreads over all, whatever happens to them. */
  const burst = async (calls: number) => {
    await Promise.all(Array.from({ length: calls }, () => client.call(get('/')).catch(() => {})));
  };
  return { cluster, client, states, burst };
}

/** Calls until a peer is ejected. */
async function untilEjected({ states, burst }: Awaited<ReturnType<typeof clusterOf>>) {
  for (let round = 0; round < 1000 && !states().includes('ejected'); round++) await burst(30);
}

describe('a peer that fails', () => {
  test('five times in a row gets no calls for 5 s, by +-25 %, and then a tenth of its share', async () => {
    const told = events('tp:pool:ejected');
    const all = await clusterOf(['a', 'b', 'c'], { ejection: { probes: 50 } });
    const { cluster, client, states, burst } = all;
    const a = cluster.host('a');
    a.handle = refuse;
    await untilEjected(all);
    expect(states()).toEqual(['ejected', 'open', 'open']);
    const [health] = client.stats().health;
    expect(health?.failures).toBeGreaterThanOrEqual(5);
    expect(health?.ejectedForMs).toBeGreaterThan(3749);
    expect(health?.ejectedForMs).toBeLessThan(6251);
    expect(client.stats().limitHits.get('ejection')).toBe(1);
    expect(told).toMatchObject([{ peer: 'teleport://a:1' }]);
    expect(told[0]?.forMs).toBeGreaterThan(3749);
    const before = a.requests;
    await burst(300);
    expect(a.requests).toBe(before);
    a.handle = answer;
    cluster.clock.advance(6250);
    expect(states()[0]).toBe('probed');
    await burst(900);
    expect(a.requests - before).toBeGreaterThan(10);
    expect(a.requests - before).toBeLessThan(60);
    while (states()[0] === 'probed') await burst(100);
    const then = a.requests;
    await burst(300);
    expect(a.requests - then).toBeGreaterThan(60);
  });

  test('again while it is probed is out twice as long each time, at most maxEjectMs', async () => {
    const all = await clusterOf(['a', 'b', 'c'], {
      random: () => 0.4,
      ejection: { ejectMs: 1000, maxEjectMs: 4000, probeShare: 1 },
    });
    const { cluster, client } = all;
    const left = () => client.stats().health[0]?.ejectedForMs;
    cluster.host('a').handle = refuse;
    for (const ms of [950, 1900, 3800, 3800]) {
      await untilEjected(all);
      expect(left()).toBeGreaterThan(ms - 31);
      expect(left()).toBeLessThanOrEqual(ms);
      cluster.clock.advance(ms + 0.1);
      expect(all.states()[0]).toBe('probed');
    }
    cluster.host('a').handle = answer;
    while (all.states()[0] === 'probed') await all.burst(10);
    cluster.clock.advance(7601);
    cluster.host('a').handle = refuse;
    await untilEjected(all);
    expect(left()).toBeLessThanOrEqual(950);
    expect(client.stats().health[0]?.ejections).toBe(5);
  });

  test('a good share of its calls is ejected, though some are answered between', async () => {
    const all = await clusterOf(['a', 'b', 'c']);
    let turn = 0;
    all.cluster.host('a').handle = (exchange) => (turn++ % 3 === 0 ? answer : refuse)(exchange);
    await untilEjected(all);
    expect(all.states()).toEqual(['ejected', 'open', 'open']);
  });

  test('now and then is not ejected', async () => {
    const { cluster, states, burst } = await clusterOf(['a', 'b', 'c']);
    let turn = 0;
    cluster.host('a').handle = (exchange) => (turn++ % 4 === 0 ? refuse : answer)(exchange);
    for (let i = 0; i < 30; i++) await burst(30);
    expect(states()).toEqual(['open', 'open', 'open']);
  });

  test('no worse than the others stays: what is behind all of them is at fault', async () => {
    const { cluster, states, burst } = await clusterOf(['a', 'b', 'c', 'd']);
    for (const name of ['a', 'b', 'c', 'd']) {
      let turn = 0;
      cluster.host(name).handle = (exchange) => (turn++ % 8 < 2 ? answer : refuse)(exchange);
    }
    for (let i = 0; i < 30; i++) await burst(40);
    expect(states()).toEqual(['open', 'open', 'open', 'open']);
  });

  test('together with all others, all at once, stays as well', async () => {
    const { cluster, states, burst } = await clusterOf(['a', 'b', 'c', 'd']);
    for (let i = 0; i < 30; i++) await burst(40);
    for (const name of ['a', 'b', 'c', 'd']) {
      cluster.host(name).handle = (exchange) => {
        cluster.clock.advance(1);
        refuse(exchange);
      };
    }
    for (let i = 0; i < 30; i++) await burst(40);
    expect(states()).toEqual(['open', 'open', 'open', 'open']);
  });

  test('is not ejected when it is the only one', async () => {
    const { cluster, states, burst } = await clusterOf(['a'], { ejection: { maxEjectedShare: 1 } });
    cluster.host('a').handle = refuse;
    await burst(100);
    expect(states()).toEqual(['open']);
  });
});

describe('how many are ejected at once', () => {
  test.each([
    [2, 0.5, 1],
    [3, 0.5, 1],
    [4, 0.5, 2],
    [4, 0.25, 1],
    [4, 0, 0],
    [4, 1, 3],
  ])('of %i peers, with a share of %d: %i', async (count, maxEjectedShare, most) => {
    const names = ['a', 'b', 'c', 'd'].slice(0, count);
    const { cluster, states, burst } = await clusterOf(names, { ejection: { maxEjectedShare } });
    // One after the other goes bad, so that each is worse than those that are left.
    for (const name of names) {
      cluster.host(name).handle = refuse;
      for (let i = 0; i < 20; i++) {
        await burst(20);
        cluster.clock.advance(11);
      }
    }
    const ejected = states().filter((state) => state === 'ejected').length;
    expect(ejected).toBeLessThanOrEqual(most);
    if (most < count - 1) expect(ejected).toBe(most);
  });

  test('an ejected peer is used after all when no other has a link', async () => {
    const all = await clusterOf(['a', 'b']);
    const { cluster, client, states } = all;
    cluster.host('a').handle = refuse;
    await untilEjected(all);
    expect(states()).toEqual(['ejected', 'open']);
    cluster.host('a').handle = answer;
    cluster.host('b').isUp = false;
    cluster.host('b').breakLinks();
    await turns();
    expect((await client.call(get('/'))).status).toBe(200);
  });
});

test.each([
  { failuresInRow: 0 },
  { failureShare: 0 },
  { failureShare: 1.1 },
  { ejectMs: -1 },
  { maxEjectedShare: 2 },
  { probeShare: 0 },
  { nothing: 1 },
])('%j is INVALID_ARGUMENT', (ejection) => {
  expect(thrownBy(() => createPool(['teleport://127.0.0.1:1'], { ejection })).code).toBe(
    'INVALID_ARGUMENT',
  );
});
