import { expect, it } from 'vitest';
import { medianFigures, parseSample } from '../measure/sample.ts';
import { makeReport } from './report.ts';
import { renderReport } from './table.ts';

const samples = [9000, 1000, 3000, 2000, 8000].map((elapsedNs) =>
  parseSample(JSON.stringify({ ops: 10, elapsedNs, cpuUs: 5, wireBytes: 200, httpBytes: 1234 })),
);

const findings = {
  results: [
    {
      system: 'tp',
      case: 'get/none/1000',
      codec: 'none',
      tls: false,
      callers: 1000,
      ...medianFigures(samples),
    },
  ],
  ratios: [{ name: 'get/none/1000 vs tp-floor', value: 1.2345678, higherIsBetter: false }],
  notMeasured: [{ system: 'httpteleport', why: 'the go command is not installed' }],
} as const;

it('takes the middle of the faster half of the runs', () => {
  expect(medianFigures(samples)).toEqual({
    nsPerOp: 200,
    cpuUsPerOp: 0.5,
    opsPerSecond: 5_000_000,
    httpBytesPerOp: 123.4,
    wireBytesPerOp: 20,
  });
});

it('has exactly the keys that checks read, and leaves out what does not apply', () => {
  const report = makeReport('e2e', findings);
  expect(Object.keys(report).sort()).toEqual(
    ['machine', 'notMeasured', 'ratios', 'results', 'runtime', 'suite'].sort(),
  );
  expect(report.results).toEqual([
    {
      system: 'tp',
      case: 'get/none/1000',
      codec: 'none',
      tls: false,
      callers: 1000,
      nsPerOp: 200,
      cpuUsPerOp: 0.5,
      opsPerSecond: 5_000_000,
      httpBytesPerOp: 123.4,
      wireBytesPerOp: 20,
    },
  ]);
  expect(report.ratios).toEqual([
    { name: 'get/none/1000 vs tp-floor', value: 1.2346, higherIsBetter: false },
  ]);
});

it('prints results, ratios and what is missing', () => {
  const text = renderReport(makeReport('e2e', findings));
  expect(text).toMatch(/get\/none\/1000 +tp +none +0\.20 +0\.50 +5,000,000 +123 +20\.0 +6\.17x/);
  expect(text).toMatch(/get\/none\/1000 vs tp-floor +1\.23 +lower is better/);
  expect(text).toContain('httpteleport: the go command is not installed');
});

it('says of each trial what was asked, what came of it, and whether it holds', () => {
  const trials = [
    { name: 'kill', asked: 'no call hangs', measured: '200 kills, none', holds: true },
    { name: 'storm', asked: 'spread out', measured: 'peak 500', holds: false },
  ];
  const report = makeReport('trials', { results: [], ratios: [], notMeasured: [], trials });
  expect(report.trials).toEqual(trials);
  const text = renderReport(report);
  expect(text).toContain('holds  kill: no call hangs\n        200 kills, none\n');
  expect(text).toContain('FAILS  storm: spread out\n        peak 500\n');
});

it.each(['{"ops":0,"elapsedNs":1,"cpuUs":1}', '{"ops":1}', '{"ready":true}'])(
  'takes no sample from %s',
  (line) => {
    expect(() => parseSample(line)).toThrow('expected a line with ops');
  },
);
