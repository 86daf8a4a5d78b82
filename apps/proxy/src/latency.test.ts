import { describe, expect, it } from 'vitest';
import { createLatency } from './latency.ts';

describe('latency', () => {
  it('knows quantiles to a fifth', () => {
    const latency = createLatency();
    for (let ms = 1; ms <= 1000; ms++) latency.record(ms);
    expect(latency.quantile(0.5)).toBeGreaterThanOrEqual(500);
    expect(latency.quantile(0.5)).toBeLessThan(600);
    expect(latency.quantile(0.99)).toBeGreaterThanOrEqual(990);
    expect(latency.quantile(0.99)).toBeLessThan(1190);
    expect(latency.count).toBe(1000);
    expect(latency.sumMs).toBe(500_500);
  });

  it('says 0 when nothing was recorded', () => {
    expect(createLatency().quantile(0.99)).toBe(0);
  });

  it('counts every duration, however short or long, within rising bounds', () => {
    const latency = createLatency();
    for (const ms of [0, -1, 0.0001, 1, 1e12]) latency.record(ms);
    const counts = latency.cumulative().map(({ count }) => count);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts[0]).toBe(3);
    expect(counts.at(-1)).toBe(4);
    expect(latency.count).toBe(5);
  });
});
