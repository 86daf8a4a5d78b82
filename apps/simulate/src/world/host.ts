import type { Clock, Timer } from '@tp/transport';
import type { Owner } from './event-queue.ts';
import type { World } from './world.ts';

/** A process: what runs in it runs one thing at a time, on its own clock, until it is killed. */
export class Host implements Owner {
  readonly name: string;
  alive = true;
  busyUntil = 0;
  /** What is given to the libraries. */
  readonly clock: Clock;
  readonly #world: World;
  /** Timers of the libraries that are set, with where they were set when the trace is kept. */
  readonly #timers = new Map<number, string>();
  readonly #lags: { readonly from: number; readonly until: number }[] = [];
  #lastTimer = 0;

  constructor(name: string, world: World) {
    this.name = name;
    this.#world = world;
    this.clock = {
      now: () => world.now,
      after: (ms, call) => this.#after(ms, call),
      defer: (call) => void world.at(world.now, this, call),
      settle: (call) => void world.at(world.now, this, call),
    };
  }

  /** Timers that the libraries have set and that neither fired nor were cleared. */
  get timers(): readonly string[] {
    return [...this.#timers.values()];
  }

  /** Nothing of it happens any more. */
  kill(): void {
    this.alive = false;
  }

  /** Something keeps its event loop busy for that many ms. */
  lag(ms: number): void {
    const from = this.#world.now;
    const until = Math.max(this.busyUntil, from + ms);
    this.#lags.push({ from, until });
    this.busyUntil = until;
  }

  /** For how many ms at most something was late since a time because its event loop was busy. */
  lagSince(time: number): number {
    let sum = 0;
    for (const { from, until } of this.#lags) {
      if (until > time) sum += until - Math.max(from, time);
    }
    return sum;
  }

  /** Resolves that many ms later, in this process. For those who use the libraries. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#world.at(this.#world.now + ms, this, resolve));
  }

  /** As `setTimeout` does it: whole ms, cut off, and one at least. */
  #after(ms: number, call: () => void): Timer {
    const number = ++this.#lastTimer;
    const place = this.#world.trace.keeps ? (new Error().stack ?? '') : `${ms} ms`;
    this.#timers.set(number, place);
    const wait = Math.max(1, Math.trunc(ms));
    const planned = this.#world.at(this.#world.now + wait, this, () => {
      this.#timers.delete(number);
      call();
    });
    return {
      clear: () => {
        this.#timers.delete(number);
        planned.cancel();
      },
    };
  }
}
