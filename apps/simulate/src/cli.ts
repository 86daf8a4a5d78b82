import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface Command {
  readonly histories: number;
  /** Of the first history; each further one has the next number. */
  readonly seed: number;
  /** Faults that take effect in each history, at least. */
  readonly faults: number;
  readonly json: string | undefined;
  /** Threads that play histories. */
  readonly workers: number | undefined;
}

/** What is shown for a command line that cannot be followed. */
export const USAGE = `usage: npm run simulate -- [options]
options: --histories N   how many histories to play (default 1000)
         --seed S        of the first; each further one has the next number (default: by the clock)
         --faults N      faults in each history, at least (default 20)
         --json FILE     write { "histories", "faults", "calls", "violations" } as JSON
         --workers N     threads (default: one for each core)
With --histories 1 the whole history is printed.
`;

/** A command line that cannot be followed; the message says why. */
export class UsageError extends Error {}

/**
 * Reads the command line, without the program's own name.
 *
 * @param seed where none is given.
 * @throws {UsageError} when it says something else than `USAGE`.
 */
export function parseCommand(args: readonly string[], seed: number): Command {
  const values = parse(args);
  return {
    histories: wholeNumber('--histories', values.histories, 1) ?? 1_000,
    seed: wholeNumber('--seed', values.seed, 0) ?? seed,
    faults: wholeNumber('--faults', values.faults, 0) ?? 20,
    json: values.json,
    workers: wholeNumber('--workers', values.workers, 1),
  };
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        histories: { type: 'string' },
        seed: { type: 'string' },
        faults: { type: 'string' },
        json: { type: 'string' },
        workers: { type: 'string' },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= Number.MAX_SAFE_INTEGER) return number;
  throw new UsageError(`found ${name} ${text}; expected a whole number from ${least}`);
}
