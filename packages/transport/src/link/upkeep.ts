import type { Clock, Timer } from '../clock.ts';

/** What needs a look from time to time: a link. */
export interface Kept {
  /** Does what is due, and gives when to look again, in ms on the clock. */
  look(now: number): number;
  /** When that is; the upkeep's own. */
  lookAt: number;
}

/** Looks are this far apart at least, in ms: what is due comes at most this late. */
const TICK = 100;
/** Longer waits are cut in pieces: timers take no more than 2^31 ms. */
const LONGEST_WAIT = 2 ** 30;

/**
 * One timer for all links of a pool or server: keepalive, windows and memory that idle links let go.
 * Nothing is done per call or per byte: when the earliest time has come, each link is asked what is
 * due by now.
 */
export class Upkeep {
  readonly #clock: Clock;
  readonly #links = new Set<Kept>();
  #timer: Timer | undefined;
  #wakesAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Looks after the link from now on, for the first time at `lookAt`. */
  start(link: Kept, lookAt: number): void {
    link.lookAt = lookAt;
    this.#links.add(link);
    this.#wake(lookAt);
  }

  /** Looks after it no more. */
  stop(link: Kept): void {
    this.#links.delete(link);
    if (this.#links.size > 0) return;
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #wake(at: number): void {
    const now = this.#clock.now();
    const wait = Math.min(Math.max(at - now, 0), LONGEST_WAIT);
    if (this.#timer !== undefined && this.#wakesAt <= now + wait) return;
    this.#timer?.clear();
    this.#wakesAt = now + wait;
    this.#timer = this.#clock.after(wait, this.#look);
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const now = this.#clock.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const link of this.#links) {
      if (link.lookAt <= now) link.lookAt = link.look(now);
      if (link.lookAt < earliest) earliest = link.lookAt;
    }
    if (this.#links.size > 0 && earliest < Number.POSITIVE_INFINITY) {
      this.#wake(Math.max(earliest, now + TICK));
    }
  };
}
