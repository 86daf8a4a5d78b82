import { expect, it } from 'vitest';
import type { Savings, Trial } from './savings.ts';
import { savingsPage } from './savings-page.ts';

const trial = (codec: Trial['codec'], batch: number, bytes: number): Trial => ({
  codec,
  ...(codec === 'none' ? {} : { level: 1 }),
  batch,
  requestBytes: bytes * 0.4,
  responseBytes: bytes * 0.6,
  bytes,
  ratio: 2000 / bytes,
  cpuUs: 31.7 + batch,
  savedPerMonth: (2000 - bytes) / 10,
  cpuPerMonth: 1.37,
});

const SAVINGS: Savings = {
  suite: 'measure',
  runtime: 'Node.js v24',
  machine: 'a machine',
  traffic: 'shop<1>.har',
  requests: 1234,
  leftOut: [{ why: 'no answer came', count: 3 }],
  rate: { requestsPerDay: 5_000_000, from: 'timestamps' },
  pricePerGb: 0.09,
  pricePerCore: 25,
  http1: { requestBytes: 800, responseBytes: 1200, bytes: 2000, perMonth: 271.5 },
  results: [1, 8, 64].flatMap((batch) => [trial('none', batch, 1711), trial('zstd', batch, 433)]),
  delays: [0, 4].map((delayMs) => ({ ...trial('zstd', 1 + delayMs, 433 - delayMs), delayMs })),
  unpackedBodies: { ...trial('zstd', 1, 377), packedBodies: 99 },
  advice: { codec: 'zstd', level: 1, delayMs: 0, text: 'Use "zstd 1" & nothing else.' },
};

it('has the advice, every replay and what was left out', () => {
  const page = savingsPage(SAVINGS);
  expect(page).toContain('Use &quot;zstd 1&quot; &amp; nothing else.');
  expect(page).toContain('shop&lt;1&gt;.har: 1,234 requests');
  expect(page).toContain('<b>3 entries</b>no answer came');
  const rows = [...page.matchAll(/<tr[^>]*>(.*?)<\/tr>/g)].map(([, row = '']) =>
    [...row.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/g)].map(([, cell]) => cell),
  );
  expect(rows).toHaveLength(2 + 6 + 2 + 1);
  expect(rows).toContainEqual([
    'zstd 1',
    '',
    '64.0',
    '173',
    '260',
    '433',
    '4.62',
    '95.7',
    '$157',
    '$1.37',
    '$155',
  ]);
  expect(rows).toContainEqual([
    'zstd 1',
    'bodies unpacked',
    '1.00',
    '151',
    '226',
    '377',
    '5.31',
    '32.7',
    '$162',
    '$1.37',
    '$161',
  ]);
  expect(page).not.toMatch(/<script|https?:\/\//);
});
