import { type Clock, systemClock, type Timer } from '../clock.ts';

interface Pending {
  readonly dueAt: number;
  readonly call: () => void;
}

/** A clock that stands until a test moves it. Turns of the event loop stay real. */
export class FakeClock implements Clock {
  #now = 1_000_000;
  readonly #pending = new Set<Pending>();

  /** Timers that are set. */
  get timers(): number {
    return this.#pending.size;
  }

  /** When the next of them fires; undefined: there are none. */
  get nextAt(): number | undefined {
    return this.#next(Number.POSITIVE_INFINITY)?.dueAt;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): Timer {
    const pending = { dueAt: this.#now + ms, call };
    this.#pending.add(pending);
    return { clear: () => void this.#pending.delete(pending) };
  }

  defer(call: () => void): void {
    setImmediate(call);
  }

  settle(call: () => void): void {
    systemClock.settle(call);
  }

  /** Lets time pass; timers fire in order, each at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#now = Math.max(this.#now, next.dueAt);
      this.#pending.delete(next);
      next.call();
    }
    this.#now = end;
  }

  /** Lets time pass while the process stands still: timers that were due meanwhile fire late, at its end. */
  stand(ms: number): void {
    this.#now += ms;
    this.advance(0);
  }

  #next(end: number): Pending | undefined {
    let first: Pending | undefined;
    for (const pending of this.#pending) {
      if (pending.dueAt <= end && (first === undefined || pending.dueAt < first.dueAt)) {
        first = pending;
      }
    }
    return first;
  }
}
