import type { ErrorCode, TpError } from '@tp/wire';

/** Where nobody knows better, in ms. */
const USUAL_MS = 1_000;

const known = new WeakMap<TpError, number>();

/** Notes when a request that failed may do better, in ms from now. */
export function tellRetryAfter(error: TpError, ms: number): void {
  known.set(error, ms);
}

/**
 * The value of `Retry-After` for the answer to a failure (RFC 9110 section 10.2.3): whole seconds, no less
 * than was noted and up to half as long again, by lot, so that clients do not come back together.
 *
 * @param random from 0 to 1.
 */
export function retryAfter(error: TpError, random: () => number = Math.random): string {
  const seconds = Math.max(1, Math.ceil((known.get(error) ?? USUAL_MS) / 1000));
  return String(seconds + Math.floor(random() * (1 + Math.ceil(seconds / 2))));
}

/** Whether a request that failed so may do better as soon as others have been answered. */
export function isCrowded(code: ErrorCode): boolean {
  return code === 'OVERLOADED' || code === 'OVERFLOW';
}
