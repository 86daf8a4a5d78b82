/** How evenly moments are spread over a time. */
export interface Crowding {
  /** How long the time is, in ms. */
  readonly ms: number;
  readonly bins: number;
  /** Moments in the fullest bin. */
  readonly peak: number;
  /** Moments per bin, all bins of the time counted, empty ones too. */
  readonly mean: number;
}

/**
 * Cuts the time from `from` to `to`, both included, into so many equal bins, and counts the moments
 * in each; those outside do not count.
 *
 * @throws {RangeError} when no moment lies there.
 */
export function crowdingOf(
  moments: Iterable<number>,
  from: number,
  to: number,
  bins: number,
): Crowding {
  const counts = new Uint32Array(bins);
  const ms = to - from;
  let count = 0;
  for (const moment of moments) {
    if (moment < from || moment > to) continue;
    const bin = Math.min(bins - 1, Math.floor(((moment - from) / ms) * bins));
    counts[bin] = (counts[bin] ?? 0) + 1;
    count++;
  }
  if (count === 0) throw new RangeError('nothing happened in that time');
  return { ms, bins, peak: Math.max(...counts), mean: count / bins };
}

/** By when so great a share of the moments has come. @throws {RangeError} when there are none. */
export function momentOfShare(moments: Iterable<number>, share: number): number {
  const sorted = Float64Array.from(moments).sort();
  const moment = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (moment === undefined) throw new RangeError('there are no moments');
  return moment;
}
