import {
  batchesAt,
  http1Cost,
  measureSavings,
  type RecordedExchange,
  rateOf,
  replay,
  type Savings,
  savingsText,
} from '@tp/savings';
import { expect, it } from 'vitest';
import { makeExchanges } from '../traffic/kinds.ts';
import { parseSavingsOptions } from './options.ts';

const exchanges: RecordedExchange[] = makeExchanges('rest', 3, 24).map(
  ({ request, response }, i) => ({
    atMs: 1000 + i * 2,
    request,
    response,
    plainResponse: response,
  }),
);

async function savingsOf(recorded: readonly RecordedExchange[]): Promise<Savings> {
  return measureSavings(
    { exchanges: recorded, leftOut: new Map([['no answer came', 2]]) },
    {
      name: 'shop.har',
      pricePerGb: 0.1,
      pricePerCore: 30,
      rate: { requestsPerDay: 1_000_000, from: 'option' },
      progress: () => {},
    },
  );
}

it('gives sums that agree with each other and with the traffic', { timeout: 60_000 }, async () => {
  const savings = await savingsOf(exchanges);
  const { http1, results, delays, requests } = savings;
  expect(requests).toBe(24);
  expect(http1.bytes).toBeCloseTo(http1Cost(exchanges).bytes);
  expect(http1.perMonth).toBeCloseTo(((http1.bytes * 1e6 * 30) / 1e9) * 0.1);
  expect(results).toHaveLength(18);
  expect(delays.map(({ delayMs }) => delayMs)).toEqual([0, 1, 4, 16]);
  for (const trial of [...results, ...delays]) {
    expect(trial.bytes).toBeCloseTo(trial.requestBytes + trial.responseBytes);
    expect(trial.ratio).toBeCloseTo(http1.bytes / trial.bytes);
    const share = trial.savedPerMonth / http1.perMonth;
    expect(share).toBeCloseTo(1 - trial.bytes / http1.bytes);
    expect(trial.cpuPerMonth).toBeCloseTo((trial.cpuUs / 86_400) * 30);
  }
  const bytesOf = (codec: string, batch: number) =>
    results.find((trial) => trial.codec === codec && trial.batch === batch)?.bytes ?? 0;
  for (const batch of [1, 8, 64]) {
    expect(bytesOf('none', batch)).toBeLessThan(http1.bytes);
    expect(bytesOf('zstd', batch)).toBeLessThan(bytesOf('none', batch) / 1.5);
    expect(bytesOf('deflate', batch)).toBeLessThan(bytesOf('none', batch) / 1.5);
  }
  expect(savings.unpackedBodies).toBeUndefined();
  const text = savingsText(savings);
  expect(text).toContain('left out: 2, no answer came');
  expect(text).toContain('1,000,000 requests a day');
  expect(text).toContain(savings.advice.text.split(' ').slice(0, 5).join(' '));
});

it('refuses to count what does not arrive as it was recorded', async () => {
  const [first] = exchanges;
  if (first === undefined) throw new Error('no exchange');
  const broken = [{ request: first.request, response: { ...first.response, status: 99 } }];
  await expect(replay(broken, { codec: 'none' }, [1])).rejects.toThrow();
});

it('carries long bodies, and answers of one path in their order', async () => {
  const request = { method: 'POST', path: '/up', headers: [], body: Buffer.alloc(300_000, 'a') };
  const answers = ['one', 'two', 'x'.repeat(200_000)].map((text) => ({
    request,
    response: { status: 200, headers: [], body: Buffer.from(text) },
  }));
  const { requestBytes, responseBytes } = await replay(answers, { codec: 'none' }, [3]);
  expect(requestBytes).toBeGreaterThan(900_000);
  expect(responseBytes).toBeGreaterThan(200_000);
});

it('takes the rate that is said, else that of the times, else an assumption', () => {
  expect(rateOf(exchanges, 5)).toEqual({ requestsPerDay: 5, from: 'option' });
  expect(rateOf(exchanges, undefined)).toEqual({ requestsPerDay: 43_200_000, from: 'timestamps' });
  expect(rateOf(exchanges.slice(0, 1), undefined).from).toBe('assumption');
});

it('gathers what comes within the delay, at the rate', () => {
  const rate = (requestsPerDay: number) => ({ requestsPerDay, from: 'option' as const });
  const each = Array.from({ length: 24 }, () => 1);
  expect(batchesAt(0, exchanges, rate(43_200_000))).toEqual(each);
  expect(batchesAt(8, exchanges, rate(43_200_000))).toEqual([4, 4, 4, 4, 4, 4]);
  expect(batchesAt(8, exchanges, rate(86_400_000))).toEqual([8, 8, 8]);
  expect(batchesAt(8, exchanges, rate(1000))).toEqual(each);
  const untimed = exchanges.map(() => ({ atMs: undefined }));
  const batches = batchesAt(10, untimed, rate(86_400_000));
  expect(batches.reduce((sum, batch) => sum + batch, 0)).toBe(24);
});

it.each([
  [[], 'say which file, or --sample'],
  [['a.har', '--sample'], 'a file or --sample, not both'],
  [['a.har', 'b.har'], 'one file at a time; found also "b.har"'],
  [['a.har', '--price-per-gb', 'free'], '--price-per-gb takes a number from 0; found "free"'],
  [['a.har', '--requests-per-day', '0'], '--requests-per-day takes a number from 1; found "0"'],
  [['a.har', '--fast'], "Unknown option '--fast'"],
])('complains about %j', (args, complaint) => {
  expect(() => parseSavingsOptions(args)).toThrow(complaint);
});
