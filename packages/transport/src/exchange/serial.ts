import { TpError } from '@tp/wire';
import { Fifo } from '../fifo.ts';
import type { ServerExchange } from './server-exchange.ts';

/** What a line asks of its link. */
interface SerialOwner {
  /** Calls the handler, unless there is no sense in it any more: then it gives false. */
  handle(exchange: ServerExchange): boolean;
  /** So many bytes of bodies wait for their handlers besides. False: they would be too many. */
  hold(bytes: number): boolean;
  /** So many of them wait no longer. */
  letGo(bytes: number): void;
  /** The link may grant so many bytes again. */
  giveBack(bytes: number): void;
}

/**
 * Requests of one link, handled one at a time in the order in which they came. One that has ended
 * while it waited (cancelled, expired) is passed over and was never handled.
 *
 * Bodies that come for those that wait hold back no credit of the link, which the one at work may
 * need: each is bounded by its stream's window, all of them by `maxRunningBytes`.
 */
export class Serial {
  readonly #owner: SerialOwner;
  readonly #waiting = new Fifo<ServerExchange>();
  #busy = false;
  #handling = false;

  constructor(owner: SerialOwner) {
    this.#owner = owner;
  }

  add(exchange: ServerExchange): void {
    this.#waiting.push(exchange);
    this.#goOn();
  }

  /** Data has come for a request: if that waits, the link's credit is given back for it. */
  came(exchange: ServerExchange): void {
    const { reader, begun } = exchange;
    if (begun || reader === undefined || reader.held <= reader.lent) return;
    const bytes = reader.held - reader.lent;
    if (!this.#owner.hold(bytes)) {
      exchange.cutOff(
        new TpError({
          code: 'REFUSED',
          message: 'too many bytes of bodies wait for their handler',
          processed: 'no',
        }),
      );
      return;
    }
    reader.lent += bytes;
    this.#owner.giveBack(bytes);
  }

  /** A request waits no longer: its handler is called, or never will be. */
  left({ reader }: ServerExchange): void {
    if (reader !== undefined) this.#owner.letGo(reader.lent);
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
        if (!this.#owner.handle(exchange)) this.#busy = false;
      }
    } finally {
      this.#handling = false;
    }
  }
}
