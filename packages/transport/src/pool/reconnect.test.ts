import { describe, expect, test } from 'vitest';
import { answer, Cluster, lots } from '../test/cluster.ts';
import { Dialling } from '../test/dialling.ts';
import { get, pool, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { outcome } from '../test/failure.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { createPool, type Pool } from './pool.ts';
import type { PoolOptions } from './pool-options.ts';

const CLIENTS = 500;

/** Many clients of one server, and when each of them dialled, in ms since the server was killed. */
class Crowd {
  readonly cluster = new Cluster();
  readonly #pools: Pool[];
  readonly #dials: number[][] = [];
  #killedAt = 0;

  constructor(options: PoolOptions) {
    const random = lots(11);
    this.#pools = Array.from({ length: CLIENTS }, () => {
      const dials: number[] = [];
      this.#dials.push(dials);
      return createPool(['teleport://a:1'], {
        clock: this.cluster.clock,
        random,
        codecs: ['none'],
        ...options,
        dial: (address, signal) => {
          dials.push(this.cluster.clock.now() - this.#killedAt);
          return this.cluster.dial(address, signal);
        },
      });
    });
  }

  /** The server has served everybody for a while, and dies. */
  async kill(): Promise<void> {
    await Promise.all(this.#pools.map((client) => client.ready()));
    this.cluster.clock.advance(5_000);
    this.#killedAt = this.cluster.clock.now();
    for (const dials of this.#dials) dials.length = 0;
    const host = this.cluster.host('a');
    host.isUp = false;
    host.breakLinks();
    await turns(3);
  }

  /** Lets time pass in small steps, so that attempts end before the next ones begin. */
  async wait(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 5) {
      this.cluster.clock.advance(5);
      await turns(1);
    }
  }

  /** When each client dialled for the nth time. */
  round(n: number): number[] {
    return this.#dials.flatMap((dials) => dials[n] ?? []);
  }

  /** How often each client dialled within that time. */
  counts(ms: number): number[] {
    return this.#dials.map((dials) => dials.filter((at) => at <= ms).length);
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map((client) => client.close()));
  }
}

