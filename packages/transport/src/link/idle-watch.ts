/** Notices that a link has carried nothing for a while. Only pings go over an idle link. */
export class IdleWatch {
  readonly #timeoutMs: number;
  readonly #isBusy: () => boolean;
  readonly #leave: () => void;
  /** When the last exchange ended, or the link opened, in ms. */
  #since: number | undefined;
  #hasLeft = false;

  /**
   * @param isBusy whether any exchange is under way.
   * @param leave is called once, when none was for `timeoutMs`.
   */
  constructor(timeoutMs: number, isBusy: () => boolean, leave: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#isBusy = isBusy;
    this.#leave = leave;
  }

  /** The last exchange has ended at that time. */
  rests(now: number): void {
    this.#since = now;
  }

  /** For how long nothing has been under way, in ms. */
  idleMs(now: number): number {
    return this.#isBusy() ? 0 : now - (this.#since ?? now);
  }

  /** Leaves if that is due. Gives when to look again, in ms; the first look starts the time. */
  look(now: number): number {
    if (this.#hasLeft) return Number.POSITIVE_INFINITY;
    const isFirst = this.#since === undefined;
    if (this.#since === undefined || this.#isBusy()) this.#since = now;
    const due = this.#since + this.#timeoutMs;
    if (isFirst || now < due) return due;
    this.#hasLeft = true;
    this.#leave();
    return Number.POSITIVE_INFINITY;
  }
}
