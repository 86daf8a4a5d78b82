import { sizeText } from '@tp/savings';
import { describe, expect, it } from 'vitest';
import { parseListening } from './child.ts';
import { makeFigures } from './figures.ts';
import { frameLines, plainLine } from './frame.ts';
import { Latencies } from './latencies.ts';
import { parseDemoOptions } from './options.ts';
import { summaryText } from './summary.ts';
import { sumMetric } from './wire-meter.ts';

const figures = makeFigures({
  requests: 1000,
  errors: 0,
  httpBytes: 2_600_000,
  wireBytes: 400_000,
  seconds: 2,
  p50Ms: 1.23456,
  p99Ms: 9.87654,
});
const moment = {
  elapsedSeconds: 2,
  totalSeconds: 20,
  requestsPerSecond: 500,
  httpBytesPerSecond: 1_300_000,
  wireBytesPerSecond: 200_000,
};

it('derives exactly the figures that --json promises', () => {
  expect(figures).toEqual({
    requests: 1000,
    errors: 0,
    httpBytes: 2_600_000,
    wireBytes: 400_000,
    ratio: 6.5,
    requestsPerSecond: 500,
    p50Ms: 1.235,
    p99Ms: 9.877,
  });
});

it('draws a bar for the link that is as much shorter as its bytes are fewer', () => {
  const lines = frameLines(figures, moment, { columns: 120, coloured: false });
  expect(lines.join('\n')).toContain('6.5x fewer bytes');
  const blocks = lines.map((line) => line.split('█').length - 1);
  expect(Math.max(...blocks)).toBe(48);
  expect(blocks).toContain(7);
});

it('says the same in one line and in the summary', () => {
  expect(plainLine(figures, moment)).toContain('HTTP 2.6 MB   link 400 kB   6.5x fewer bytes');
  expect(summaryText(figures)).toContain('2.6 MB of HTTP crossed the link as 400 kB');
});

it('finds the address in the line that a child prints, and in no other', () => {
  const line = '{"level":30,"in":["http://127.0.0.1:41"],"admin":"127.0.0.1:42","msg":"listening"}';
  const due = { address: 'http://127.0.0.1:41', admin: 'http://127.0.0.1:42' };
  expect(parseListening(line)).toEqual(due);
  expect(parseListening(line.replace('"127.0.0.1:42"', '"http://127.0.0.1:42"'))).toEqual(due);
  expect(parseListening('{"msg":"draining"}')).toBeUndefined();
  expect(parseListening('Warning: something')).toBeUndefined();
});

it('sums every series of a metric', () => {
  const text = [
    '# TYPE tp_wire_bytes_total counter',
    'tp_wire_bytes_total{direction="in",peer="a"} 10',
    'tp_wire_bytes_total{direction="out",peer="a"} 32',
    'tp_wire_bytes_total_other 5',
  ].join('\n');
  expect(sumMetric(text, 'tp_wire_bytes_total')).toBe(42);
  expect(() => sumMetric(text, 'tp_links')).toThrow('hold no tp_links');
});

it('keeps latencies true to a few percent', () => {
  const latencies = new Latencies();
  expect(latencies.quantile(0.5)).toBe(0);
  for (let ms = 1; ms <= 100; ms += 1) latencies.add(ms);
  expect(latencies.quantile(0.5) / 50).toBeCloseTo(1, 1);
  expect(latencies.quantile(0.99) / 99).toBeCloseTo(1, 1);
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [99_960, '100 kB'],
  [999_600, '1.0 MB'],
])('writes %d bytes as %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});

describe('the command line of the demo', () => {
  it('lasts 20 s unless told otherwise', () => {
    expect(parseDemoOptions([])).toEqual({ seconds: 20, json: undefined });
    expect(parseDemoOptions(['--seconds', '5', '--json', 'f'])).toEqual({ seconds: 5, json: 'f' });
  });

  it.each(['0', 'x', '-3', '4000'])('refuses --seconds %s', (seconds) => {
    expect(() => parseDemoOptions([`--seconds=${seconds}`])).toThrow('--seconds takes a number');
  });
});
