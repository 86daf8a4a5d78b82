import type { Clock } from '../clock.ts';
import { RateLimit } from '../rate-limit.ts';

/** Cancels that a peer allows at once, a second, and for each request (W-095), less a tenth for its other clock. */
const BURST = 900;
const PER_SECOND = 29;
const PER_REQUEST = 0.09;

/** How many cancels may be sent before the peer ends the link for them (W-095). */
export class CancelAllowance {
  readonly #rate: RateLimit;
  #endedBefore = 0;

  constructor(clock: Clock) {
    this.#rate = new RateLimit(clock, BURST, PER_SECOND);
  }

  /** Takes one, if another is allowed now that so many requests of the link have ended. */
  take(ended: number): boolean {
    this.#rate.earn((ended - this.#endedBefore) * PER_REQUEST);
    this.#endedBefore = ended;
    return this.#rate.take();
  }
}
