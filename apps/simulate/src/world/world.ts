import { EventQueue, type Owner, type SimEvent } from './event-queue.ts';
import { Trace } from './trace.ts';

/** An event that was planned and may be called off. */
export interface Planned {
  cancel(): void;
}

/** Events between two turns of the real event loop. A turn costs about as much as eight events. */
const EVENTS_A_TURN = 64;

/**
 * Virtual time and everything that happens in it. One event runs at a time; all promises that it
 * settles have run before the next, as in a turn of a real event loop.
 */
export class World {
  readonly trace: Trace;
  /** Events so far. */
  happened = 0;
  readonly #queue = new EventQueue();
  readonly #onError: (error: unknown) => void;
  #now: number;
  #order = 0;

  /**
   * @param start virtual ms at the start.
   * @param onError is told of what an event throws.
   */
  constructor(start: number, keepsTrace: boolean, onError: (error: unknown) => void) {
    this.#now = start;
    this.trace = new Trace(keepsTrace);
    this.#onError = onError;
  }

  /** Virtual ms. */
  get now(): number {
    return this.#now;
  }

  /** Plans an event at that time, or now when that has passed. */
  at(time: number, owner: Owner | undefined, call: () => void): Planned {
    const event: SimEvent = { time: Math.max(time, this.#now), order: this.#order++, call, owner };
    this.#queue.push(event);
    return {
      cancel: () => {
        event.call = undefined;
      },
    };
  }

  /** Resolves that many virtual ms later. For the history itself: it belongs to no process. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.at(this.#now + ms, undefined, resolve));
  }

  say(who: string, what: string): void {
    this.trace.add(this.#now, who, what);
  }

  /**
   * Lets events happen until `script` has ended. Resolves with `stuck` when nothing is planned any
   * more and it has not, and with `endless` after `most` events.
   */
  async run(script: Promise<unknown>, most: number): Promise<'done' | 'stuck' | 'endless'> {
    let isDone = false;
    const end = () => {
      isDone = true;
    };
    script.then(end, (error: unknown) => {
      this.#onError(error);
      end();
    });
    const isOver = () => isDone || this.#queue.size === 0 || this.happened >= most;
    await new Promise<void>((resolve) => {
      const turn = () => {
        if (isOver()) {
          resolve();
          return;
        }
        // Each of these runs when the promises that the one before it settled have run.
        for (let i = 0; i < EVENTS_A_TURN; i++) setImmediate(one);
        setImmediate(turn);
      };
      const one = () => {
        if (!isOver()) this.#step();
      };
      setImmediate(turn);
    });
    if (isDone) return 'done';
    return this.#queue.size === 0 ? 'stuck' : 'endless';
  }

  /** One event. Those that were called off, and those of dead processes, are none. */
  #step(): void {
    for (let event = this.#queue.pop(); event !== undefined; event = this.#queue.pop()) {
      const { call, owner } = event;
      if (call === undefined || owner?.alive === false) continue;
      if (owner !== undefined && owner.busyUntil > event.time) {
        event.time = owner.busyUntil;
        this.#queue.push(event);
        continue;
      }
      this.#now = event.time;
      this.happened++;
      try {
        call();
      } catch (error) {
        this.#onError(error);
      }
      return;
    }
  }
}
