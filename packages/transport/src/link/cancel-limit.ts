import type { Clock } from '../clock.ts';
import type { LinkLimits } from '../limits.ts';

/** One cancel in ten streams that are completed is nothing unusual (W-095). */
const PER_COMPLETED = 0.1;

/** Within this time, in ms, the larger of two rates is told by what each of them has earned. */
const PERIOD_MS = 1_000;

/**
 * How many cancels a dialer may say: `cancelBurst` at once, earned back at the larger of `cancelRate`
 * a second and one for ten completed streams (W-095).
 */
export class CancelLimit {
  readonly #clock: Clock;
  readonly #limits: LinkLimits;
  #tokens: number;
  /** When the period began, what was completed by then, and what has been earned since. */
  #begunAt: number;
  #completedBefore = 0;
  #earned = 0;
  /** The same of the cancel before: a period ends with the last one in it. */
  #takenAt: number;
  #completedAtTake = 0;

  constructor(clock: Clock, limits: LinkLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#tokens = limits.cancelBurst;
    this.#begunAt = clock.now();
    this.#takenAt = this.#begunAt;
  }

  /** Takes one, now that so many streams of the link are completed. False when there is none. */
  take(completed: number): boolean {
    const { cancelBurst, cancelRate } = this.#limits;
    const now = this.#clock.now();
    if (now - this.#begunAt > PERIOD_MS) {
      this.#begunAt = this.#takenAt;
      this.#completedBefore = this.#completedAtTake;
      this.#earned = 0;
    }
    this.#takenAt = now;
    this.#completedAtTake = completed;
    const byTime = ((now - this.#begunAt) / 1_000) * cancelRate;
    const byCompleted = (completed - this.#completedBefore) * PER_COMPLETED;
    const earned = Math.max(byTime, byCompleted);
    this.#tokens = Math.min(cancelBurst, this.#tokens + earned - this.#earned);
    this.#earned = earned;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