/** How much more than on average comes in the fullest of ten intervals, up to where nine in ten have come. */
function crowding(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  const first = sorted[0] ?? 0;
  const counted = sorted.slice(0, Math.round(sorted.length * 0.9));
  const width = ((counted.at(-1) ?? 0) - first) / 10;
  if (width === 0) return Infinity;
  const bins = new Array<number>(11).fill(0);
  for (const at of counted) {
    const bin = Math.floor((at - first) / width);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return Math.max(...bins) / (counted.length / 10);
}

describe('500 clients whose server was killed', () => {
  test('do not dial in step, the first time or later', async () => {
    const crowd = new Crowd({});
    await crowd.kill();
    expect(crowd.round(0)).toEqual([]);
    await crowd.wait(250);
    expect(crowd.round(0)).toHaveLength(CLIENTS);
    await crowd.wait(2000);
    for (const round of [0, 1, 2, 3, 4]) {
      expect(crowd.round(round)).toHaveLength(CLIENTS);
      expect(crowding(crowd.round(round))).toBeLessThanOrEqual(2);
    }
    await crowd.close();
  });

  test('dial no more often with four links each: one attempt finds out for all', async () => {
    const crowd = new Crowd({ links: 4 });
    await crowd.kill();
    await crowd.wait(250);
    expect(Math.max(...crowd.counts(100))).toBeLessThanOrEqual(2);
    expect(crowding(crowd.round(0))).toBeLessThanOrEqual(2);
    await crowd.wait(750);
    expect(Math.max(...crowd.counts(1000))).toBeLessThanOrEqual(7);
    crowd.cluster.host('a').isUp = true;
    await crowd.wait(2000);
    await crowd.close();
  });
});

describe('several links to a peer', () => {
  test('the first attempt is one; when it succeeds the others follow at once', async () => {
    const dialling = new Dialling();
    const { server } = await serve(answer);
    const client = pool('teleport://a:1', {
      clock: new FakeClock(),
      dial: dialling.dial,
      random: () => 0.5,
      links: 3,
    });
    await turns();
    expect(dialling.attempts).toHaveLength(1);
    dialling.latest.connect(server);
    await eventually(() => dialling.attempts.length === 3);
    for (const attempt of dialling.attempts.slice(1)) attempt.connect(server);
    await client.ready();
    expect(client.stats().links).toHaveLength(3);
  });

  test('when it fails the others wait with it, and calls fail after that one attempt', async () => {
    const clock = new FakeClock();
    const dialling = new Dialling();
    const client = pool('teleport://a:1', {
      clock,
      dial: dialling.dial,
      random: () => 0.5,
      links: 3,
    });
    const call = outcome(client.call(get('/')));
    dialling.latest.fail();
    expect(await call).toBe('UNREACHABLE no');
    expect(dialling.attempts).toHaveLength(1);
    clock.advance(100);
    expect(dialling.attempts).toHaveLength(2);
    dialling.latest.fail();
    await turns();
    clock.advance(159);
    expect(dialling.attempts).toHaveLength(2);
    clock.advance(2);
    expect(dialling.attempts).toHaveLength(3);
  });

  test('one of them that is lost is dialled again after a short wait; calls go over the others', async () => {
    const cluster = new Cluster();
    const host = cluster.host('a');
    const client = pool('teleport://a:1', {
      clock: cluster.clock,
      dial: cluster.dial,
      random: () => 0.5,
      links: 2,
      codecs: ['none'],
    });
    await client.ready();
    cluster.clock.advance(2000);
    host.connections[0]?.destroy();
    await turns();
    expect((await client.call(get('/'))).status).toBe(200);
    expect(host.dials).toBe(2);
    cluster.clock.advance(124);
    expect(host.dials).toBe(2);
    cluster.clock.advance(1);
    expect(host.dials).toBe(3);
    await client.ready();
  });
});

test('many calls shorten the wait for the next attempt once, so that its jitter stays', async () => {
  const clock = new FakeClock();
  const dialling = new Dialling();
  let lot = 0.5;
  const client = pool('teleport://a:1', { clock, dial: dialling.dial, random: () => lot });
  for (let attempt = 0; attempt < 15; attempt++) {
    dialling.latest.fail();
    await turns(2);
    if (attempt < 14) clock.advance(10_000);
  }
  const before = dialling.attempts.length;
  lot = 1;
  await outcome(client.call(get('/')));
  lot = 0;
  for (let call = 0; call < 100; call++) await outcome(client.call(get('/')));
  clock.advance(749);
  expect(dialling.attempts).toHaveLength(before);
  clock.advance(1);
  expect(dialling.attempts).toHaveLength(before + 1);
});

test('a call that waits through an attempt that fails keeps the next wait short, too', async () => {
  const clock = new FakeClock();
  const dialling = new Dialling();
  const { server } = await serve(answer);
  const client = pool('teleport://a:1', { clock, dial: dialling.dial, random: () => 0.5 });
  for (let attempt = 0; attempt < 15; attempt++) {
    dialling.latest.fail();
    await turns(2);
    clock.advance(10_000);
  }
  const near = dialling.latest.connect(server);
  await client.ready();
  near.destroy();
  await turns(2);
  const before = dialling.attempts.length;
  const call = client.call(get('/')).then(() => 'answered', String);
  clock.advance(500);
  expect(dialling.attempts).toHaveLength(before + 1);
  dialling.latest.fail();
  await turns(2);
  expect(client.pending).toBe(1);
  clock.advance(500);
  expect(dialling.attempts).toHaveLength(before + 2);
  dialling.latest.connect(server);
  expect(await call).toBe('answered');
});

describe('a single peer that is restarted', () => {
  const GAP = 200;
  const step = 5;

  /** Calls that are made all the while, from when the peer has gone; how each ends. */
  async function restart(gapMs: number, seed: number, leaves: boolean): Promise<string[]> {
    const cluster = new Cluster();
    const host = cluster.host('a');
    const client = pool('teleport://a:1', {
      clock: cluster.clock,
      dial: cluster.dial,
      random: lots(seed),
      codecs: ['none'],
    });
    await client.ready();
    cluster.clock.advance(5_000);
    host.isUp = false;
    if (leaves) void host.server.close();
    else host.breakLinks();
    await turns(4);
    const calls: Promise<string>[] = [];
    for (let passed = 0; passed < gapMs + 500; passed += step) {
      if (passed >= gapMs && !host.isUp) host.restart();
      calls.push(client.call(get('/')).then(() => 'answered', String));
      await turns(2);
      cluster.clock.advance(step);
      await turns(2);
    }
    cluster.clock.advance(1);
    return Promise.all(calls);
  }

  test.each([
    ['breaks its links', false],
    ['says goodbye', true],
  ])('and %s fails no call, while it is away for less than 200 ms', async (_, leaves) => {
    for (const gapMs of [0, 50, 100, 150, GAP - step]) {
      for (let seed = 1; seed <= 10; seed++) {
        const failed = (await restart(gapMs, seed, leaves)).filter((how) => how !== 'answered');
        expect(failed, `${gapMs} ms, seed ${seed}`).toEqual([]);
      }
    }
  });

  test('and does not come back fails those that wait within half a second, and others at once', async () => {
    const cluster = new Cluster();
    const host = cluster.host('a');
    const client = pool('teleport://a:1', {
      clock: cluster.clock,
      dial: cluster.dial,
      random: lots(3),
      codecs: ['none'],
    });
    await client.ready();
    cluster.clock.advance(5_000);
    host.isUp = false;
    host.breakLinks();
    await turns(4);
    const waiting = outcome(client.call(get('/')));
    for (let passed = 0; passed < 500; passed += step) {
      cluster.clock.advance(step);
      await turns(2);
    }
    expect(client.pending).toBe(0);
    expect(await waiting).toBe('UNREACHABLE no');
    expect(await outcome(client.call(get('/')))).toBe('UNREACHABLE no');
  });

  test('one attempt that fails within a second decides nothing, the next one does', async () => {
    const clock = new FakeClock();
    const dialling = new Dialling();
    const { server } = await serve(answer);
    const client = pool('teleport://a:1', {
      clock,
      dial: dialling.dial,
      random: () => 0.5,
      limits: { idleTimeoutMs: 5_000 },
    });
    dialling.latest.connect(server);
    await client.ready();
    clock.advance(5_500);
    const call = outcome(client.call(get('/')));
    dialling.latest.fail();
    await turns();
    expect([client.pending, dialling.attempts.length]).toEqual([1, 2]);
    clock.advance(150);
    expect(dialling.attempts).toHaveLength(3);
    dialling.latest.fail();
    expect(await call).toBe('UNREACHABLE no');
  });

  test('one attempt that fails after a second decides', async () => {
    const clock = new FakeClock();
    const dialling = new Dialling();
    const { server } = await serve(answer);
    const client = pool('teleport://a:1', { clock, dial: dialling.dial, random: () => 0.5 });
    dialling.latest.connect(server);
    await client.ready();
    clock.advance(5_000);
    const { links } = server.stats();
    expect(links).toHaveLength(1);
    await server.close();
    await eventually(() => dialling.attempts.length === 2);
    const call = outcome(client.call(get('/')));
    clock.advance(1_000);
    dialling.latest.fail();
    expect(await call).toBe('UNREACHABLE no');
  });
});
