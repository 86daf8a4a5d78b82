/** The middle and the ends of many figures. */
export interface Distribution {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** @throws {RangeError} without a figure: there is no middle of nothing. */
export function distributionOf(figures: Iterable<number>): Distribution {
  const sorted = Float64Array.from(figures).sort();
  return {
    count: sorted.length,
    p50: quantile(sorted, 0.5),
    p90: quantile(sorted, 0.9),
    p99: quantile(sorted, 0.99),
    max: quantile(sorted, 1),
  };
}

/** `p50 1.2, p90 3, p99 4.5, max 12 ms (n = 1,000)`. */
export function distributionText({ count, p50, p90, p99, max }: Distribution): string {
  const figures = [
    ['p50', p50],
    ['p90', p90],
    ['p99', p99],
    ['max', max],
  ] as const;
  const text = figures.map(([name, value]) => `${name} ${short(value)}`).join(', ');
  return `${text} ms (n = ${count.toLocaleString('en-US')})`;
}

/** Three significant digits. */
function short(value: number): string {
  return Number(value.toPrecision(3)).toString();
}

/** The least figure that so great a share of all stays within. */
function quantile(sorted: Float64Array, share: number): number {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new RangeError('nothing was measured');
  return value;
}
