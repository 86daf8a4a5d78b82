import { TpError } from '@tp/wire';
import type { LinkLimits } from '../limits.ts';

/** What has come of the envelope that is being received. */
interface Arriving {
  /** Bytes of it that have come; 0 while there is none. */
  readonly held: number;
  /** Where it starts among all bytes that have come: which one it is. */
  readonly heldFrom: number;
}

/** What is told of one that does not come. */
interface ArrivalOwner {
  readonly counters: { hit(limit: string): void };
  fail(error: TpError): void;
}

/** A look that comes so much later than it was due, in ms, does not count: nothing was read meanwhile. */
const LATE = 1_000;

/**
 * Notices an envelope that does not come to its end. While one is incomplete, `stallTimeoutMs` must
 * bring as many bytes as `minRate` asks for, and one at least. Where its length was damaged on the
 * way, nothing but further calls would bring what is missing, and each side would take the other's
 * pings for life.
 */
export class Arrival {
  readonly #limits: LinkLimits;
  readonly #owner: ArrivalOwner;
  /** What had come when the time began that runs now. */
  #held = 0;
  #heldFrom = -1;
  #dueAt = 0;

  constructor(limits: LinkLimits, owner: ArrivalOwner) {
    this.#limits = limits;
    this.#owner = owner;
  }

  /** Ends the link if that is due. Gives when to look again, in ms. */
  look(now: number, arriving: Arriving): number {
    const { stallTimeoutMs, minRate } = this.#limits;
    const { held, heldFrom } = arriving;
    const came = held - this.#held;
    const isSame = held > 0 && heldFrom === this.#heldFrom;
    if (isSame && now < this.#dueAt) return this.#dueAt;
    if (!isSame || came >= Math.max(1, (minRate * stallTimeoutMs) / 1_000)) {
      this.#held = held;
      this.#heldFrom = held > 0 ? heldFrom : -1;
      this.#dueAt = now + stallTimeoutMs;
    } else if (now - this.#dueAt > LATE) this.#dueAt = now;
    else {
      this.#owner.counters.hit(came > 0 ? 'minRate' : 'stallTimeout');
      const message = `a batch is not complete: ${came} bytes of it came within ${stallTimeoutMs} ms`;
      this.#owner.fail(new TpError({ code: 'TIMEOUT', message }));
      return Number.POSITIVE_INFINITY;
    }
    return this.#dueAt;
  }
}
