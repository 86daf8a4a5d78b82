import { TpError } from '@tp/wire';
import type { ClientCall } from '../exchange/client-call.ts';
import type { Timed } from '../exchange/deadlines.ts';
import { Fifo } from '../fifo.ts';
import type { Totals } from '../stats/totals.ts';

/** Calls that wait until there is a link. */
export class WaitingCalls {
  readonly #calls = new Fifo<ClientCall>();
  readonly #most: number;
  readonly #shed: 'newest' | 'oldest';
  readonly #totals: Totals;

  /**
   * @param most so many may wait (`maxPendingRequests`).
   * @param shed who fails when there are more.
   */
  constructor(most: number, shed: 'newest' | 'oldest', totals: Totals) {
    this.#most = most;
    this.#shed = shed;
    this.#totals = totals;
  }

  /** Whether any call waits. */
  get some(): boolean {
    this.#dropOver();
    return this.#calls.length > 0;
  }

  /** Puts a call in line. The error says why it can't be. */
  add(call: ClientCall): TpError | undefined {
    const error = this.#calls.length >= this.#most ? this.#overflow() : undefined;
    if (error === undefined) this.#calls.push(call);
    return error;
  }

  /** Takes all out of the line, in order; `take` gives an error for a call that must wait no longer. */
  takeAll(take: (call: ClientCall) => TpError | undefined): void {
    for (let call = this.#calls.shift(); call !== undefined; call = this.#calls.shift()) {
      if (call.over) continue;
      const error = take(call);
      if (error !== undefined) call.refuse(error);
    }
  }

  /** Fails all: no link will take them. */
  refuseAll(error: TpError): void {
    const { code, message } = error;
    const refusal = new TpError({ code, message, processed: 'no', cause: error });
    this.takeAll(() => refusal);
  }

  /** Calls `visit` for each; it must not add or take any. */
  each(visit: (item: Timed) => void): void {
    this.#calls.each(visit);
  }

  /** Too many calls wait: one of them makes room, or the error is the new one's. */
  #overflow(): TpError | undefined {
    this.#dropOver();
    const { length } = this.#calls;
    if (length < this.#most) return undefined;
    this.#totals.hit('maxPendingRequests');
    const message = `${length} calls wait for a link`;
    const error = new TpError({ code: 'OVERFLOW', message, processed: 'no' });
    const oldest = this.#shed === 'oldest' ? this.#calls.shift() : undefined;
    if (oldest === undefined) return error;
    this.#totals.shed++;
    oldest.refuse(error);
    return undefined;
  }

  /** Those at the head of the line that have ended meanwhile. */
  #dropOver(): void {
    while (this.#calls.peek()?.over === true) this.#calls.shift();
  }
}
