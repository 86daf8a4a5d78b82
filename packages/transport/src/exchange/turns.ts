import type { Clock } from '../clock.ts';
import { Fifo } from '../fifo.ts';
import type { ServerExchange } from './server-exchange.ts';

/** For how long handlers run, in ms, before sockets are read again. */
const SLICE_MS = 2;

/** A wait above the limit that stands for less long, in ms, is a burst or a stall, and refuses nobody. */
const STANDING_MS = 300;

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
  /** Since when every newcomer has found a wait above the limit. */
  #lateSince: number | undefined;
  #sheds = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /**
   * Whether a newcomer is to be refused, as the first in line has waited for more than `mostMs`. That
   * must have stood for a while, or one slow handler would do; once it has, the limit holds until
   * nobody waits.
   */
  isTooLate(now: number, mostMs: number): boolean {
    const since = this.#since.peek();
    if (since === undefined || now - since <= mostMs) {
      this.#lateSince = undefined;
      return false;
    }
    this.#lateSince ??= now;
    this.#sheds ||= now - this.#lateSince >= STANDING_MS;
    return this.#sheds;
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
      if (exchange === undefined) break;
      if (!exchange.over) exchange.link.handleWaiting(exchange, now);
      this.#waiting.shift();
      this.#since.shift();
      now = this.#clock.now();
    } while (!this.isOver(start, now));
    if (this.#waiting.length > 0) this.#clock.defer(this.#slice);
    else this.#rest();
  };

  #rest(): void {
    this.#lateSince = undefined;
    this.#sheds = false;
  }
}
