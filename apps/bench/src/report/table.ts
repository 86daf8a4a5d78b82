import type { Report, Result } from './report.ts';

interface Column {
  readonly title: string;
  readonly cell: (result: Result) => string | undefined;
}

const COLUMNS: readonly Column[] = [
  { title: 'case', cell: (result) => result.case },
  { title: 'system', cell: (result) => result.system },
  { title: 'codec', cell: (result) => result.codec },
  { title: 'µs/op', cell: (result) => fixed(result.nsPerOp, 1000, 2) },
  { title: 'CPU µs/op', cell: (result) => fixed(result.cpuUsPerOp, 1, 2) },
  { title: 'ops/s', cell: (result) => grouped(result.opsPerSecond) },
  { title: 'MB/s', cell: (result) => fixed(result.bytesPerSecond, 1e6, 1) },
  { title: 'HTTP MB/s', cell: (result) => fixed(result.httpBytesPerSecond, 1e6, 2) },
  { title: 'HTTP B/op', cell: (result) => fixed(result.httpBytesPerOp, 1, 0) },
  { title: 'wire B/op', cell: (result) => fixed(result.wireBytesPerOp, 1, 1) },
  { title: 'HTTP/wire', cell: savings },
  { title: 'KiB/link', cell: (result) => fixed(result.bytesPerLink, 1024, 1) },
  { title: 'heap KiB/link', cell: (result) => fixed(result.heapBytesPerLink, 1024, 1) },
  { title: 'external KiB/link', cell: (result) => fixed(result.externalBytesPerLink, 1024, 1) },
  { title: 'allocated B/op', cell: (result) => fixed(result.allocatedBytesPerOp, 1, 0) },
  { title: 'retained B/op', cell: (result) => fixed(result.retainedBytesPerOp, 1, 1) },
  { title: 'p50 µs', cell: (result) => fixed(result.p50Us, 1, 0) },
  { title: 'p99 µs', cell: (result) => fixed(result.p99Us, 1, 0) },
];
const TEXT_COLUMNS = 3;

/** A report for people: a table, then the ratios, the trials, and what is missing. */
export function renderReport(report: Report): string {
  const versions = (report.versions ?? []).map(({ system, version }) => `, ${system} ${version}`);
  const lines = [`${report.suite} on ${report.machine}, ${report.runtime}${versions.join('')}`];
  if (report.results.length > 0) lines.push('', ...renderTable(report.results));
  if (report.ratios.length > 0) {
    const width = Math.max(...report.ratios.map((ratio) => ratio.name.length));
    lines.push('', 'Ratios');
    for (const { name, value, higherIsBetter } of report.ratios) {
      const sense = higherIsBetter ? 'higher is better' : 'lower is better';
      lines.push(`  ${name.padEnd(width)}  ${value.toFixed(2).padStart(7)}  ${sense}`);
    }
  }
  for (const { name, asked, measured, holds } of report.trials ?? []) {
    lines.push('', `${holds ? 'holds ' : 'FAILS '} ${name}: ${asked}`, `        ${measured}`);
  }
  if (report.notMeasured.length > 0) {
    lines.push('', 'Not measured');
    for (const { system, why } of report.notMeasured) lines.push(`  ${system}: ${why}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Every figure of results as text, the columns' titles first: case, system and codec, then those that any has. */
export function resultRows(results: readonly Result[]): string[][] {
  const used = COLUMNS.filter(
    ({ cell }, i) => i < TEXT_COLUMNS || results.some((result) => cell(result) !== undefined),
  );
  return [
    used.map(({ title }) => title),
    ...results.map((result) => used.map(({ cell }) => cell(result) ?? '')),
  ];
}

function renderTable(results: readonly Result[]): string[] {
  const rows = resultRows(results);
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((text, i) => {
        const width = widths[i] ?? 0;
        return i < TEXT_COLUMNS ? text.padEnd(width) : text.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

function savings(result: Result): string | undefined {
  const { httpBytesPerOp, wireBytesPerOp } = result;
  if (httpBytesPerOp === undefined || !wireBytesPerOp) return undefined;
  return `${(httpBytesPerOp / wireBytesPerOp).toFixed(2)}x`;
}

function fixed(value: number | undefined, unit: number, digits: number): string | undefined {
  return value === undefined ? undefined : (value / unit).toFixed(digits);
}

function grouped(value: number | undefined): string | undefined {
  return value === undefined ? undefined : Math.round(value).toLocaleString('en-US');
}
