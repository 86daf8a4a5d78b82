/** Waits between attempts, in ms: from the first, times the factor, up to the last. */
const FIRST = 100;
const FACTOR = 1.6;
const LAST = 10_000;
/** Behind a loss nobody waits for, redials are spread over so long, in ms: many clients lost the same server. */
const SPREAD = 250;
/** While calls ask for the peer it is tried this often, in ms, so that it is found within a second. */
const LAST_IN_DEMAND = 500;

/**
 * How long to wait before the next attempt. Every wait is jittered, so that many clients that lost
 * the same server do not come back in step.
 */
export class Backoff {
  readonly #random: () => number;
  #wait = FIRST;

  /** @param random from 0 to 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** After an attempt that failed: 100 ms, times 1.6 each time up to 10 s, each by +-50 %. */
  next(): number {
    const wait = this.#jittered(this.#wait);
    this.#wait = Math.min(LAST, this.#wait * FACTOR);
    return wait;
  }

  /**
   * While calls ask for the peer: behind the loss of a link that served well anything from 0 to 100 ms,
   * else the same as `next`, but half a second at most, by +-50 %.
   */
  inDemand(): number {
    if (this.#wait === FIRST) return FIRST * this.#random();
    return this.#jittered(Math.min(this.#wait, LAST_IN_DEMAND));
  }

  /** After the loss of a link that served well, while no call asks for the peer: anything from 0 to 250 ms. */
  first(): number {
    return SPREAD * this.#random();
  }

  /** The peer was well: the next wait is the first again. */
  reset(): void {
    this.#wait = FIRST;
  }

  #jittered(ms: number): number {
    return ms * (0.5 + this.#random());
  }
}
