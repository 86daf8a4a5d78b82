import type { Result } from '../report/report.ts';
import { capital, short, tickText, timeText, trafficName } from './names.ts';
import type { Section } from './page.ts';
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
        title: capital(kind),
        caption: 'MB/s of envelopes. Longer is better.',
        tick: tickText,
        bars: rows
          .filter(({ case: name }) => name.split('/')[0] === kind)
          .map((row) => {
            const value = (row.bytesPerSecond ?? 0) / 1e6;
            const [, ...rest] = row.case.split('/');
            return {
              label: rest.map((part) => trafficName(part)).join(', '),
              value,
              text: `${short(value)} MB/s`,
              note: row.nsPerOp === undefined ? '' : `${timeText(row.nsPerOp / 1000)} each`,
              tone: 'ours' as const,
            };
          }),
      }),
    ),
  );
}
