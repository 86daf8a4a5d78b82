import type { Clock, Timer } from './clock.ts';

/** Something that must end by a time. It is its own link in a bucket's list, so arming allocates nothing. */
export interface Timed {
  /** When, on the clock of the wheel, in ms; 0 while not armed. */
  dueAt: number;
  before: Timed | undefined;
  after: Timed | undefined;
  /** Called once the time has passed. */
  expire(): void;
}

/** Resolution in ms: nothing expires early, and at most this much late. */
const TICK = 8;
const BUCKETS = 1024;

/**
 * A timer wheel: any number of deadlines behind one timer. Arming and disarming cost a few
 * pointer writes; only a bucket whose time has come is looked at.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #buckets: (Timed | undefined)[] = new Array<Timed | undefined>(BUCKETS).fill(undefined);
  #armed = 0;
  #tick: number;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#tick = Math.floor(clock.now() / TICK);
  }

  /** How many deadlines are armed. */
  get size(): number {
    return this.#armed;
  }

  /** Calls `item.expire` at `dueAt`, or soon when that has passed. Replaces what was armed before. */
  arm(item: Timed, dueAt: number): void {
    if (item.dueAt !== 0) this.disarm(item);
    if (this.#armed++ === 0) this.#tick = Math.floor(this.#clock.now() / TICK);
    // A bucket behind the wheel's place would wait for a whole turn.
    const due = Math.max(dueAt, this.#tick * TICK) || 1;
    const bucket = bucketOf(due);
    const first = this.#buckets[bucket];
    item.dueAt = due;
    item.before = undefined;
    item.after = first;
    if (first !== undefined) first.before = item;
    this.#buckets[bucket] = item;
    if (this.#timer === undefined) this.#schedule();
  }

  disarm(item: Timed): void {
    if (item.dueAt === 0) return;
    if (item.before === undefined) this.#buckets[bucketOf(item.dueAt)] = item.after;
    else item.before.after = item.after;
    if (item.after !== undefined) item.after.before = item.before;
    item.dueAt = 0;
    item.before = undefined;
    item.after = undefined;
    this.#armed--;
  }

  #schedule(): void {
    this.#timer = this.#clock.after(TICK, () => {
      this.#timer = undefined;
      this.#advance();
      if (this.#armed > 0 && this.#timer === undefined) this.#schedule();
    });
  }

  #advance(): void {
    const now = this.#clock.now();
    const last = Math.floor(now / TICK);
    const first = Math.max(this.#tick, last - BUCKETS + 1);
    this.#tick = last;
    const due: Timed[] = [];
    for (let tick = first; tick <= last; tick++) {
      let item = this.#buckets[tick & (BUCKETS - 1)];
      while (item !== undefined) {
        if (item.dueAt <= now) due.push(item);
        item = item.after;
      }
    }
    for (const item of due) {
      if (item.dueAt === 0 || item.dueAt > now) continue;
      this.disarm(item);
      item.expire();
    }
  }
}

function bucketOf(dueAt: number): number {
  return Math.floor(dueAt / TICK) & (BUCKETS - 1);
}
