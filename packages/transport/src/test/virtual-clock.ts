import { setImmediate } from 'node:timers/promises';
import { FakeClock } from './fake-clock.ts';

/** A clock whose time passes only when all that can run has run: seconds of it take what they cost, and come out alike. */
export class VirtualClock extends FakeClock {
  #deferred: (() => void)[] = [];

  override defer(call: () => void): void {
    this.#deferred.push(call);
  }

  /** Lets time pass, timer by timer, and all run that each of them sets off. */
  async run(ms: number): Promise<void> {
    const end = this.now() + ms;
    await this.#settle();
    for (let at = this.nextAt; at !== undefined && at <= end; at = this.nextAt) {
      this.advance(at - this.now());
      await this.#settle();
    }
    this.advance(end - this.now());
  }

  async #settle(): Promise<void> {
    do {
      await setImmediate();
      for (const call of this.#deferred.splice(0)) call();
    } while (this.#deferred.length > 0);
    await setImmediate();
  }
}
