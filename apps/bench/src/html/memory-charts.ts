import { type Section, short, tickText } from '@tp/savings/html';
import type { Result } from '../report/report.ts';
import { capital, toneOf } from './names.ts';
import { chart, section } from './sections.ts';

/** Those of the memory suite. */
export function memorySections(results: readonly Result[]): Section[] {
  const states = [
    ['fresh', 'Opened, nothing carried yet'],
    ['busy', 'In use, windows held'],
    ['idle', 'At rest after use, windows let go'],
  ] as const;
  const charts = states.flatMap(([state, title]) => {
    const rows = results.filter(
      ({ case: name, bytesPerLink }) =>
        bytesPerLink !== undefined && name.startsWith(`${state}/`) && !name.endsWith('/mmap'),
    );
    return chart({
      title,
      caption: 'KiB of resident memory for each link. Shorter is better.',
      tick: tickText,
      bars: rows.map((row) => {
        const [, links = '', end = ''] = row.case.split('/');
        const kib = (row.bytesPerLink ?? 0) / 1024;
        return {
          label: `${capital(end)}, ${row.codec === 'none' ? 'no codec' : row.codec}`,
          detail: `${Number(links).toLocaleString('en-US')} links`,
          value: kib,
          text: `${short(kib)} KiB`,
          tone: toneOf(row, row.codec === 'zstd' || row.codec === 'none'),
        };
      }),
    });
  });
  return section(
    'Memory of a link',
    'What one end takes for each link. Client and server are a process each, with many links open at once.',
    charts,
  );
}
