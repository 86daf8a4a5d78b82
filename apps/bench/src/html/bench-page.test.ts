import { escapeHtml, scaleFor } from '@tp/savings/html';
import { expect, it } from 'vitest';
import type { Result } from '../report/report.ts';
import { resultRows } from '../report/table.ts';
import { REPORT } from '../test/report-fixture.ts';
import { benchPage } from './bench-page.ts';

const page = benchPage(REPORT);

/** The cells of each row of the page's tables, as text. */
const rows = [...page.matchAll(/<tr[^>]*>(.*?)<\/tr>/g)].map(([, row = '']) =>
  [...row.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/g)].map(([, cell]) => cell),
);

it('has every figure of the report', () => {
  for (const row of resultRows(REPORT.results)) expect(rows).toContainEqual(row.map(escapeHtml));
  for (const { name, value } of REPORT.ratios) {
    expect(rows).toContainEqual([name, String(value), expect.stringContaining('is better')]);
  }
  for (const { system, version } of REPORT.versions ?? []) {
    expect(page).toContain(`<li>${system} <b>${version}</b></li>`);
  }
  expect(page).toContain(REPORT.machine);
  expect(page).toContain(REPORT.runtime);
});

it('has a column for every figure that a result may have', () => {
  const row = (result: Result) => resultRows([result])[1]?.join(' ');
  for (const result of REPORT.results) {
    for (const [name, value] of Object.entries(result)) {
      if (typeof value !== 'number' || name === 'callers') continue;
      expect(row({ ...result, [name]: value * 7 }), name).not.toBe(row(result));
    }
  }
});

it('draws every result: none is in the table alone', () => {
  const bars = [...page.matchAll(/class="bar"/g)].length;
  const drawn = REPORT.results.filter(
    ({ case: name }) => !/\/(requests|responses)$/.test(name) || name.includes('encode'),
  );
  const latencies = drawn.filter(
    ({ callers, p99Us }) => callers !== undefined && p99Us !== undefined,
  );
  const cpu = drawn.filter(({ case: name, cpuUsPerOp }) => name.endsWith('/peak') && cpuUsPerOp);
  expect(bars).toBe(drawn.length + latencies.length + cpu.length);
});

it('says what was not measured and why, as text', () => {
  expect(page).toContain(
    '<li><b>httptp</b>the Go module proxy does not serve &lt;github.com/valyala/httptp&gt; (404 Not)</li>',
  );
});

it('fetches nothing and runs nothing', () => {
  expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`);
  expect(page).not.toMatch(
    /<(script|img|iframe|object|embed|base|form)\b|https?:\/\/|url\(|@import/i,
  );
  expect([...page.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, to]) => to)).toEqual(['data:,']);
});

it('keeps every bar within its chart', () => {
  const widths = [...page.matchAll(/--(?:w|at|part):([^"]*)"/g)].map(([, width]) => Number(width));
  expect(widths.length).toBeGreaterThan(100);
  for (const width of widths) expect(width >= 0 && width <= 1).toBe(true);
});

it('takes a logarithmic scale where bars would disappear, and a linear one from 0 elsewhere', () => {
  const linear = scaleFor([120, 350, 2400]);
  expect(linear.isLog).toBe(false);
  expect(linear.ticks).toEqual([0, 1000, 2000]);
  expect(linear.at(1200)).toBe(0.5);
  const log = scaleFor([0.6, 100]);
  expect(log.isLog).toBe(true);
  expect(log.ticks).toEqual([0.1, 1, 10, 100]);
  expect(log.at(100)).toBe(1);
  expect(log.at(0.6)).toBeGreaterThan(0.2);
  expect(scaleFor([0]).at(0)).toBe(0);
});
