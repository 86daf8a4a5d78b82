import { Fifo } from '../fifo.ts';
import type { ServerExchange } from './server-exchange.ts';

/**
 * Requests of one link, handled one at a time in the order in which they came. One that has ended
 * while it waited (cancelled, expired) is passed over and was never handled.
 */
export class Serial {
  readonly #handle: (exchange: ServerExchange) => boolean;
  readonly #waiting = new Fifo<ServerExchange>();
  #busy = false;
  #handling = false;

  /** @param handle calls the handler, unless there is no sense in it any more: then it gives false. */
  constructor(handle: (exchange: ServerExchange) => boolean) {
    this.#handle = handle;
  }

  add(exchange: ServerExchange): void {
    this.#waiting.push(exchange);
    this.#goOn();
  }

  /** The handler that was called last has answered. */
  returned(): void {
    this.#busy = false;
    this.#goOn();
  }

  /** A loop, as handlers that answer at once would else call each other ever deeper. */
  #goOn(): void {
    if (this.#handling) return;
    this.#handling = true;
    try {
      while (!this.#busy) {
        const exchange = this.#waiting.shift();
        if (exchange === undefined) break;
        if (exchange.over) continue;
        this.#busy = true;
        if (!this.#handle(exchange)) this.#busy = false;
      }
    } finally {
      this.#handling = false;
    }
  }
}
