import { type Bar, type Section, short, tickText } from '@tp/savings/html';
import type { Result } from '../report/report.ts';
import { codecText, systemName, timeText, toneOf, trafficName } from './names.ts';
import { chart, section } from './sections.ts';

/** Those of the proxy suite. */
export function proxySections(results: readonly Result[]): Section[] {
  const rows = results.filter(({ case: name }) => name.startsWith('proxy/'));
  const names = [...new Set(rows.map(({ case: name }) => name))];
  return section(
    'A pair of proxies before a service',
    'HTTP in, a link between the two, HTTP out to nginx; every process on the same cores, the load generator too.',
    names.flatMap((name) => {
      const these = rows.filter((row) => row.case === name);
      const [, kind = ''] = name.split('/');
      const load = /load-(\d+)/.exec(name)?.[1];
      return load === undefined ? peakCharts(kind, these) : loadCharts(kind, load, these);
    }),
  );
}

function peakCharts(kind: string, rows: readonly Result[]): string[] {
  return [
    ...chart({
      title: `Most requests a second: ${trafficName(kind)}`,
      caption: 'As many as wrk gets answered. Longer is better.',
      tick: tickText,
      bars: rows.map((row) => barOf(row, row.opsPerSecond ?? 0, short(row.opsPerSecond ?? 0))),
    }),
    ...chart({
      title: `CPU for each request: ${trafficName(kind)}`,
      caption: 'Of both proxies together, at the peak. Shorter is better.',
      tick: tickText,
      bars: rows
        .filter(({ cpuUsPerOp }) => cpuUsPerOp)
        .map((row) => barOf(row, row.cpuUsPerOp ?? 0, timeText(row.cpuUsPerOp ?? 0))),
    }),
  ];
}

function loadCharts(kind: string, share: string, rows: readonly Result[]): string[] {
  return chart({
    title: `Latency at ${share} % of the pair's peak: ${trafficName(kind)}`,
    caption:
      'Requests fall due whatever became of those before, and count from then. To the 99th percentile; darker, to the median.',
    tick: (us) => (us >= 1000 ? `${tickText(us / 1000)} ms` : `${tickText(us)} µs`),
    bars: rows.map((row) => ({
      ...barOf(row, row.p99Us ?? 0, timeText(row.p99Us ?? 0)),
      part: row.p50Us ?? 0,
      note: `median ${timeText(row.p50Us ?? 0)}`,
    })),
  });
}

function barOf(row: Result, value: number, text: string): Bar {
  return {
    label: row.system === 'tp' ? 'tp pair' : systemName(row.system),
    detail: row.system === 'tp' ? codecText(row) : '',
    value,
    text,
    tone: toneOf(row, row.codec !== 'none'),
  };
}
