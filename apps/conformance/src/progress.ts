import type { CaseResult } from './case.ts';

/** Where the terminal is told how far the kit is. */
interface Output {
  readonly isTTY?: boolean;
  write(text: string): void;
}

/** Shows how many cases have run. */
export interface Progress {
  done(result: CaseResult): void;
  /** Leaves the line. */
  end(): void;
}

/** Counts on one line of a terminal; says nothing anywhere else. */
export function makeProgress(output: Output): Progress {
  let run = 0;
  let failed = 0;
  return {
    done: ({ ok }) => {
      run++;
      if (!ok) failed++;
      if (output.isTTY === true) output.write(`\r${run} cases run, ${failed} failed `);
    },
    end: () => {
      if (output.isTTY === true && run > 0) output.write('\n');
    },
  };
}
