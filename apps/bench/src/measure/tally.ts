import type { Sample } from './sample.ts';

/** One call in so many is timed; a power of two. */
const TIMED_EVERY = 16;

/** What the callers of one run count together. A caller ends when `stopped` is true. */
export class Tally {
  stopped = false;
  private ops = 0;
  private httpBytes = 0;
  private readonly latenciesMs: number[] = [];

  /** The moment a call starts in ms, or 0 when this call is not timed. */
  start(): number {
    return (this.ops & (TIMED_EVERY - 1)) === 0 ? performance.now() : 0;
  }

  /** Counts one checked answer. */
  end(started: number, httpBytes: number): void {
    this.ops += 1;
    this.httpBytes += httpBytes;
    if (started !== 0) this.latenciesMs.push(performance.now() - started);
  }

  /** The figures of the run, without those that belong to the process. */
  toSample(elapsedNs: number, cpuUs: number): Sample {
    const sorted = this.latenciesMs.toSorted((a, b) => a - b);
    const p50Ms = sorted[Math.floor(sorted.length * 0.5)];
    const p99Ms = sorted[Math.floor(sorted.length * 0.99)];
    return {
      ops: this.ops,
      elapsedNs,
      cpuUs,
      ...(this.httpBytes > 0 ? { httpBytes: this.httpBytes } : {}),
      ...(p50Ms === undefined ? {} : { p50Us: p50Ms * 1000 }),
      ...(p99Ms === undefined ? {} : { p99Us: p99Ms * 1000 }),
    };
  }
}
