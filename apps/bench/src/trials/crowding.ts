/** How evenly moments are spread over a time. */
export interface Crowding {
  /** Moments in the fullest bin. */
  readonly peak: number;
  /** Moments per bin, all bins of the time counted, empty ones too. */
  readonly mean: number;
  readonly bins: number;
}

/**
 * Counts moments in bins of `binMs` that start at `from` and end with the bin that has `to`; the ones
 * outside do not count.
 *
 * @throws {RangeError} when no moment lies there.
 */
export function crowdingOf(
  moments: Iterable<number>,
  from: number,
  to: number,
  binMs: number,
): Crowding {
  const bins = new Uint32Array(Math.floor((to - from) / binMs) + 1);
  let count = 0;
  for (const moment of moments) {
    if (moment < from || moment > to) continue;
    const bin = Math.floor((moment - from) / binMs);
    bins[bin] = (bins[bin] ?? 0) + 1;
    count++;
  }
  if (count === 0) throw new RangeError('nothing happened in that time');
  return { peak: Math.max(...bins), mean: count / bins.length, bins: bins.length };
}
