import { describe, expect, it } from 'vitest';
import { createLatency, cumulative, quantile, sumHistograms } from './latency.ts';

describe('latency', () => {
  it('knows quantiles to a fifth', () => {
    const latency = createLatency();
    for (let ms = 1; ms <= 1000; ms++) latency.record(ms);
    const histogram = latency.histogram();
    expect(quantile(histogram, 0.5)).toBeGreaterThanOrEqual(500);
    expect(quantile(histogram, 0.5)).toBeLessThan(600);
    expect(quantile(histogram, 0.99)).toBeGreaterThanOrEqual(990);
    expect(quantile(histogram, 0.99)).toBeLessThan(1190);
    expect(histogram).toMatchObject({ count: 1000, sumMs: 500_500 });
  });

  it('says 0 when nothing was recorded', () => {
    expect(quantile(createLatency().histogram(), 0.99)).toBe(0);
  });

  it('counts every duration, however short or long, within rising bounds', () => {
    const latency = createLatency();
    for (const ms of [0, -1, 0.0001, 1, 1e12]) latency.record(ms);
    const counts = cumulative(latency.histogram()).map(({ count }) => count);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts[0]).toBe(3);
    expect(counts.at(-1)).toBe(4);
    expect(latency.histogram().count).toBe(5);
  });

  it('is the same whether one or several have counted', () => {
    const all = createLatency();
    const parts = [createLatency(), createLatency(), createLatency()];
    for (let ms = 0.25; ms < 5_000; ms *= 1.5) {
      all.record(ms);
      parts[Math.round(ms) % 3]?.record(ms);
    }
    const sum = sumHistograms(parts.map((part) => part.histogram()));
    expect(sum.buckets).toEqual(all.histogram().buckets);
    expect(sum.count).toBe(all.histogram().count);
    expect(sum.sumMs).toBeCloseTo(all.histogram().sumMs);
    expect(cumulative(sum)).toEqual(cumulative(all.histogram()));
  });
});
