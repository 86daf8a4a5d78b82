import type { TrafficResponse } from '@tp/savings';
import type { Exchange } from '../traffic/exchange.ts';

/** Finds the answer to a request by its `x-request-id`; where there is only one answer, without looking. */
export function answersOf(
  exchanges: readonly Exchange[],
): (id: string | undefined) => TrafficResponse | undefined {
  const answers = new Map(exchanges.map(({ id, response }) => [id, response]));
  const [only] = answers.size === 1 ? answers.values() : [];
  return only === undefined ? (id) => answers.get(id ?? '') : () => only;
}

/** Goes round in a list. */
export function inRound<T>(entries: readonly T[]): () => T {
  let next = 0;
  return () => {
    const entry = entries[next++ % entries.length];
    if (entry === undefined) throw new Error('there is nothing to go round in');
    return entry;
  };
}
