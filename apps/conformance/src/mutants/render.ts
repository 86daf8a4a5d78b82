import type { Report } from '../report.ts';

/** A line for each mutant, and one that sums up. */
export function renderMutants(reports: readonly Report[]): string {
  const lines = reports.flatMap(renderMutant);
  const caught = reports.filter(({ failed }) => failed === 0).length;
  return ['', ...lines, '', `${reports.length} mutants, ${caught} caught`, ''].join('\n');
}

function renderMutant({ role, peer, cases }: Report): string[] {
  return cases.map(({ rule, name, ok, why }) => {
    const trouble = ok || why === '' ? '' : `: ${why}`;
    return `  ${ok ? 'pass' : 'FAIL'}  ${rule}  ${role} ${peer}: ${name}${trouble}`;
  });
}
