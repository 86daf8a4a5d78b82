/** How many requests a client may give up. */
export interface CancelBudget {
  /** A request ended as it should: one in ten allows a cancellation. */
  completed(): void;
  /** Takes a cancellation out of it; false when there is none left. */
  cancelled(): boolean;
}

/** Cancellations at once. */
const BURST = 1_000;
const PER_MS = 33 / 1_000;
const PER_COMPLETION = 0.1;

/** Makes the budget of one connection: 1000 at once, then 33 a second, or a tenth of what completes. */
export function createCancelBudget(now: () => number = () => performance.now()): CancelBudget {
  let left = BURST;
  let last = now();
  return {
    completed() {
      left = Math.min(BURST, left + PER_COMPLETION);
    },
    cancelled() {
      const time = now();
      left = Math.min(BURST, left + (time - last) * PER_MS);
      last = time;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
