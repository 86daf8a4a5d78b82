/** Each bucket is so much wider than the one before: figures are true to 2 %. */
const GROWTH = 1.02;
const SMALLEST_MS = 0.01;
const BUCKETS = 1024;

/** A histogram of latencies that takes as little room after a million calls as after one. */
export class Latencies {
  private readonly counts = new Uint32Array(BUCKETS);
  private total = 0;

  add(ms: number): void {
    const bucket = Math.ceil(Math.log(Math.max(ms, SMALLEST_MS) / SMALLEST_MS) / Math.log(GROWTH));
    const index = Math.min(bucket, BUCKETS - 1);
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.total += 1;
  }

  /** The latency in ms that the given share of calls stays within; 0 before the first call. */
  quantile(share: number): number {
    let left = Math.ceil(this.total * share);
    if (left === 0) return 0;
    for (const [bucket, count] of this.counts.entries()) {
      left -= count;
      if (left <= 0) return SMALLEST_MS * GROWTH ** bucket;
    }
    return 0;
  }
}
