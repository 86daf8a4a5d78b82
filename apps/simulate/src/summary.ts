import type { HistoryResult } from './history/history.ts';
import type { Violation } from './history/violation.ts';

/** A promise that was broken, and the history in which it was. */
export interface SeededViolation extends Violation {
  readonly seed: number;
}

/** What many histories came to. Sums can be sent between threads. */
export interface Summary {
  histories: number;
  events: number;
  /** By kind. */
  readonly faults: Map<string, number>;
  /** Calls by how they ended. */
  readonly calls: Map<string, number>;
  readonly violations: SeededViolation[];
}

export function emptySummary(): Summary {
  return { histories: 0, events: 0, faults: new Map(), calls: new Map(), violations: [] };
}

export function addHistory(summary: Summary, result: HistoryResult): void {
  const { seed, events, faults, outcomes, violations } = result;
  summary.histories++;
  summary.events += events;
  addCounts(summary.faults, faults);
  addCounts(summary.calls, outcomes);
  for (const violation of violations) summary.violations.push({ seed, ...violation });
}

export function addSummary(summary: Summary, other: Summary): void {
  summary.histories += other.histories;
  summary.events += other.events;
  addCounts(summary.faults, other.faults);
  addCounts(summary.calls, other.calls);
  summary.violations.push(...other.violations);
}

/** The sum of all counts. */
export function total(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}

/** What is written with `--json`. */
export function toJson({ histories, faults, calls, violations }: Summary): object {
  return {
    histories,
    faults: total(faults),
    calls: total(calls),
    violations: violations.map(({ seed, kind, what, at }) => ({ seed, kind, what, at })),
  };
}

/** The tables that end a run. */
export function renderSummary(summary: Summary, faultsEach: number): string {
  const { histories, faults, calls, violations } = summary;
  const lines = [
    `${histories} histories, ${total(faults)} faults, ${total(calls)} calls, ${summary.events} events`,
    ...renderCounts('faults', faults),
    ...renderCounts('calls by how they ended', calls),
    ...renderViolations(violations, faultsEach),
    `${violations.length} violations`,
  ];
  return `${lines.join('\n')}\n`;
}

/** Violations that are shown one by one at most. */
const MOST_SHOWN = 20;

function renderViolations(violations: readonly SeededViolation[], faultsEach: number): string[] {
  const lines = violations
    .slice(0, MOST_SHOWN)
    .map(({ seed, kind, what, at }) => `  seed ${seed}: ${kind}: ${what} (at ${at.toFixed(3)} ms)`);
  const first = violations[0];
  if (first === undefined) return [];
  if (violations.length > MOST_SHOWN) lines.push(`  and ${violations.length - MOST_SHOWN} more`);
  const replay = `--seed ${first.seed} --histories 1 --faults ${faultsEach}`;
  return ['violations', ...lines, `to see the first: npm run simulate -- ${replay}`];
}

function renderCounts(title: string, counts: ReadonlyMap<string, number>): string[] {
  const sorted = [...counts].sort(([, one], [, other]) => other - one);
  return [title, ...sorted.map(([name, count]) => `${String(count).padStart(10)}  ${name}`)];
}

function addCounts(counts: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [name, count] of more) counts.set(name, (counts.get(name) ?? 0) + count);
}
