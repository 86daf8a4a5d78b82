import type { Case } from './case.ts';
import { MeasuredProcess } from './measured-process.ts';
import type { Command } from './pinning.ts';
import { type Figures, medianFigures, type Sample } from './sample.ts';

/** One system in one case, and how to start it. */
export interface Contender {
  /** As in the report: `tp`, `tp-floor`, `httpteleport`, … */
  readonly system: string;
  readonly case: Case;
  readonly command: Command;
  /** Compiled while it runs, as JavaScript is: it has reached its speed only after a while. */
  readonly warmsUp: boolean;
}

/** How long to measure. */
export interface Effort {
  /** How often each contender has its turn. */
  readonly rounds: number;
  /** How long a turn lasts, in seconds. */
  readonly seconds: number;
  /** How long each contender that warms up runs before anything counts, in seconds; others a fifth of it. */
  readonly warmupSeconds: number;
}

/** What a contender reached, or why it did not. */
export type Outcome =
  | {
      readonly contender: Contender;
      readonly figures: Figures;
      readonly samples: readonly Sample[];
    }
  | { readonly contender: Contender; readonly why: string };

/**
 * Measures contenders against each other: all stand at once, one runs at a time, turn after turn (A B
 * C A B C …), so that what disturbs the machine disturbs all of them alike. The figures are medians.
 */
export async function measureInterleaved(
  contenders: readonly Contender[],
  effort: Effort,
  onTurn: (contender: Contender, turn: number, turns: number) => void,
): Promise<Outcome[]> {
  const entries = contenders.map((contender) => new Entry(contender));
  try {
    for (const entry of entries) await entry.start(effort.warmupSeconds);
    const turns = effort.rounds * entries.length;
    for (let round = 0; round < effort.rounds; round += 1) {
      for (const [i, entry] of entries.entries()) {
        onTurn(entry.contender, round * entries.length + i + 1, turns);
        await entry.turn(effort.seconds);
      }
    }
    return entries.map((entry) => entry.outcome());
  } finally {
    await Promise.all(entries.map((entry) => entry.stop()));
  }
}

class Entry {
  readonly contender: Contender;
  private readonly process: MeasuredProcess;
  private readonly samples: Sample[] = [];
  private why: string | undefined;

  constructor(contender: Contender) {
    this.contender = contender;
    this.process = new MeasuredProcess(contender.command);
  }

  start(warmupSeconds: number): Promise<void> {
    return this.attempt(async () => {
      await this.process.ready();
      await this.process.run(this.contender.warmsUp ? warmupSeconds : warmupSeconds / 5);
    });
  }

  turn(seconds: number): Promise<void> {
    return this.attempt(async () => {
      this.samples.push(await this.process.run(seconds));
    });
  }

  outcome(): Outcome {
    const { contender, why, samples } = this;
    if (why !== undefined) return { contender, why };
    return { contender, figures: medianFigures(samples), samples };
  }

  stop(): Promise<void> {
    return this.process.stop();
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    if (this.why !== undefined) return;
    try {
      await work();
    } catch (error) {
      this.why = error instanceof Error ? error.message : String(error);
    }
  }
}
