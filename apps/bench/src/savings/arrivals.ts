import { Random } from '../traffic/random.ts';
import type { RecordedExchange } from './recorded.ts';

/** How often requests come, and how we know. */
export interface Rate {
  readonly requestsPerDay: number;
  readonly from: 'option' | 'timestamps' | 'assumption';
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
 * says: by the recorded times, stretched to the rate, or by a steady stream that comes at random
 * moments where there are no times.
 */
export function batchesAt(
  delayMs: number,
  exchanges: readonly Pick<RecordedExchange, 'atMs'>[],
  { requestsPerDay }: Rate,
): number[] {
  const batches: number[] = [];
  let [count, closesAtMs] = [0, Number.NEGATIVE_INFINITY];
  for (const atMs of momentsOf(exchanges, requestsPerDay)) {
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
  requestsPerDay: number,
): number[] {
  const own = rateOf(exchanges, undefined);
  const startMs = exchanges[0]?.atMs;
  if (own.from === 'timestamps' && startMs !== undefined) {
    const stretch = own.requestsPerDay / requestsPerDay;
    return exchanges.map(({ atMs }) => ((atMs ?? startMs) - startMs) * stretch);
  }
  const random = new Random(SEED);
  const meanMs = MS_PER_DAY / requestsPerDay;
  let atMs = 0;
  return exchanges.map(() => (atMs += -Math.log(1 - random.unit()) * meanMs));
}
