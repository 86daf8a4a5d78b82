import type { Findings } from '../report/report.ts';

/** How a suite is run. */
export interface SuiteOptions {
  /** Less of everything: under 45 s on two cores. */
  readonly quick: boolean;
  /** The parts to run, where the suite has parts; none means all. */
  readonly parts: readonly string[];
  /** Told what goes on, in a few words, whenever that changes. */
  readonly progress: (text: string) => void;
}

/** Measures one group of things. */
export type Suite = (options: SuiteOptions) => Promise<Findings>;
