/** How loaded a process was, of late. */
export interface LoadReading {
  /** How late the event loop was, at most, for 99 % of the time, in ms. */
  readonly lagMs: number;
  /** Share of the time in which it had something to do, 0 to 1. */
  readonly utilization: number;
  /** What the process holds. */
  readonly rssBytes: number;
  /** What of it is JavaScript's. */
  readonly heapBytes: number;
}

/** What a process may take. */
export interface LoadLimits {
  /** 0: any. */
  readonly maxLagMs: number;
  /** Undefined: any. */
  readonly maxRssBytes: number | undefined;
  readonly maxHeapBytes: number;
}

/** Why requests are turned away: the name of the limit in metrics. */
export type ShedReason = 'memoryShed' | 'lagShed';

/** The parts of a memory limit from which on requests are turned away, and below which they are not any more. */
const MEMORY_FULL = 0.85;
const MEMORY_WELL = 0.8;
/** So many readings in a row, as one long turn is no overload. */
const LATE_READINGS = 3;
/** The loop was busy: else the lag is another's (a machine that has no time for it), and less work would not help. */
const BUSY = 0.9;
const LAG_WELL = 0.8;

/** Decides from readings whether requests are to be turned away. */
export class Overload {
  #isFull = false;
  #isLate = false;
  #late = 0;

  /** Undefined: requests are taken. */
  get reason(): ShedReason | undefined {
    if (this.#isFull) return 'memoryShed';
    return this.#isLate ? 'lagShed' : undefined;
  }

  /** Takes a reading into account. They come at even intervals. */
  take(reading: LoadReading, { maxLagMs, maxRssBytes, maxHeapBytes }: LoadLimits): void {
    const ofRss = maxRssBytes === undefined ? 0 : reading.rssBytes / maxRssBytes;
    const full = Math.max(ofRss, reading.heapBytes / maxHeapBytes);
    this.#isFull = full >= (this.#isFull ? MEMORY_WELL : MEMORY_FULL);

    const mayBeLate = maxLagMs > 0;
    if (this.#isLate) this.#isLate = mayBeLate && reading.lagMs >= maxLagMs * LAG_WELL;
    else {
      const isLate = mayBeLate && reading.lagMs > maxLagMs && reading.utilization >= BUSY;
      this.#late = isLate ? this.#late + 1 : 0;
      this.#isLate = this.#late >= LATE_READINGS;
    }
    if (this.#isLate) this.#late = 0;
  }
}
