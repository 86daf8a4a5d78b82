import { existsSync } from 'node:fs';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stats } from '../admin/stats.ts';
import { readCommand } from '../config/command.ts';
import { type RunningProxy, startProxy } from '../proxy.ts';
import { boundTo, start } from '../test/chain.ts';
import { MAIN, startProxyProcess } from '../test/proxy-process.ts';
import { exchange } from '../test/raw-client.ts';
import { always, rawOrigin } from '../test/raw-origin.ts';
import { type LoadLimits, type LoadReading, Overload } from './overload.ts';
import { QuietCollection } from './quiet-collection.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const LIMITS: LoadLimits = { maxLagMs: 100, maxRssBytes: 1_000, maxHeapBytes: 1_000 };
const WELL: LoadReading = { lagMs: 0, utilization: 0.5, rssBytes: 500, heapBytes: 100 };

/** What an overload says after each reading. */
function reasons(readings: readonly Partial<LoadReading>[], limits = LIMITS): unknown[] {
  const overload = new Overload();
  return readings.map((reading) => {
    overload.take({ ...WELL, ...reading }, limits);
    return overload.reason;
  });
}

/** A proxy whose load is what a test says. */
async function startSheddable(...args: string[]): Promise<[RunningProxy, Overload]> {
  const overload = new Overload();
  const command = readCommand(['--drain-timeout', '0', ...args]);
  if (command.kind !== 'run') throw new Error('the arguments of a test start a proxy');
  const proxy = await startProxy(command.config, pino({ level: 'silent' }), {
    sheds: () => overload.reason,
  });
  onTestFinished(() => proxy.close());
  return [proxy, overload];
}

describe('memory', () => {
  it.each(['rssBytes', 'heapBytes'])(
    'is too full at 85 %% of a limit, and well below 80 %%: %s',
    (of) => {
      const parts = [849, 850, 851, 800, 799, 849, 100_000, 800, 799];
      const full = 'memoryShed';
      expect(reasons(parts.map((bytes) => ({ [of]: bytes })))).toEqual([
        ...[undefined, full, full, full, undefined, undefined, full, full, undefined],
      ]);
    },
  );

  it('is never too full where nothing says how much there is', () => {
    const limits = { ...LIMITS, maxRssBytes: undefined };
    expect(reasons([{ rssBytes: 1e15 }], limits)).toEqual([undefined]);
  });
});

describe('lag', () => {
  const busy = (lagMs: number) => ({ lagMs, utilization: 0.95 });

  it('is too long when it is for three readings, and well again below 80 % of that', () => {
    const lags = [100, 101, 101, 101, 80, 79, 101, 101, 100, 101, 101, 10_000];
    const late = 'lagShed';
    expect(reasons(lags.map(busy))).toEqual([
      ...[undefined, undefined, undefined, late, late, undefined],
      ...[undefined, undefined, undefined, undefined, undefined, late],
    ]);
  });

  it("of a loop that is not busy is another's, and so is what nobody asks about", () => {
    const lags = [1_000, 1_000, 1_000, 1_000];
    expect(reasons(lags.map((lagMs) => ({ lagMs, utilization: 0.8 })))[3]).toBeUndefined();
    expect(reasons(lags.map(busy), { ...LIMITS, maxLagMs: 0 })[3]).toBeUndefined();
    expect(reasons(lags.map(busy))[3]).toBe('lagShed');
  });
});

describe.each(['http', 'teleport'])('requests to a listener of %s', (scheme) => {
  it('are answered with 503 while there is too much to do, and counted', async () => {
    const origin = await rawOrigin(always(OK));
    const [proxy, overload] = await startSheddable(
      '--in',
      `${scheme}://127.0.0.1:0`,
      '--out',
      origin.address,
    );
    const near =
      scheme === 'http'
        ? proxy
        : await start(['--in', 'http://127.0.0.1:0', '--out', boundTo(proxy)]);
    const ask = () => exchange(boundTo(near), GET);
    expect(await ask()).toBe(OK);
    const hits = () => Number(stats(proxy).limitHits.memoryShed ?? 0);

    overload.take({ ...WELL, rssBytes: 900 }, LIMITS);
    expect(await ask()).toMatch(/^HTTP\/1\.1 503 .*Retry-After: [12]\r\n.*503 OVERLOADED: /s);
    expect(hits()).toBeGreaterThanOrEqual(1);
    expect(origin.received.join('').split('GET /')).toHaveLength(2);

    overload.take(WELL, LIMITS);
    const before = hits();
    expect(await ask()).toBe(OK);
    expect(hits()).toBe(before);
  });
});

describe.skipIf(!existsSync(MAIN))('tp-proxy (skipped where it is not built)', () => {
  it.each(['1', '2'])(
    'turns requests away with less memory than it needs; workers: %s',
    async (workers) => {
      const origin = await rawOrigin(always(OK));
      const proxy = await startProxyProcess([
        ...['--in', 'http://127.0.0.1:0', '--out', origin.address, '--admin', '127.0.0.1:0'],
        ...['--max-memory', '1000000', '--workers', workers],
      ]);
      expect(await proxy.logged('turns requests away')).toMatchObject({ limit: 'memoryShed' });
      for (let turn = 0; turn < 2; turn++) {
        expect(await exchange(proxy.address, GET)).toMatch(
          /^HTTP\/1\.1 503 .*Retry-After: [12]\r\n/s,
        );
      }
      const metrics = await (await fetch(`${proxy.listening.admin}/metrics`)).text();
      expect(metrics).toContain('tp_limit_hits_total{limit="memoryShed"} 2\n');
      expect(origin.connections).toBe(0);
    },
  );
});

describe('a collection', () => {
  const MIB = 1024 * 1024;
  const due = (readings: readonly (readonly [utilization: number, mib: number])[]): boolean[] => {
    const quiet = new QuietCollection();
    return readings.map(([utilization, mib]) => {
      const isDue = quiet.isDue({ utilization, heapBytes: mib * MIB });
      if (isDue) quiet.done(30 * MIB);
      return isDue;
    });
  };

  it('is due when the heap has grown and nothing happens any more, once', () => {
    const burst = [
      [0.1, 20],
      [0.9, 60],
      [0.1, 60],
      [0.1, 60],
      [0.1, 60],
    ] as const;
    expect(due([...burst, [0.1, 31], [0.1, 31], [0.1, 45], [0.1, 46]])).toEqual([
      ...[false, false, false, false, true],
      ...[false, false, false, true],
    ]);
  });

  it('is not due while there is something to do, or little to gain', () => {
    expect(due([[0.1, 20], ...Array(5).fill([0.2, 90])]).includes(true)).toBe(false);
    expect(due([[0.1, 20], ...Array(5).fill([0, 35])]).includes(true)).toBe(false);
  });
});
