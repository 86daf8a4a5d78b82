import type { TpError } from '@tp/wire';
import type { Clock, Timer } from '../clock.ts';
import type { Connection } from '../socket/connection.ts';
import type { LinkCounters } from '../stats/stats.ts';
import type { Sealer } from './sealer.ts';

/** How long what was said last may take to leave, in ms. */
const LINGER_MS = 1_000;

/** The last that a link writes, and the end of its connection behind it. */
export class LastWords {
  readonly #connection: Connection;
  readonly #counters: LinkCounters;
  readonly #sealer: Sealer;
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(connection: Connection, counters: LinkCounters, sealer: Sealer, clock: Clock) {
    this.#connection = connection;
    this.#counters = counters;
    this.#sealer = sealer;
    this.#clock = clock;
  }

  /** An envelope of its own that says why the link ends; `lastId` is the last request that was taken. */
  farewell(lastId: number, { code, message }: TpError): Uint8Array {
    const { encoder } = this.#sealer;
    encoder.goaway(lastId, code, true, message);
    const { size } = encoder;
    const envelope = this.#sealer.seal(true, undefined, 0).slice();
    this.#counters.sent(size, envelope.length);
    return envelope;
  }

  /** Writes that, if anything, and ends the connection; it is cut if the peer does not read on. */
  say(bytes?: Uint8Array): void {
    if (bytes !== undefined) this.#connection.write(bytes);
    this.#connection.end();
    this.wait(() => this.#connection.destroy());
  }

  /** Calls `over` unless the connection has ended in a moment. */
  wait(over: () => void): void {
    this.#timer = this.#clock.after(LINGER_MS, over);
  }

  /** Waits no longer. */
  stop(): void {
    this.#timer?.clear();
  }
}
