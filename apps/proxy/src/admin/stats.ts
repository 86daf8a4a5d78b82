import type { LinkFigures, PeerFigures } from '../exchange.ts';
import { type Histogram, quantile } from '../latency.ts';
import type { RunningProxy } from '../proxy.ts';
import { type UpstreamHealth, upstreamHealth } from './health.ts';
import { directHttpBytes, type LedgerLine, ledger } from './ledger.ts';
import { totals } from './totals.ts';

/** What `/stats.json` holds. Bytes and requests since the start. */
export interface Stats {
  readonly uptimeSeconds: number;
  readonly httpBytes: { readonly in: number; readonly out: number };
  /** Of these, in and out together, about so many came and went as HTTP, without a link. */
  readonly directHttpBytes: number;
  readonly wireBytes: { readonly in: number; readonly out: number };
  readonly requests: { readonly total: number; readonly byOutcome: Record<string, number> };
  /** From a request's head to its response's head. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** The same durations as a histogram; the buckets that hold something, each by its upper bound. */
  readonly latency: Histogram;
  /** Each peer's links together, also those that have ended: bytes, batches, requests, retries. */
  readonly peers: readonly AsJson<PeerFigures>[];
  /** Links that stand now. */
  readonly links: readonly AsJson<LinkFigures>[];
  readonly limitHits: Record<string, number>;
  readonly queueBytes: number;
  readonly rssBytes: number;
  /** Of the whole process, in user and system together. */
  readonly cpuSeconds: number;
  readonly draining: boolean;
  /** As configured, in dollars. */
  readonly pricePerGb: number;
  /** Whether `/measure` says what links would save. */
  readonly measures: boolean;
  /** Where requests come in: the bound addresses. */
  readonly listeners: readonly string[];
  readonly upstreams: readonly UpstreamHealth[];
  readonly ledger: readonly LedgerLine[];
}

/** Figures whose limits are an object. */
export type AsJson<Counted extends { readonly limitHits: ReadonlyMap<string, number> }> = Omit<
  Counted,
  'limitHits'
> & { readonly limitHits: Readonly<Record<string, number>> };

/** Takes the figures of a proxy as they stand now. */
export function stats(proxy: RunningProxy): Stats {
  const { httpBytes, wireBytes, peers, links, limitHits, queueBytes } = totals(proxy);
  const { routes } = proxy.meters;
  const latency = proxy.meters.latency.histogram();
  const byOutcome = new Map<string, number>();
  let total = 0;
  for (const route of routes) {
    for (const [outcome, count] of route.outcomes) {
      total += count;
      byOutcome.set(outcome, (byOutcome.get(outcome) ?? 0) + count);
    }
  }
  const cpuSeconds = cpuSecondsNow();
  const lines = ledger(proxy, cpuSeconds);
  return {
    uptimeSeconds: process.uptime(),
    httpBytes,
    directHttpBytes: directHttpBytes(proxy, lines),
    wireBytes,
    requests: { total, byOutcome: Object.fromEntries(byOutcome) },
    latencyMs: quantiles(latency),
    latency,
    peers: peers.map(asJson),
    links: links.map(asJson),
    limitHits: Object.fromEntries(limitHits),
    queueBytes,
    rssBytes: process.memoryUsage.rss(),
    cpuSeconds,
    draining: proxy.draining,
    pricePerGb: proxy.prices.perGb,
    measures: proxy.measuring !== undefined,
    listeners: proxy.listeners.map(({ address }) => address),
    upstreams: upstreamHealth(proxy),
    ledger: lines,
  };
}

/** What is said of latencies in short. */
export function quantiles(latency: Histogram): Stats['latencyMs'] {
  return { p50: quantile(latency, 0.5), p99: quantile(latency, 0.99) };
}

function asJson<Counted extends { readonly limitHits: ReadonlyMap<string, number> }>(
  counted: Counted,
): AsJson<Counted> {
  return { ...counted, limitHits: Object.fromEntries(counted.limitHits) };
}

/** CPU time that the process has used, in seconds. */
export function cpuSecondsNow(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
