import type { Clock, Timer } from '../clock.ts';

/** Something that must end by a time. */
export interface Timed {
  /** When, on the clock of the deadlines, in ms. Setting it to 0 disarms. */
  dueAt: number;
  /** Called once the time has passed. */
  expire(): void;
}

/** Calls a function for each thing that may have a deadline. */
type EachTimed = (visit: (item: Timed) => void) => void;

/** Resolution in ms: nothing expires early, and on an idle event loop at most this much late. */
const TICK = 8;
/** Longer waits are cut in pieces: timers take no more than 2^31 ms. */
const LONGEST_WAIT = 2 ** 30;

/**
 * Any number of deadlines behind one timer. Whoever holds the things keeps them anyway, so there is
 * no list of them here, only a time before which none is due: arming writes a number, disarming
 * another. When that time has come all are looked at, which happens about once for each span of the
 * shortest deadline, and never more often than once in `TICK`.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #each: EachTimed;
  /** Nothing is due before. */
  #earliest = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;
  #looksAt = 0;

  /** @param each visits all that may be armed; it may visit what is not. */
  constructor(clock: Clock, each: EachTimed) {
    this.#clock = clock;
    this.#each = each;
  }

  /** Calls `item.expire` at `dueAt`, or soon when that has passed. Replaces what was armed before. */
  arm(item: Timed, dueAt: number): void {
    // 0 is the mark of what is not armed.
    item.dueAt = dueAt === 0 ? 1 : dueAt;
    if (dueAt < this.#earliest) this.#wait(dueAt);
  }

  /** Nothing expires any more. */
  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#earliest = Number.NEGATIVE_INFINITY;
  }

  #wait(until: number): void {
    this.#earliest = until;
    const now = this.#clock.now();
    const wait = Math.min(Math.max(until - now, TICK), LONGEST_WAIT);
    // What is due already waits for its tick, and what comes due before it does not put that off.
    if (this.#timer !== undefined && this.#looksAt <= now + wait) return;
    this.#timer?.clear();
    this.#looksAt = now + wait;
    this.#timer = this.#clock.after(wait, this.#look);
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const now = this.#clock.now();
    const due: Timed[] = [];
    let earliest = Number.POSITIVE_INFINITY;
    this.#each((item) => {
      if (item.dueAt === 0) return;
      if (item.dueAt <= now) due.push(item);
      else if (item.dueAt < earliest) earliest = item.dueAt;
    });
    this.#earliest = Number.POSITIVE_INFINITY;
    if (earliest < Number.POSITIVE_INFINITY) this.#wait(earliest);
    for (const item of due) {
      // What expired before it may have ended or armed this one.
      if (item.dueAt === 0 || item.dueAt > now) continue;
      item.dueAt = 0;
      item.expire();
    }
  };
}
