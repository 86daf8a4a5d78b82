import { type Bar, type Section, short, tickText } from '@tp/savings/html';
import type { Result } from '../report/report.ts';
import { capital, timeText, trafficName } from './names.ts';
import { chart, section } from './sections.ts';

/** Those of the wire suite: the format by itself. */
export function wireSections(results: readonly Result[]): Section[] {
  const rows = results.filter(({ bytesPerSecond }) => bytesPerSecond !== undefined);
  const kinds = [...new Set(rows.map(({ case: name }) => name.split('/')[0] ?? ''))];
  return section(
    'The format by itself',
    'Heads and records written and read on one core, without sockets, calls and compression.',
    kinds.flatMap((kind) =>
      chart({
        title: capital(trafficName(kind)),
        caption: 'MB/s of envelopes. Longer is better.',
        tick: tickText,
        bars: barsOf(rows.filter(({ case: name }) => name.split('/')[0] === kind)),
      }),
    ),
  );
}

function barsOf(rows: readonly Result[]): Bar[] {
  let last = '';
  return rows.map((row) => {
    const value = (row.bytesPerSecond ?? 0) / 1e6;
    const [, what = '', ...rest] = row.case.split('/');
    const [work = '', batch = ''] = rest;
    const isNew = what !== last;
    last = what;
    return {
      label: work,
      detail: batch.replace('batch-', 'batches of '),
      value,
      text: `${short(value)} MB/s`,
      note: row.nsPerOp === undefined ? '' : `${timeText(row.nsPerOp / 1000)} each`,
      tone: batch === 'batch-1' ? 'ours-soft' : 'ours',
      ...(isNew ? { heading: what } : {}),
    };
  });
}
