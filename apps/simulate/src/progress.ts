import { type Summary, total } from './summary.ts';

/** Where the terminal is told how far the run is. */
interface Output {
  readonly isTTY?: boolean;
  write(text: string): void;
}

/** Shows how many histories were played. */
export interface Progress {
  show(sofar: Summary): void;
  /** Leaves the line. */
  end(): void;
}

/** Counts on one line of a terminal; says nothing anywhere else. */
export function makeProgress(output: Output, histories: number): Progress {
  let shown = false;
  return {
    show: (sofar) => {
      if (output.isTTY !== true) return;
      shown = true;
      const { faults, calls, violations } = sofar;
      output.write(
        `\r${sofar.histories} of ${histories} histories, ${total(faults)} faults, ${total(calls)} calls, ${violations.length} violations `,
      );
    },
    end: () => {
      if (shown) output.write('\n');
    },
  };
}
