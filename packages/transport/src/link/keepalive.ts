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

/** A look that comes so much later than it was due, in ms, says that the process was held up. */
const LATE = 250;

/** The token of pings that are but a sign of life, and how many may be unanswered: a peer bears ten (W-094). */
const SIGN = 0;
const MOST_SIGNS = 8;

/** Notices a dead peer: a ping after silence, and an end when even that stays unanswered (W-093). */
export class Keepalive {
  readonly #clock: Clock;
  readonly #limits: LinkLimits;
  readonly #link: Beating;
  readonly #roundTrip: RoundTrip;
  #heardAt: number;
  /** When the ping went out that must be answered; 0 while none is due. */
  #pingedAt = 0;
  /** Whether a look was late since then. */
  #wasLate = false;
  #probeTimer: Timer | undefined;
  #token = 0;
  /** When the ping went out whose answer has not come; 0: all have. */
  #sentAt = 0;
  #signedAt = Number.NEGATIVE_INFINITY;
  /** Signs of life whose answers have not come. */
  #signs = 0;
  #waiting: (() => void) | undefined;

  constructor(clock: Clock, limits: LinkLimits, roundTrip: RoundTrip, link: Beating) {
    this.#clock = clock;
    this.#limits = limits;
    this.#roundTrip = roundTrip;
    this.#link = link;
    this.#heardAt = clock.now();
  }

  stop(): void {
    this.#pingedAt = 0;
    this.#probeTimer?.clear();
  }

  /**
   * Pings, or ends the link, if that is due. Gives when to look again.
   *
   * @param isWriting a batch with more than control in it is being written: the ping is behind it, and
   * `stallTimeoutMs` says how long that may take.
   * @param quietSince when we have last said something to a peer whose batch has come in part;
   * undefined while none comes.
   */
  look(now: number, isWriting: boolean, quietSince: number | undefined): number {
    if (quietSince === undefined) return this.#look(now, isWriting);
    if (now >= this.signDueAt(quietSince)) this.#sign(now);
    return Math.min(this.#look(now, isWriting), Math.max(now, this.signDueAt(quietSince)));
  }

  /**
   * When a peer is to be told that its batch is being read. It cannot see that where its system has
   * taken all of it: its own ping is behind it, and must be answered.
   */
  signDueAt(quietSince: number): number {
    const { keepaliveMs, keepaliveTimeoutMs } = this.#limits;
    return Math.max(quietSince + keepaliveTimeoutMs / 2, this.#signedAt + keepaliveMs * 0.8);
  }

  /** Says so, with a ping whose answer nobody waits for. */
  #sign(now: number): void {
    this.#signedAt = now;
    if (this.#signs === MOST_SIGNS) return;
    this.#signs++;
    this.#link.sender.control((encoder) => encoder.ping(SIGN));
  }

  #look(now: number, isWriting: boolean): number {
    const { keepaliveMs, keepaliveTimeoutMs } = this.#limits;
    // This look may be late: what counts is whether anything came since the ping.
    if (this.#heardAt > this.#pingedAt) this.#pingedAt = 0;
    if (this.#pingedAt > 0) {
      if (isWriting) this.#pingedAt = now;
      const late = now - this.#pingedAt - keepaliveTimeoutMs;
      if (late < 0) return this.#pingedAt + keepaliveTimeoutMs;
      // A process that was held up did not send the ping in time, perhaps: it has its time once more.
      if (late > LATE && !this.#wasLate) {
        this.#wasLate = true;
        this.#pingedAt = now;
      } else this.#clock.defer(this.#judge);
      return now + keepaliveTimeoutMs;
    }
    if (now - this.#heardAt < keepaliveMs) return this.#heardAt + keepaliveMs;
    this.#pingedAt = now;
    this.#wasLate = false;
    this.#ping();
    return now + keepaliveTimeoutMs;
  }

  /** The ping's time is over, and what had arrived by then has been read. */
  readonly #judge = (): void => {
    if (this.#pingedAt === 0 || this.#heardAt > this.#pingedAt) return;
    const { keepaliveTimeoutMs } = this.#limits;
    this.#link.fail(
      linkError('TIMEOUT', `the peer has not answered a ping within ${keepaliveTimeoutMs} ms`),
    );
  };

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
    if (token === SIGN && this.#signs > 0) {
      this.#signs--;
      return true;
    }
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
