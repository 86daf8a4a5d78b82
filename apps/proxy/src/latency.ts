/** Counts durations in buckets whose bounds grow by 2^(1/4): any duration, 160 numbers, 19 % exact. */
export interface Latency {
  /** @param ms how long it took, in ms. */
  record(ms: number): void;
  /** The duration that a share of all stayed within, in ms; 0 when nothing was recorded. */
  quantile(share: number): number;
  readonly count: number;
  /** Sum of all, in ms. */
  readonly sumMs: number;
  /** The buckets that hold something: how many took up to `ms` and longer than the bucket before. */
  buckets(): readonly { readonly ms: number; readonly count: number }[];
  /** Counts that stayed within each bound (in seconds), cumulative, for a Prometheus histogram. */
  cumulative(): readonly { readonly seconds: number; readonly count: number }[];
}

const STEPS = 4;
const OCTAVES = 40;
const MS_TO_US = 1000;

/** Makes an empty histogram from 1 µs to 12 days. */
export function createLatency(): Latency {
  const buckets = new Float64Array(STEPS * OCTAVES);
  let count = 0;
  let sumMs = 0;
  return {
    record(ms) {
      const us = ms * MS_TO_US;
      const index = us <= 1 ? 0 : Math.ceil(Math.log2(us) * STEPS);
      const last = Math.min(index, buckets.length - 1);
      buckets[last] = (buckets[last] ?? 0) + 1;
      count += 1;
      sumMs += ms;
    },
    quantile(share) {
      const wanted = count * share;
      let seen = 0;
      for (const [index, inBucket] of buckets.entries()) {
        seen += inBucket;
        if (inBucket > 0 && seen >= wanted) return upperUs(index) / MS_TO_US;
      }
      return 0;
    },
    get count() {
      return count;
    },
    get sumMs() {
      return sumMs;
    },
    buckets() {
      const filled: { ms: number; count: number }[] = [];
      for (const [index, inBucket] of buckets.entries()) {
        if (inBucket > 0) filled.push({ ms: upperUs(index) / MS_TO_US, count: inBucket });
      }
      return filled;
    },
    cumulative() {
      const bounds: { seconds: number; count: number }[] = [];
      let seen = 0;
      for (const [index, inBucket] of buckets.entries()) {
        seen += inBucket;
        const octave = index / STEPS;
        if (Number.isInteger(octave) && octave >= 6 && octave <= 26) {
          bounds.push({ seconds: upperUs(index) / 1e6, count: seen });
        }
      }
      return bounds;
    },
  };
}

function upperUs(index: number): number {
  return 2 ** (index / STEPS);
}
