import { countText, sizeText } from '@tp/savings';
import type { DemoFigures } from './figures.ts';

/** What the picture shows beside the figures since the start. */
export interface Moment {
  readonly elapsedSeconds: number;
  readonly totalSeconds: number;
  /** Over the last second or so. */
  readonly requestsPerSecond: number;
  readonly httpBytesPerSecond: number;
  readonly wireBytesPerSecond: number;
}

/** The screen to draw for. */
export interface Screen {
  readonly columns: number;
  readonly coloured: boolean;
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const LABEL_COLUMNS = 40;
const WIDEST_BAR = 48;
const BOLD = '1';
const DIM = '2';
const YELLOW = '33';
const GREEN = '32';
const BOLD_GREEN = '1;32';

/** The lines of the picture; always the same number of them. */
export function frameLines(figures: DemoFigures, moment: Moment, screen: Screen): string[] {
  const paint = (code: string, text: string): string =>
    screen.coloured ? `\x1b[${code}m${text}\x1b[0m` : text;
  const width = Math.max(8, Math.min(WIDEST_BAR, screen.columns - LABEL_COLUMNS));
  const share = figures.ratio > 0 ? 1 / figures.ratio : 0;
  const seconds = Math.min(moment.elapsedSeconds, moment.totalSeconds);
  return [
    paint(DIM, '  client ──HTTP──▶ near proxy ══tp link══▶ far proxy ──HTTP──▶ service'),
    '',
    `  ${paint(BOLD_GREEN, `${figures.ratio.toFixed(1)}x`)} ${paint(BOLD, 'fewer bytes on the link than as HTTP')}`,
    '',
    `  HTTP  ${paint(YELLOW, bar(1, width))}  ${amount(figures.httpBytes, moment.httpBytesPerSecond)}`,
    `  link  ${paint(GREEN, bar(share, width))}  ${amount(figures.wireBytes, moment.wireBytesPerSecond)}`,
    '',
    `  ${countText(figures.requests)} requests, ${countText(moment.requestsPerSecond)}/s, ${errorsText(figures)}`,
    `  half of them within ${figures.p50Ms.toFixed(1)} ms, 99 % within ${figures.p99Ms.toFixed(1)} ms`,
    paint(
      DIM,
      `  ${progressBar(seconds / moment.totalSeconds, width)}  ${seconds.toFixed(0)} of ${moment.totalSeconds} s`,
    ),
  ];
}

/** The same in one line, for logs. */
export function plainLine(figures: DemoFigures, moment: Moment): string {
  return [
    `${moment.elapsedSeconds.toFixed(0).padStart(3)} s`,
    `${countText(moment.requestsPerSecond)} requests/s`,
    `HTTP ${sizeText(figures.httpBytes)}`,
    `link ${sizeText(figures.wireBytes)}`,
    `${figures.ratio.toFixed(1)}x fewer bytes`,
    `p50 ${figures.p50Ms.toFixed(1)} ms`,
    `p99 ${figures.p99Ms.toFixed(1)} ms`,
    errorsText(figures),
  ].join('   ');
}

function errorsText({ errors }: DemoFigures): string {
  return errors === 0 ? 'no errors' : `${countText(errors)} errors`;
}

function amount(bytes: number, bytesPerSecond: number): string {
  return `${sizeText(bytes).padStart(8)}  ${sizeText(bytesPerSecond).padStart(8)}/s`;
}

function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(Math.max(share, 0), 1) * width * 8);
  const blocks = '█'.repeat(eighths >> 3) + (EIGHTHS[eighths & 7] ?? '');
  return blocks.padEnd(width);
}

function progressBar(share: number, width: number): string {
  const done = Math.round(Math.min(share, 1) * width);
  return '━'.repeat(done) + '╌'.repeat(width - done);
}
