/** What a month is here. */
export const DAYS_PER_MONTH = 30;
const SECONDS_PER_DAY = 86_400;

/** In dollars: a GB out of a cloud at list prices, and a core of a cloud's machine for a month. */
export const DEFAULT_PRICES = { perGb: 0.09, perCore: 25 } as const;

/** What things cost, and how much there is of them. */
export interface Prices {
  readonly requestsPerDay: number;
  /** A GB (10^9 bytes) that crosses the network, either way. */
  readonly perGb: number;
  /** A processor core for a month. */
  readonly perCore: number;
}

/** What so many bytes a request cost in a month. */
export function bytesPerMonth(bytesPerRequest: number, { requestsPerDay, perGb }: Prices): number {
  return ((bytesPerRequest * requestsPerDay * DAYS_PER_MONTH) / 1e9) * perGb;
}

/** What so much CPU a request costs in a month, by the share of a core that it keeps busy. */
export function cpuPerMonth(cpuUsPerRequest: number, { requestsPerDay, perCore }: Prices): number {
  return (((cpuUsPerRequest / 1e6) * requestsPerDay) / SECONDS_PER_DAY) * perCore;
}

/** An amount as people read it: `$1,234`, `$12.30`, `$0.0042`. */
export function moneyText(amount: number): string {
  const size = Math.abs(amount);
  const sign = amount < 0 ? '-' : '';
  if (size >= 100) return `${sign}$${Math.round(size).toLocaleString('en-US')}`;
  if (size >= 0.01 || size === 0) return `${sign}$${size.toFixed(2)}`;
  return `${sign}$${Number(size.toPrecision(2))}`;
}
