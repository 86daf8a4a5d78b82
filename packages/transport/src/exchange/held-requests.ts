import type { Clock } from '../clock.ts';
import { Fifo } from '../fifo.ts';
import type { ServerExchange } from './server-exchange.ts';

/** What is asked of the link that they came on. */
interface HoldingLink {
  readonly outbox: {
    /** Bytes of whole bodies in line. */
    readonly pendingBytes: number;
  };
  readonly options: { readonly clock: Clock; readonly limits: { readonly linkBuffer: number } };
  readonly counters: { hit(limit: string): void };
}

/**
 * Requests of one link whose handlers are not called yet, as too many bytes of answers wait for a
 * client that does not read them: whole answers need no credit, so nothing else bounds these. What
 * is held counts as streams, and so a client that goes on asking comes to that limit.
 */
export class HeldRequests {
  readonly #link: HoldingLink;
  readonly #handle: (exchange: ServerExchange) => void;
  readonly #waiting = new Fifo<ServerExchange>();
  #goesOn = false;

  /** @param handle has a request handled whose turn has come, unless it has ended meanwhile. */
  constructor(link: HoldingLink, handle: (exchange: ServerExchange) => void) {
    this.#link = link;
    this.#handle = handle;
  }

  /** Whether a request has to wait. */
  get mustHold(): boolean {
    return this.#waiting.length > 0 || this.#isFull;
  }

  add(exchange: ServerExchange): void {
    if (this.#waiting.length === 0) this.#link.counters.hit('linkBuffer');
    this.#waiting.push(exchange);
  }

  /** Answers have left: goes on in the next turn of the event loop, when there is room. */
  left(): void {
    if (this.#waiting.length === 0 || this.#goesOn || this.#isFull) return;
    this.#goesOn = true;
    this.#link.options.clock.defer(this.#goOn);
  }

  readonly #goOn = (): void => {
    this.#goesOn = false;
    while (!this.#isFull) {
      const exchange = this.#waiting.shift();
      if (exchange === undefined) return;
      this.#handle(exchange);
    }
  };

  get #isFull(): boolean {
    const { outbox, options } = this.#link;
    return outbox.pendingBytes >= options.limits.linkBuffer;
  }
}
