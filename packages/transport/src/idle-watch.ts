import type { Clock, Timer } from './clock.ts';

/** Timers take no more than 2^31 ms: longer waits are cut in pieces. */
const LONGEST_WAIT = 2 ** 30;
/** Shortest time between two looks, in ms. */
const LEAST_WAIT = 10;

/** Notices that a link has carried nothing for a while. Only pings go over an idle link. */
export class IdleWatch {
  /** When the last exchange ended, or the link opened, in ms. */
  since = 0;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #isBusy: () => boolean;
  readonly #leave: () => void;
  #timer: Timer | undefined;

  /**
   * @param isBusy whether any exchange is under way.
   * @param leave is called once, when none was for `timeoutMs`.
   */
  constructor(clock: Clock, timeoutMs: number, isBusy: () => boolean, leave: () => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#isBusy = isBusy;
    this.#leave = leave;
  }

  /** The link has opened. */
  start(): void {
    this.since = this.#clock.now();
    this.#wait(this.#timeoutMs);
  }

  stop(): void {
    this.#timer?.clear();
  }

  /** For how long nothing has been under way, in ms. */
  idleMs(): number {
    return this.#isBusy() ? 0 : this.#clock.now() - this.since;
  }

  #wait(ms: number): void {
    const wait = Math.max(LEAST_WAIT, Math.min(ms, LONGEST_WAIT));
    this.#timer = this.#clock.after(wait, () => this.#look());
  }

  #look(): void {
    if (this.#isBusy()) this.since = this.#clock.now();
    const left = this.since + this.#timeoutMs - this.#clock.now();
    if (left > 0) this.#wait(left);
    else this.#leave();
  }
}
