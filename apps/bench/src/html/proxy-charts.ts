import type { Result } from '../report/report.ts';
import type { Bar } from './bars.ts';
import { codecText, short, systemName, tickText, timeText, toneOf } from './names.ts';
import type { Section } from './page.ts';
import { chart, section } from './sections.ts';

/** Those of the proxy suite. */
export function proxySections(results: readonly Result[]): Section[] {
  const rows = results.filter(({ case: name }) => name.startsWith('proxy/'));
  const peaks = rows.filter(({ case: name }) => name.endsWith('/peak'));
  const loads = [...new Set(rows.map(({ case: name }) => name))].filter((name) =>
    /load-/.test(name),
  );
  const bar = (row: Result, value: number, text: string, rest: Partial<Bar> = {}): Bar => ({
    label: row.system === 'tp' ? 'tp pair' : systemName(row.system),
    detail: row.system === 'tp' ? codecText(row) : '',
    value,
    text,
    tone: toneOf(row, row.codec !== 'none'),
    ...rest,
  });
  return section(
    'A pair of proxies before a service',
    'HTTP in, a link between the two, HTTP out to nginx; every process on the same cores, the load generator too.',
    [
      ...chart({
        title: 'Most requests a second',
        caption: 'As many as wrk gets answered. Longer is better.',
        tick: tickText,
        bars: peaks.map((row) => bar(row, row.opsPerSecond ?? 0, short(row.opsPerSecond ?? 0))),
      }),
      ...chart({
        title: 'CPU for each request',
        caption: 'Of both proxies together, at the peak. Shorter is better.',
        tick: tickText,
        bars: peaks
          .filter(({ cpuUsPerOp }) => cpuUsPerOp)
          .map((row) => bar(row, row.cpuUsPerOp ?? 0, timeText(row.cpuUsPerOp ?? 0))),
      }),
      ...loads.flatMap((name) =>
        chart({
          title: `Latency at ${/load-(\d+)/.exec(name)?.[1]} % of the pair's peak`,
          caption:
            'Requests fall due whatever became of those before, and count from then. To the 99th percentile; darker, to the median.',
          tick: (us) => (us >= 1000 ? `${tickText(us / 1000)} ms` : `${tickText(us)} µs`),
          bars: rows
            .filter((row) => row.case === name && row.p99Us !== undefined)
            .map((row) =>
              bar(row, row.p99Us ?? 0, timeText(row.p99Us ?? 0), {
                part: row.p50Us ?? 0,
                note: `median ${timeText(row.p50Us ?? 0)}`,
              }),
            ),
        }),
      ),
    ],
  );
}
