import type { CaseResult, Findings } from './case.ts';
import { sectionOf, TITLES } from './sections.ts';

/** What the kit found out about one peer; the shape of `--json`. */
export interface Report {
  readonly role: 'server' | 'client';
  /** Who it was, for people. */
  readonly peer: string;
  readonly passed: number;
  readonly failed: number;
  readonly cases: readonly CaseResult[];
  /** Cases that do not apply, as the peer does not offer the codec that they need. */
  readonly omitted: number;
  /** Why nothing was run, where that is so. */
  readonly skipped?: string;
  /** The peer was broken on purpose: its one case passed when the kit has noticed. */
  readonly mutant?: true;
}

/** Counts what was found. */
export function makeReport(role: Report['role'], peer: string, findings: Findings): Report {
  const { results: cases, omitted } = findings;
  const passed = cases.filter(({ ok }) => ok).length;
  return { role, peer, passed, failed: cases.length - passed, cases, omitted };
}

/** A report of a peer that could not be driven here. */
export function skippedReport(role: Report['role'], peer: string, why: string): Report {
  return { role, peer, passed: 0, failed: 0, cases: [], omitted: 0, skipped: why };
}

/** A table of the cases by section of the protocol, and a line that sums up. */
export function renderReport(report: Report): string {
  const { role, peer, passed, failed, cases, omitted, skipped } = report;
  if (skipped !== undefined) return `${role} ${peer}: skipped, ${skipped}\n`;
  const lines: string[] = ['', `${role} ${peer}`];
  for (const title of [...TITLES, 'Others']) {
    const inside = cases.filter(({ rule }) => sectionOf(rule) === title);
    if (inside.length === 0) continue;
    lines.push('', title);
    for (const one of inside.toSorted((a, b) => a.rule.localeCompare(b.rule))) {
      lines.push(...renderCase(one));
    }
  }
  const left = omitted > 0 ? `; ${omitted} need what it does not offer` : '';
  const sum = `${cases.length} cases, ${passed} passed, ${failed} failed${left}`;
  lines.push('', `${role} ${peer}: ${sum}`, '');
  return lines.join('\n');
}

function renderCase({ rule, name, ok, why }: CaseResult): string[] {
  const line = `  ${ok ? 'pass' : 'FAIL'}  ${rule}  ${name}`;
  return ok ? [line] : [line, ...why.split('\n').map((part) => `               ${part}`)];
}
