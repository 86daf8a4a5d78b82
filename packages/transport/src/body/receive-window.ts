import type { RoundTrip } from '../link/round-trip.ts';

/** Credit is given back once so many bytes were consumed, or a half of the window where that is less. */
const GRAIN = 16 * 1024;

/** A window that is used up within so many round trips, and so many ms, holds its sender back. */
const FEW_ROUND_TRIPS = 1.5;
const FEW_MS = 1;

/**
 * Credit of one stream or of the link, as its receiver keeps it (W-042 to W-044). What the sender may
 * have under way, and the receiver may have to hold, is never more than the window.
 *
 * A window grows for a reader that keeps up: whenever a whole window came and was consumed within
 * about a round trip, the sender had to wait for credit, and the window doubles, up to the most. One
 * whose bytes lie unread does not grow. Growth is said in the credit that gives back something, which
 * lets a sender tell the two apart.
 */
export class ReceiveWindow {
  /** Credit that the sender still has, in bytes. */
  left: number;
  readonly #most: number;
  readonly #roundTrip: RoundTrip;
  readonly #grain: number;
  #size: number;
  /** Consumed and not yet granted again. */
  #due = 0;
  /** Consumed since `#since`, by a reader that keeps up. */
  #consumed = 0;
  #since: number | undefined;
  /** What comes when this credit has been used was allowed by the one that was said then. */
  #timedLeft: number | undefined;
  #timedAt = 0;

  /**
   * @param size what the hello says, in bytes.
   * @param most up to where it grows; less than `size` is taken for `size`.
   */
  constructor(size: number, most: number, roundTrip: RoundTrip) {
    this.left = size;
    this.#size = size;
    this.#most = most;
    this.#roundTrip = roundTrip;
    this.#grain = Math.min(GRAIN, size / 2);
  }

  /** What the sender may have under way at most, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Data came at `now`. The credit must be there. */
  spend(bytes: number, now: number): void {
    this.left -= bytes;
    if (this.#timedLeft === undefined) return;
    this.#timedLeft -= bytes;
    if (this.#timedLeft >= 0) return;
    this.#timedLeft = undefined;
    this.#roundTrip.atMost(now - this.#timedAt, now);
  }

  /**
   * Bytes were consumed or dropped; `unread` more wait for the reader. True when it is time to say
   * so to the sender.
   */
  give(bytes: number, unread: number, now: number): boolean {
    this.#due += bytes;
    if (this.#since === undefined || unread > this.#size / 4) {
      this.#since = now;
      this.#consumed = 0;
    } else this.#consumed += bytes;
    return this.#due >= this.#grain;
  }

  /** Consumed and not yet granted again, in bytes. */
  get due(): number {
    return this.#due;
  }

  /** What is granted at `now`: all that is due, and what the window grows by. */
  grant(now: number): number {
    const granted = this.#due + this.#growth(now);
    this.#due = 0;
    if (this.#timedLeft === undefined) {
      this.#timedLeft = this.left;
      this.#timedAt = now;
    }
    this.left += granted;
    return granted;
  }

  #growth(now: number): number {
    const size = this.#size;
    if (this.#since === undefined || this.#consumed < size) return 0;
    const took = now - this.#since;
    this.#since = now;
    this.#consumed = 0;
    const roundTripMs = this.#roundTrip.leastMs ?? 0;
    if (took >= roundTripMs * FEW_ROUND_TRIPS + FEW_MS || size * 2 > this.#most) return 0;
    this.#size = size * 2;
    return size;
  }
}
