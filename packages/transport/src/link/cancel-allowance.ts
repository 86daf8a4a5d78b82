import type { Clock } from '../clock.ts';

/** Cancels that a peer allows at once, a second, and for each completed stream (W-095), less a tenth for its other clock. */
const BURST = 900;
const PER_SECOND = 29;
const PER_COMPLETED = 0.09;

/**
 * How many cancels may be sent before the peer ends the link for them (W-095). It earns them back at
 * the larger of two rates; over which time it compares these is its own affair. So each cancel counts
 * for both here, and one of them must allow all that were sent.
 */
export class CancelAllowance {
  readonly #clock: Clock;
  #since: number;
  #completedBefore = 0;
  #byTime = BURST;
  #byCompleted = BURST;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** Takes one, if another is allowed now that so many streams of the link are completed. */
  take(completed: number): boolean {
    const now = this.#clock.now();
    const seconds = (now - this.#since) / 1_000;
    this.#byTime = Math.min(BURST, this.#byTime + seconds * PER_SECOND);
    const more = completed - this.#completedBefore;
    this.#byCompleted = Math.min(BURST, this.#byCompleted + more * PER_COMPLETED);
    this.#since = now;
    this.#completedBefore = completed;
    if (this.#byTime < 1 && this.#byCompleted < 1) return false;
    this.#byTime = Math.max(-BURST, this.#byTime - 1);
    this.#byCompleted = Math.max(-BURST, this.#byCompleted - 1);
    return true;
  }
}
