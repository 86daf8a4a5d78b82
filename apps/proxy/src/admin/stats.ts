import type { RunningProxy } from '../proxy.ts';
import { type Totals, totals } from './totals.ts';

/** What `/stats.json` holds. Bytes and requests since the start. */
export interface Stats {
  readonly uptimeSeconds: number;
  readonly httpBytes: { readonly in: number; readonly out: number };
  readonly wireBytes: { readonly in: number; readonly out: number };
  readonly requests: { readonly total: number; readonly byOutcome: Record<string, number> };
  /** From a request's head to its response's head. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** Each peer's links together, also those that have ended: bytes, batches, requests, retries. */
  readonly peers: Totals['peers'];
  /** Links that stand now. */
  readonly links: Totals['links'];
  readonly limitHits: Record<string, number>;
  readonly queueBytes: number;
  readonly rssBytes: number;
}

/** Takes the figures of a proxy as they stand now. */
export function stats(proxy: RunningProxy): Stats {
  const { httpBytes, wireBytes, peers, links, limitHits, queueBytes } = totals(proxy);
  const { latency, routes } = proxy.meters;
  const byOutcome = new Map<string, number>();
  let total = 0;
  for (const route of routes) {
    for (const [outcome, count] of route.outcomes) {
      total += count;
      byOutcome.set(outcome, (byOutcome.get(outcome) ?? 0) + count);
    }
  }
  return {
    uptimeSeconds: process.uptime(),
    httpBytes,
    wireBytes,
    requests: { total, byOutcome: Object.fromEntries(byOutcome) },
    latencyMs: { p50: latency.quantile(0.5), p99: latency.quantile(0.99) },
    peers,
    links,
    limitHits: Object.fromEntries(limitHits),
    queueBytes,
    rssBytes: process.memoryUsage.rss(),
  };
}
