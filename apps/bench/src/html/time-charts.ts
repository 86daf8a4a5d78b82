import { type BarChart, renderBars, type Section, tickText } from '@tp/savings/html';
import type { Result } from '../report/report.ts';
import { capital, systemName, timeText, toneOf, trafficName } from './names.ts';

interface Group {
  /** With how it is packed. */
  readonly title: string;
  /** Without. */
  readonly calls: string;
  readonly rows: { readonly result: Result; readonly variant: string }[];
}

/** Those of calls end to end: time for each call, and latencies. */
export function timeSections(results: readonly Result[]): Section[] {
  const calls = results.filter(
    ({ nsPerOp, callers }) => nsPerOp !== undefined && callers !== undefined,
  );
  const groups = [...groupsOf(calls).values()];
  if (groups.length === 0) return [];
  return [
    {
      title: 'Time for a call',
      about:
        'Client and server together in one process on one core, so that the time of a call is the CPU of both ends. ' +
        'Each caller waits for its answer before its next request; every answer is checked; all systems of a chart took turns in one run.',
      charts: groups.map((group) => renderBars(timeChart(group))),
    },
    {
      title: 'Latency',
      about:
        'From handing over a request to having its answer, on that one busy core: with many callers it says how long the queue is.',
      charts: groups.flatMap((group) => latencyCharts(group).map(renderBars)),
    },
  ];
}

function groupsOf(calls: readonly Result[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const result of calls) {
    const { title, calls: named, variant, ...description } = describe(result);
    const key = `${result.suite} ${description.key}`;
    const group = groups.get(key) ?? { title, calls: named, rows: [] };
    group.rows.push({ result, variant });
    groups.set(key, group);
  }
  return joined(groups);
}

/** Where tp alone was measured compressed, that stands beside the others, who were not. */
function joined(groups: ReadonlyMap<string, Group>): Map<string, Group> {
  const all = new Map(groups);
  for (const [key, { rows }] of groups) {
    const plain = all.get(key.replace('/compressed/', '/none/'));
    const isAlone = rows.every(({ result }) => result.system === 'tp');
    if (!key.includes('/compressed/') || !isAlone || plain === undefined) continue;
    all.delete(key);
    all.set(key.replace('/compressed/', '/none/'), {
      ...plain,
      title: plain.calls,
      rows: [...plain.rows, ...rows],
    });
  }
  return all;
}

/** Cases of one traffic, packing, number of callers and security belong together; what is set beside is a variant. */
function describe({ case: name, callers }: Result): {
  key: string;
  title: string;
  calls: string;
  variant: string;
} {
  const parts = /^(get|rtb|rest)\/(none|compressed)\/(\d+)(\/tls)?(?:\/(.*))?$/.exec(name);
  if (parts === null) {
    const [first = '', ...rest] = name.split('/');
    const calls = `${first}, ${callersText(callers)}`;
    return { key: `${first} ${callers}`, title: calls, calls, variant: rest.join('/') };
  }
  const [, traffic = '', packing = '', , tls = '', variant = ''] = parts;
  const security = tls === '' ? '' : ', TLS';
  const packed = packing === 'none' ? 'not compressed' : 'compressed';
  return {
    key: `${traffic}/${packing}/${callers}${tls}`,
    title: `${trafficName(traffic)}, ${packed}, ${callersText(callers)}${security}`,
    calls: `${trafficName(traffic)}, ${callersText(callers)}${security}`,
    variant: variant.replace(/^delay-(\d+)ms$/, 'batch delay $1 ms').replaceAll('-', ' '),
  };
}

function callersText(callers: number | undefined): string {
  if (callers === undefined) return '';
  return callers === 1 ? 'one caller' : `${callers.toLocaleString('en-US')} callers`;
}

function timeChart({ title, rows }: Group): BarChart {
  const sorted = rows.toSorted((a, b) => (a.result.nsPerOp ?? 0) - (b.result.nsPerOp ?? 0));
  const ours = sorted.find(({ result }) => result.system === 'tp')?.result;
  return {
    title: capital(title),
    caption: 'µs for each call. Shorter is better.',
    tick: tickText,
    bars: sorted.map(({ result, variant }) => {
      const us = (result.nsPerOp ?? 0) / 1000;
      return {
        label: systemName(result.system),
        detail: detailOf(result, variant),
        value: us,
        text: timeText(us),
        note: noteOf(result, ours),
        tone: toneOf(result, result === ours),
      };
    }),
  };
}

function noteOf(result: Result, ours: Result | undefined): string {
  if (ours?.nsPerOp === undefined || result.nsPerOp === undefined) return '';
  if (result === ours) return `${Math.round(result.opsPerSecond ?? 0).toLocaleString('en-US')}/s`;
  return `${(result.nsPerOp / ours.nsPerOp).toFixed(2)}x of tp`;
}

function latencyCharts({ title, rows }: Group): BarChart[] {
  const timed = rows.filter(({ result }) => result.p99Us !== undefined);
  if (timed.length === 0) return [];
  const sorted = timed.toSorted((a, b) => (a.result.p99Us ?? 0) - (b.result.p99Us ?? 0));
  const ours = sorted.find(({ result }) => result.system === 'tp')?.result;
  return [
    {
      title: capital(title),
      caption: 'To the 99th percentile; darker, to the median. Shorter is better.',
      tick: (us) => (us >= 1000 ? `${tickText(us / 1000)} ms` : `${tickText(us)} µs`),
      bars: sorted.map(({ result, variant }) => ({
        label: systemName(result.system),
        detail: detailOf(result, variant),
        value: result.p99Us ?? 0,
        text: timeText(result.p99Us ?? 0),
        ...(result.p50Us === undefined
          ? {}
          : { part: result.p50Us, note: `median ${timeText(result.p50Us)}` }),
        tone: toneOf(result, result === ours),
      })),
    },
  ];
}

function detailOf({ codec }: Result, variant: string): string {
  return [codec === 'none' ? '' : codec, variant].filter((part) => part).join(', ');
}
