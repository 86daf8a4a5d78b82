import type { BatchEncoder, TpError } from '@tp/wire';
import type { Clock, Timer } from './clock.ts';
import type { LinkLimits } from './limits.ts';
import { linkError } from './link-error.ts';
import { RoundTrip } from './round-trip.ts';

/** What the keepalive needs of its link. */
interface Beating {
  control(write: (encoder: BatchEncoder) => void): void;
  fail(error: TpError): void;
}

/** Pings that come too early are forgiven so often. */
const STRIKES = 2;

/** Notices a dead peer: a ping after silence, and an end when even that stays unanswered (W-093). */
export class Keepalive {
  readonly #clock: Clock;
  readonly #limits: LinkLimits;
  readonly #link: Beating;
  readonly roundTrip: RoundTrip = new RoundTrip();
  #heardAt: number;
  #timer: Timer | undefined;
  #probeTimer: Timer | undefined;
  #token = 0;
  #sentAt = 0;
  #waiting: (() => void) | undefined;
  #peerPingedAt = -Infinity;
  #strikes = 0;

  constructor(clock: Clock, limits: LinkLimits, link: Beating) {
    this.#clock = clock;
    this.#limits = limits;
    this.#link = link;
    this.#heardAt = clock.now();
  }

  /** Starts to watch. */
  start(): void {
    this.#watch(this.#limits.keepaliveMs);
  }

  stop(): void {
    this.#timer?.clear();
    this.#probeTimer?.clear();
  }

  /** A byte has come at that time. */
  heard(now: number): void {
    this.#heardAt = now;
  }

  /** Whether the peer may ping now, as it just did. */
  mayPing(): boolean {
    const now = this.#clock.now();
    const early = now - this.#peerPingedAt < this.#limits.pingMinIntervalMs;
    this.#peerPingedAt = now;
    if (early) this.#strikes++;
    return this.#strikes <= STRIKES;
  }

  /** A pong has come; false when nobody asked. */
  answered(token: number): boolean {
    if (token !== this.#token || this.#sentAt === 0) return false;
    this.roundTrip.measured(this.#clock.now() - this.#sentAt);
    this.#sentAt = 0;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#probeTimer?.clear();
    waiting?.();
    return true;
  }

  /** Pings at once and calls when it was answered, or after `waitMs`. */
  probe(waitMs: number, call: () => void): void {
    this.#waiting = call;
    this.#ping();
    this.#probeTimer = this.#clock.after(waitMs, () => {
      this.#waiting = undefined;
      call();
    });
  }

  #ping(): void {
    this.#sentAt = this.#clock.now();
    const token = ++this.#token;
    this.#link.control((encoder) => encoder.ping(token));
  }

  #watch(ms: number): void {
    this.#timer = this.#clock.after(ms, () => {
      const silent = this.#clock.now() - this.#heardAt;
      const { keepaliveMs, keepaliveTimeoutMs } = this.#limits;
      if (silent < keepaliveMs) {
        this.#watch(keepaliveMs - silent);
        return;
      }
      this.#ping();
      const pingedAt = this.#sentAt;
      this.#timer = this.#clock.after(keepaliveTimeoutMs, () => {
        // This timer may be late: what counts is whether anything came since the ping.
        const quiet = this.#clock.now() - this.#heardAt;
        if (this.#sentAt === 0 || this.#heardAt > pingedAt) {
          this.#watch(Math.max(0, keepaliveMs - quiet));
        } else {
          this.#link.fail(
            linkError(
              'TIMEOUT',
              `the peer has not answered a ping within ${keepaliveTimeoutMs} ms`,
            ),
          );
        }
      });
    });
  }
}
