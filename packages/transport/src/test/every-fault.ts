import type { CodecName } from '@tp/wire';
import { runCase } from './every-byte.ts';
import type { Fault } from './faulty-connection.ts';

/** What became of many faults. */
export interface Tally {
  readonly cases: number;
  /** How often each outcome of a call came: `ok`, `LINK_LOST maybe`, … */
  readonly outcomes: ReadonlyMap<string, number>;
  /** What must not be, with the fault that caused it. */
  readonly violations: readonly string[];
}

/** So many run beside each other, each on its own clock. */
const ABREAST = 50;
const BITS = 8;

/** A cut at every byte of both directions, the first and the end included. */
export async function everyCut(codec: CodecName): Promise<Fault[]> {
  return (await everyPlace(codec)).map(({ direction, at }) => ({ direction, at }));
}

/** Every bit of both directions turned over, each by itself. */
export async function everyFlip(codec: CodecName): Promise<Fault[]> {
  return (await everyPlace(codec)).flatMap(({ direction, at }) =>
    Array.from({ length: BITS }, (_, bit) => ({ direction, at, bit })),
  );
}

/** Runs a case for each fault. `progress` hears how many are done. */
export async function runFaults(
  codec: CodecName,
  faults: readonly Fault[],
  progress: (done: number) => void = () => {},
): Promise<Tally> {
  const outcomes = new Map<string, number>();
  const violations: string[] = [];
  for (let next = 0; next < faults.length; next += ABREAST) {
    const some = faults.slice(next, next + ABREAST);
    const results = await Promise.all(some.map((fault) => runCase(codec, fault)));
    for (const [i, result] of results.entries()) {
      for (const outcome of result.outcomes) {
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
      const where = JSON.stringify({ codec, ...some[i] });
      for (const violation of result.violations) violations.push(`${where}: ${violation}`);
    }
    progress(Math.min(next + ABREAST, faults.length));
  }
  return { cases: faults.length, outcomes, violations };
}

/** Every byte that crosses the connection when nothing goes wrong. */
async function everyPlace(codec: CodecName): Promise<Fault[]> {
  const { up, down, outcomes, violations } = await runCase(codec, undefined);
  if (violations.length > 0 || outcomes.some((outcome) => outcome !== 'ok')) {
    throw new Error(`without a fault: ${outcomes.join(', ')}; ${violations.join(', ')}`);
  }
  const places: Fault[] = [];
  for (let at = 0; at < up; at++) places.push({ direction: 'up', at });
  for (let at = 0; at < down; at++) places.push({ direction: 'down', at });
  return places;
}
