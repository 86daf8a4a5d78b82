import type { Clock } from '../clock.ts';
import { Fifo } from '../fifo.ts';
import type { ServerExchange } from './server-exchange.ts';

/** For how long handlers run, in ms, before sockets are read again. */
const SLICE_MS = 2;

/**
 * Requests whose handlers have to wait for the next turn of the event loop, as those of the turns
 * before have taken long. In between sockets are read: so what waits is known and can be refused at
 * once, and does not wait unseen in a socket until its deadline has passed. First come, first
 * served, over all links. Nothing waits here while handlers are quick.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #waiting = new Fifo<ServerExchange>();
  readonly #since = new Fifo<number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** For how long the first has waited, in ms. */
  waitedMs(now: number): number {
    return now - (this.#since.peek() ?? now);
  }

  /** Whether handlers have run for so long since then that others have to wait. */
  isOver(since: number, now: number): boolean {
    return now - since >= SLICE_MS;
  }

  /** A request has to wait that came at that time, in ms. */
  add(exchange: ServerExchange, since: number): void {
    this.#waiting.push(exchange);
    this.#since.push(since);
    if (this.#waiting.length === 1) this.#clock.defer(this.#slice);
  }

  readonly #slice = (): void => {
    const start = this.#clock.now();
    let now = start;
    do {
      const exchange = this.#waiting.peek();
      if (exchange === undefined) return;
      if (!exchange.over) exchange.link.handleWaiting(exchange, now);
      this.#waiting.shift();
      this.#since.shift();
      now = this.#clock.now();
    } while (!this.isOver(start, now));
    if (this.#waiting.length > 0) this.#clock.defer(this.#slice);
  };
}
