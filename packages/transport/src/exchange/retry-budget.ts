import type { Clock } from '../clock.ts';
import { RateLimit } from '../rate-limit.ts';

/** Over how long calls are counted, in ms; older ones weigh less and less. */
const WINDOW_MS = 10_000;

/**
 * How many attempts beyond the first all calls of a pool may make: a share of the calls of late, and
 * a few a second besides. So peers that fail get little more load, not several times as much.
 */
export class RetryBudget {
  readonly #clock: Clock;
  readonly #share: number;
  readonly #fixed: RateLimit;
  #tokens = 0;
  #calls = 0;
  #since: number;

  /**
   * @param percent attempts that 100 calls earn.
   * @param perSecond attempts besides.
   */
  constructor(clock: Clock, percent: number, perSecond: number) {
    this.#clock = clock;
    this.#share = percent / 100;
    this.#fixed = new RateLimit(clock, perSecond, perSecond);
    this.#since = clock.now();
  }

  /**
   * Takes an attempt; false when there is none left.
   *
   * @param calls how many calls have been made in all. They earn when somebody asks, so a call that
   * goes well costs nothing.
   */
  take(calls: number): boolean {
    this.#earn(calls - this.#calls);
    this.#calls = calls;
    if (this.#fixed.take()) return true;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** What is there fades, and so does what was earned since, evenly over that time. */
  #earn(calls: number): void {
    const now = this.#clock.now();
    const windows = (now - this.#since) / WINDOW_MS;
    this.#since = now;
    const left = Math.exp(-windows);
    const earned = calls * this.#share * (windows > 0 ? (1 - left) / windows : 1);
    this.#tokens = this.#tokens * left + earned;
  }
}
