import type { Result } from '../report/report.ts';
import type { BarChart } from './bars.ts';
import { short, systemName, tickText, toneOf, trafficName } from './names.ts';
import type { Section } from './page.ts';
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
      [...kindsOf(exchanges)].flatMap(([kind, rows]) => chart(exchangeChart(kind, rows))),
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

function exchangeChart(kind: string, rows: readonly Result[]): BarChart {
  const http1 = rows.find(({ system }) => system === 'http1')?.wireBytesPerOp;
  const sorted = rows.toSorted((a, b) => (b.wireBytesPerOp ?? 0) - (a.wireBytesPerOp ?? 0));
  const ours = sorted.findLast(({ system, codec }) => system === 'tp' && codec === 'zstd');
  return {
    title: `Bytes of one exchange: ${trafficName(kind)}`,
    caption: 'Request and response. Shorter is better.',
    tick: tickText,
    bars: sorted.map((row) => {
      const value = row.wireBytesPerOp ?? 0;
      return {
        label: systemName(row.system),
        detail: settingText(row),
        value,
        text: `${short(value)} B`,
        note: http1 === undefined || row.system === 'http1' ? '' : fewer(http1 / value),
        tone: toneOf(row, row === ours),
      };
    }),
  };
}

function fewer(times: number): string {
  return times >= 1.005 ? `${times.toFixed(times < 1.1 ? 2 : 1)}x fewer` : 'as many';
}

function settingText({ codec, case: name }: Result): string {
  const batch = /batch-(\d+)/.exec(name)?.[1];
  const packing =
    codec === undefined || codec === 'gzip' ? '' : codec === 'none' ? 'no codec' : codec;
  const size = batch === undefined ? '' : batch === '1' ? 'one a batch' : `${batch} a batch`;
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
