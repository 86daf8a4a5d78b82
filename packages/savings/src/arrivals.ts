import type { RecordedExchange } from './recorded.ts';

/** How often requests come, and how we know. */
export interface Rate {
  readonly requestsPerDay: number;
  /** `traffic`: counted while it passes. */
  readonly from: 'option' | 'timestamps' | 'traffic' | 'assumption';
}

const ASSUMED_PER_DAY = 1_000_000;
const MS_PER_DAY = 86_400_000;
const SEED = 5;

/** What was said on the command line, else what the recorded times say, else an assumption. */
export function rateOf(
  exchanges: readonly Pick<RecordedExchange, 'atMs'>[],
  said: number | undefined,
): Rate {
  if (said !== undefined) return { requestsPerDay: said, from: 'option' };
  const [first, last] = [exchanges[0]?.atMs, exchanges.at(-1)?.atMs];
  if (first === undefined || last === undefined || last <= first) {
    return { requestsPerDay: ASSUMED_PER_DAY, from: 'assumption' };
  }
  const perMs = (exchanges.length - 1) / (last - first);
  return { requestsPerDay: Math.round(perMs * MS_PER_DAY), from: 'timestamps' };
}

/**
 * How many requests go into each batch when the first of a batch waits for others as long as the delay
 * says: by the recorded times, stretched to a rate that was said, or by a steady stream that comes at random
 * moments where there are no times.
 */
export function batchesAt(
  delayMs: number,
  exchanges: readonly Pick<RecordedExchange, 'atMs'>[],
  rate: Rate,
): number[] {
  const batches: number[] = [];
  let [count, closesAtMs] = [0, Number.NEGATIVE_INFINITY];
  for (const atMs of momentsOf(exchanges, rate)) {
    if (count > 0 && atMs >= closesAtMs) {
      batches.push(count);
      count = 0;
    }
    if (count === 0) closesAtMs = atMs + delayMs;
    count += 1;
  }
  return count > 0 ? [...batches, count] : batches;
}

function momentsOf(
  exchanges: readonly Pick<RecordedExchange, 'atMs'>[],
  { requestsPerDay, from }: Rate,
): number[] {
  const own = rateOf(exchanges, undefined);
  const startMs = exchanges[0]?.atMs;
  if (own.from === 'timestamps' && startMs !== undefined) {
    const stretch = from === 'option' ? own.requestsPerDay / requestsPerDay : 1;
    return exchanges.map(({ atMs }) => ((atMs ?? startMs) - startMs) * stretch);
  }
  const random = unitNumbers(SEED);
  const meanMs = MS_PER_DAY / requestsPerDay;
  let atMs = 0;
  return exchanges.map(() => (atMs += -Math.log(1 - random()) * meanMs));
}

/** Numbers from 0 to 1, the same for each seed (mulberry32). */
function unitNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
