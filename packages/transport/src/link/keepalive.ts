import type { BatchEncoder, TpError } from '@tp/wire';
import type { Clock, Timer } from '../clock.ts';
import type { LinkLimits } from '../limits.ts';
import { linkError } from './link-error.ts';
import type { RoundTrip } from './round-trip.ts';

/** What the keepalive needs of its link. */
interface Beating {
  readonly sender: { control(write: (encoder: BatchEncoder) => void): void };
  fail(error: TpError): void;
}

/** Notices a dead peer: a ping after silence, and an end when even that stays unanswered (W-093). */
export class Keepalive {
  readonly #clock: Clock;
  readonly #limits: LinkLimits;
  readonly #link: Beating;
  readonly #roundTrip: RoundTrip;
  #heardAt: number;
  /** When the ping went out that must be answered; 0 while none is due. */
  #pingedAt = 0;
  #probeTimer: Timer | undefined;
  #token = 0;
  #sentAt = 0;
  #waiting: (() => void) | undefined;

  constructor(clock: Clock, limits: LinkLimits, roundTrip: RoundTrip, link: Beating) {
    this.#clock = clock;
    this.#limits = limits;
    this.#roundTrip = roundTrip;
    this.#link = link;
    this.#heardAt = clock.now();
  }

  stop(): void {
    this.#probeTimer?.clear();
  }

  /**
   * Pings, or ends the link, if that is due. Gives when to look again.
   *
   * @param isWriting a batch with more than control in it is being written: the ping is behind it, and
   * `stallTimeoutMs` says how long that may take.
   */
  look(now: number, isWriting: boolean): number {
    const { keepaliveMs, keepaliveTimeoutMs } = this.#limits;
    // This look may be late: what counts is whether anything came since the ping.
    if (this.#heardAt > this.#pingedAt) this.#pingedAt = 0;
    if (this.#pingedAt > 0) {
      if (isWriting) this.#pingedAt = now;
      if (now - this.#pingedAt < keepaliveTimeoutMs) return this.#pingedAt + keepaliveTimeoutMs;
      this.#link.fail(
        linkError('TIMEOUT', `the peer has not answered a ping within ${keepaliveTimeoutMs} ms`),
      );
      return Number.POSITIVE_INFINITY;
    }
    if (now - this.#heardAt < keepaliveMs) return this.#heardAt + keepaliveMs;
    this.#pingedAt = now;
    this.#ping();
    return now + keepaliveTimeoutMs;
  }

  /** A byte has come at that time. */
  heard(now: number): void {
    this.#heardAt = now;
  }

  /** The connection has taken what was written: so somebody reads, and the ping's time begins anew. */
  wrote(): void {
    if (this.#pingedAt > 0 && this.#heardAt <= this.#pingedAt) this.#pingedAt = this.#clock.now();
  }

  /** A pong has come; false when nobody asked. */
  answered(token: number): boolean {
    if (token !== this.#token || this.#sentAt === 0) return false;
    const now = this.#clock.now();
    this.#roundTrip.measured(now - this.#sentAt, now);
    this.#sentAt = 0;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#pingedAt = 0;
    this.#probeTimer?.clear();
    waiting?.();
    return true;
  }

  /** Pings at once and calls when it was answered, or when nothing has come for `waitMs`. */
  probe(waitMs: number, call: () => void): void {
    this.#waiting = call;
    this.#ping();
    this.#waitForAnswer(waitMs);
  }

  #waitForAnswer(waitMs: number): void {
    const since = this.#clock.now();
    this.#probeTimer = this.#clock.after(waitMs, () => {
      // The answer stands behind what comes.
      if (this.#heardAt > since) {
        this.#waitForAnswer(waitMs);
        return;
      }
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting?.();
    });
  }

  #ping(): void {
    this.#sentAt = this.#clock.now();
    const token = ++this.#token;
    this.#link.sender.control((encoder) => encoder.ping(token));
  }
}
