import { play } from '../run.ts';
import type { SeededViolation } from '../summary.ts';
import type { Mutant } from './mutant.ts';
import type { Workshop } from './workshop.ts';

/** Histories in which a mutant must be found. */
const MOST_HISTORIES = 400;
const FAULTS = 20;
const SEED = 1;

/** What the simulator found of a mutant. */
export interface Catch {
  readonly mutant: Mutant;
  /** The first violation of the kind that the mutant must be found by. */
  readonly found: SeededViolation | undefined;
  /** Kinds that were found besides. */
  readonly besides: readonly string[];
  /** Histories until then. */
  readonly histories: number;
}

/**
 * Plays histories with a mutant until it is found.
 *
 * @throws {Error} when the mutant cannot be made, or its thread ends.
 */
export async function hunt(mutant: Mutant, workshop: Workshop): Promise<Catch> {
  const isWanted = ({ kind }: SeededViolation) => kind === mutant.finds;
  const { violations, histories } = await workshop.lend(mutant, (worker) =>
    play(
      { seed: SEED, histories: MOST_HISTORIES, faults: FAULTS },
      { worker, workers: 1, until: (sofar) => sofar.violations.some(isWanted) },
    ),
  );
  const kinds = new Set<string>(violations.map(({ kind }) => kind));
  kinds.delete(mutant.finds);
  return { mutant, found: violations.find(isWanted), besides: [...kinds], histories };
}
