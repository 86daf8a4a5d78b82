import { type Bar, type BarChart, type Section, short, tickText } from '@tp/savings/html';
import type { Result } from '../report/report.ts';
import { codecText, systemName, toneOf, trafficName } from './names.ts';
import { chart, section } from './sections.ts';

/** Those of the bytes suite: whole exchanges, and heads of real sites. */
export function bytesSections(results: readonly Result[]): Section[] {
  const counted = results.filter(
    ({ wireBytesPerOp, nsPerOp, case: name }) =>
      wireBytesPerOp !== undefined && nsPerOp === undefined && !name.startsWith('link/'),
  );
  const exchanges = counted.filter(({ case: name }) => !name.startsWith('headers/'));
  const heads = counted.filter(({ case: name }) => name.startsWith('headers/'));
  return [
    ...section(
      'Bytes on the network',
      'What one request and its answer take, heads and bodies together. ' +
        'Ids, addresses and tokens of this traffic are random, as they are in real traffic.',
      [...kindsOf(exchanges)].flatMap(([kind, rows]) => exchangeCharts(kind, rows)),
    ),
    ...section(
      'Heads alone',
      'The header lists of six real sites, each as the first that a new link carries.',
      chart(headsChart(heads)),
    ),
  ];
}

/** Both directions together, by the kind of traffic that a case begins with. */
function kindsOf(results: readonly Result[]): Map<string, Result[]> {
  const kinds = new Map<string, Result[]>();
  for (const result of results) {
    if (/\/(requests|responses)$/.test(result.case)) continue;
    const kind = result.case.split('/')[0] ?? '';
    kinds.set(kind, [...(kinds.get(kind) ?? []), result]);
  }
  return kinds;
}

/** One chart of what is packed best, and one of smaller batches, as an idle link has them. */
function exchangeCharts(kind: string, rows: readonly Result[]): string[] {
  const http1 = rows.find(({ system }) => system === 'http1')?.wireBytesPerOp;
  const most = Math.max(...rows.map(batchOf));
  const sorted = rows.toSorted((a, b) => (b.wireBytesPerOp ?? 0) - (a.wireBytesPerOp ?? 0));
  const isFull = (row: Result) => batchOf(row) === 0 || batchOf(row) === most;
  const small = sorted.filter((row) => !isFull(row));
  return [
    ...chart({
      title: `Bytes of one exchange: ${trafficName(kind)}`,
      caption: 'Request and response. Shorter is better.',
      tick: tickText,
      bars: barsOf(sorted.filter(isFull), http1, settingText),
    }),
    ...chart({
      title: `In smaller batches: ${trafficName(kind)}`,
      caption: 'An idle link sends each call by itself; one under load makes batches.',
      tick: tickText,
      bars: [...new Set(small.map(batchOf))]
        .toSorted((a, b) => a - b)
        .flatMap((batch) => {
          const bars = barsOf(
            small.filter((row) => batchOf(row) === batch),
            http1,
            codecText,
          );
          return bars.map((bar, i) => (i === 0 ? { ...bar, heading: batchText(batch) } : bar));
        }),
    }),
  ];
}

function barsOf(
  rows: readonly Result[],
  http1: number | undefined,
  detailOf: (row: Result) => string,
): Bar[] {
  const ours = rows.findLast(({ system, codec }) => system === 'tp' && codec === 'zstd');
  return rows.map((row) => {
    const value = row.wireBytesPerOp ?? 0;
    return {
      label: systemName(row.system),
      detail: detailOf(row),
      value,
      text: `${short(value)} B`,
      note: http1 === undefined || row.system === 'http1' ? '' : fewer(http1 / value),
      tone: toneOf(row, row === ours),
    };
  });
}

/** Calls a batch; 0 where there are no batches. */
function batchOf({ case: name }: Result): number {
  return Number(/batch-(\d+)/.exec(name)?.[1] ?? 0);
}

function batchText(batch: number): string {
  return batch === 1 ? 'one a batch' : `${batch} a batch`;
}

function fewer(times: number): string {
  return times >= 1.005 ? `${times.toFixed(times < 1.1 ? 2 : 1)}x fewer` : 'as many';
}

function settingText(row: Result): string {
  const packing = ['gzip-bodies', 'offline'].includes(row.system) ? '' : codecText(row);
  const size = batchOf(row) === 0 ? '' : batchText(batchOf(row));
  return [packing, size].filter((part) => part !== '').join(', ');
}

function headsChart(rows: readonly Result[]): BarChart {
  let last = '';
  return {
    title: 'Bytes of one head',
    caption: 'On average over each story. Shorter is better.',
    tick: tickText,
    bars: rows.map((row) => {
      const story = /story-(\w+)/.exec(row.case)?.[1] ?? row.case;
      const isNew = story !== last;
      last = story;
      const value = row.wireBytesPerOp ?? 0;
      return {
        label: systemName(row.system),
        detail: row.system === 'tp' ? settingText(row) : '',
        value,
        text: `${short(value)} B`,
        tone: toneOf(row, row.codec === 'zstd'),
        ...(isNew ? { heading: `story ${story}` } : {}),
      };
    }),
  };
}
