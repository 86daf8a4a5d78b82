import { type Section, short, tickText } from '@tp/savings/html';
import type { Result } from '../report/report.ts';
import { codecText, systemName, toneOf } from './names.ts';
import { chart, section } from './sections.ts';

/** Those of the link suite: what a slow line carries. */
export function linkSections(results: readonly Result[]): Section[] {
  const rows = results.filter(({ httpBytesPerSecond }) => httpBytesPerSecond !== undefined);
  const rate = rows.find(({ system }) => system === 'link')?.httpBytesPerSecond;
  const sorted = rows.toSorted((a, b) => (b.httpBytesPerSecond ?? 0) - (a.httpBytesPerSecond ?? 0));
  return section(
    'Through a slow link',
    'Two network namespaces with a wire between them that carries so much and no more. What counts is HTTP: the bytes that the same requests take as HTTP/1.1.',
    chart({
      title: 'Requests carried, as HTTP/1.1 bytes',
      caption: 'Mbit/s. Longer is better.',
      tick: tickText,
      bars: sorted.map((row) => {
        const value = ((row.httpBytesPerSecond ?? 0) * 8) / 1e6;
        return {
          label: systemName(row.system),
          detail: row.system === 'tp' ? codecText(row) : '',
          value,
          text: `${short(value)} Mbit/s`,
          note: rate ? `${((row.httpBytesPerSecond ?? 0) / rate).toFixed(2)}x of the rate` : '',
          tone: toneOf(row, row.codec === 'zstd'),
        };
      }),
    }),
  );
}
