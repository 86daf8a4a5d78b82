import type { Findings, TrialResult } from '../report/report.ts';

/** How a trial is run. */
export interface TrialOptions {
  /** A smaller number of everything; a trial that cannot be short says so and does not run. */
  readonly quick: boolean;
  /** Told what goes on, in a few words, whenever that changes. */
  readonly progress: (text: string) => void;
}

/** What a trial hands over: what held, or why it could not be tried. */
export type TrialFindings = readonly TrialResult[] | { readonly why: string };

/** Tries one promise with real processes, sockets and networks. */
export type Trial = (options: TrialOptions) => Promise<TrialFindings>;

/** The findings of a suite from those of its trials. */
export function findingsOf(found: ReadonlyMap<string, TrialFindings>): Findings {
  const trials: TrialResult[] = [];
  const notMeasured: { system: string; why: string }[] = [];
  for (const [name, findings] of found) {
    if ('why' in findings) notMeasured.push({ system: name, why: findings.why });
    else trials.push(...findings);
  }
  return { results: [], ratios: [], notMeasured, trials };
}
