import { performance } from 'node:perf_hooks';

/** A timer that was set and may be cleared. */
export interface Timer {
  clear(): void;
}

/** Time and turns, passed in so that tests and the simulator own them. */
export interface Clock {
  /** Monotonic time in ms; only differences mean anything. */
  now(): number;
  /** Calls once after `ms`. A timer alone does not keep the process alive. */
  after(ms: number, call: () => void): Timer;
  /**
   * Calls once at the end of this turn of the event loop: when what runs now has run, and the I/O
   * that came with it has been dealt with. Many sockets that bring a request each in one turn then
   * make one batch, not one each.
   */
  defer(call: () => void): void;
  /**
   * Calls once when what runs now has run and the promises that it settles have, before anything else
   * that the event loop has to do.
   */
  settle(call: () => void): void;
}

/** The clock of the Node process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, call) {
    const timeout = setTimeout(call, ms);
    timeout.unref();
    return { clear: () => clearTimeout(timeout) };
  },
  defer: (call) => void setImmediate(call),
  settle: (call) => queueMicrotask(() => process.nextTick(call)),
};
