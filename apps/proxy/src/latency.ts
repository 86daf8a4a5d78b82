/** Counts durations in buckets whose bounds grow by 2^(1/4): any duration, 160 numbers, 19 % exact. */
export interface Latency {
  /** @param ms how long it took, in ms. */
  record(ms: number): void;
  /** What was recorded so far. */
  histogram(): Histogram;
}

/** Durations as they were counted. */
export interface Histogram {
  readonly count: number;
  /** Sum of all, in ms. */
  readonly sumMs: number;
  /** The buckets that hold something, the shortest first: how many took up to `ms` and longer than the bucket before. */
  readonly buckets: readonly { readonly ms: number; readonly count: number }[];
}

const STEPS = 4;
const OCTAVES = 40;
const MS_TO_US = 1000;
/** Powers of two between which metrics have a bound, in µs: 64 µs to 67 s. */
const FIRST_OCTAVE = 6;
const LAST_OCTAVE = 26;

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
    histogram() {
      const filled: { ms: number; count: number }[] = [];
      for (const [index, inBucket] of buckets.entries()) {
        if (inBucket > 0) filled.push({ ms: upperUs(index) / MS_TO_US, count: inBucket });
      }
      return { count, sumMs, buckets: filled };
    },
  };
}

/** The duration that a share of all stayed within, in ms; 0 when nothing was recorded. */
export function quantile({ count, buckets }: Histogram, share: number): number {
  const wanted = count * share;
  let seen = 0;
  for (const bucket of buckets) {
    seen += bucket.count;
    if (seen >= wanted) return bucket.ms;
  }
  return 0;
}

/** Counts that stayed within each bound (in seconds), cumulative, for a Prometheus histogram. */
export function cumulative({ buckets }: Histogram): { seconds: number; count: number }[] {
  const bounds: { seconds: number; count: number }[] = [];
  for (let octave = FIRST_OCTAVE; octave <= LAST_OCTAVE; octave++) {
    const us = 2 ** octave;
    let count = 0;
    for (const bucket of buckets) if (bucket.ms <= us / MS_TO_US) count += bucket.count;
    bounds.push({ seconds: us / 1e6, count });
  }
  return bounds;
}

/** All durations of several histograms in one. */
export function sumHistograms(histograms: readonly Histogram[]): Histogram {
  const buckets = new Map<number, number>();
  let count = 0;
  let sumMs = 0;
  for (const one of histograms) {
    count += one.count;
    sumMs += one.sumMs;
    for (const bucket of one.buckets) {
      buckets.set(bucket.ms, (buckets.get(bucket.ms) ?? 0) + bucket.count);
    }
  }
  const sorted = [...buckets].toSorted(([one], [other]) => one - other);
  return { count, sumMs, buckets: sorted.map(([ms, inBucket]) => ({ ms, count: inBucket })) };
}

function upperUs(index: number): number {
  return 2 ** (index / STEPS);
}
