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
  /** Calls once when what runs now, and all that it has made ready, has run; before any I/O. */
  defer(call: () => void): void;
}

/** The clock of the Node process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, call) {
    const timeout = setTimeout(call, ms);
    timeout.unref();
    return { clear: () => clearTimeout(timeout) };
  },
  defer: (call) => process.nextTick(call),
};
