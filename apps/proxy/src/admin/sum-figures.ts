import { sumHistograms } from '../latency.ts';
import { addPeerCounts } from '../peer-counts.ts';
import type { Figures, RouteFigures } from './figures.ts';
import type { UpstreamHealth } from './health.ts';
import { byRoute, type LedgerLine } from './ledger.ts';
import { quantiles, type Stats } from './stats.ts';

/** What the process that adds figures up says of itself. */
export interface Adder {
  readonly uptimeSeconds: number;
  readonly rssBytes: number;
  readonly cpuSeconds: number;
  readonly draining: boolean;
  /** As configured. */
  readonly pricePerGb: number;
}

/**
 * The figures of several processes as if one had counted them all, each a worker with the same
 * configuration. The CPU of `own`, which served no request, is shared out like that of the others.
 */
export function sumFigures(parts: readonly Figures[], own: Adder): Figures {
  const all = parts.map(({ stats }) => stats);
  const latency = sumHistograms(all.map((one) => one.latency));
  const cpuSeconds = sum(all, (one) => one.cpuSeconds) + own.cpuSeconds;
  const stats: Stats = {
    uptimeSeconds: own.uptimeSeconds,
    httpBytes: sumDirections(all.map((one) => one.httpBytes)),
    directHttpBytes: sum(all, (one) => one.directHttpBytes),
    wireBytes: sumDirections(all.map((one) => one.wireBytes)),
    requests: {
      total: sum(all, ({ requests }) => requests.total),
      byOutcome: sumCounts(all.map(({ requests }) => requests.byOutcome)),
    },
    latencyMs: quantiles(latency),
    latency,
    peers: gather(
      all.flatMap((one) => one.peers),
      (one) => one.peer,
      sumPeers,
    ),
    links: all.flatMap((one) => one.links),
    limitHits: sumCounts(all.map((one) => one.limitHits)),
    queueBytes: sum(all, (one) => one.queueBytes),
    rssBytes: sum(all, (one) => one.rssBytes) + own.rssBytes,
    cpuSeconds,
    draining: own.draining,
    pricePerGb: own.pricePerGb,
    measures: false,
    listeners: [...new Set(all.flatMap((one) => one.listeners))],
    upstreams: gather(
      all.flatMap((one) => one.upstreams),
      ({ group, upstream }) => `${group} ${upstream}`,
      sumUpstreams,
    ),
    ledger: sumLedgers(
      all.flatMap((one) => one.ledger),
      cpuSeconds,
    ),
  };
  const routes = gather(
    parts.flatMap((part) => part.routes),
    ({ listener, upstream }) => `${listener} ${upstream}`,
    sumRoutes,
  );
  return { stats, routes };
}

/** What stays of a process that has ended: what it counted, without what it held. */
export function endedFigures({ stats, routes }: Figures): Figures {
  return {
    stats: { ...stats, links: [], queueBytes: 0, rssBytes: 0, listeners: [], upstreams: [] },
    routes,
  };
}

/** Those of one name in one, in the order in which the names came. */
function gather<Entry>(
  entries: readonly Entry[],
  nameOf: (entry: Entry) => string,
  add: (one: Entry, other: Entry) => Entry,
): Entry[] {
  const gathered = new Map<string, Entry>();
  for (const entry of entries) {
    const name = nameOf(entry);
    const known = gathered.get(name);
    gathered.set(name, known === undefined ? entry : add(known, entry));
  }
  return [...gathered.values()];
}

function sumRoutes(one: RouteFigures, other: RouteFigures): RouteFigures {
  return { ...one, outcomes: sumCounts([one.outcomes, other.outcomes]) };
}

type PeerStats = Stats['peers'][number];

function sumPeers(one: PeerStats, other: PeerStats): PeerStats {
  return {
    ...addPeerCounts(one, other),
    limitHits: sumCounts([one.limitHits, other.limitHits]),
  };
}

/** An upstream stands as it does where it fares best: it gets requests as long as one sends it some. */
function sumUpstreams(one: UpstreamHealth, other: UpstreamHealth): UpstreamHealth {
  return {
    ...one,
    standing: better(STANDINGS, one.standing, other.standing),
    pending: one.pending + other.pending,
    latencyMs: meanOf(one.latencyMs, other.latencyMs) ?? null,
    failures: one.failures + other.failures,
    ejections: one.ejections + other.ejections,
    peers: gather([...one.peers, ...other.peers], ({ peer }) => peer, sumPeerHealth),
  };
}

type PeerHealth = UpstreamHealth['peers'][number];

function sumPeerHealth(one: PeerHealth, other: PeerHealth): PeerHealth {
  const state = better(PEER_STATES, one.state, other.state);
  return {
    ...one,
    state,
    links: one.links + other.links,
    pending: one.pending + other.pending,
    latencyMs: meanOf(one.latencyMs, other.latencyMs) ?? undefined,
    failures: one.failures + other.failures,
    ejections: one.ejections + other.ejections,
    ejectedForMs: state === 'ejected' ? (one.ejectedForMs ?? other.ejectedForMs) : undefined,
  };
}

/** From the best to the worst. */
const STANDINGS: readonly UpstreamHealth['standing'][] = [
  'well',
  'returning',
  'shunned',
  'ejected',
  'down',
];
const PEER_STATES: readonly PeerHealth['state'][] = [
  'open',
  'probed',
  'opening',
  'idle',
  'leaving',
  'ejected',
  'down',
];

function better<State>(order: readonly State[], one: State, other: State): State {
  return order.indexOf(other) < order.indexOf(one) ? other : one;
}

/** Bytes and requests add up; the CPU is what all have used, shared out by requests. */
function sumLedgers(lines: readonly LedgerLine[], cpuSeconds: number): LedgerLine[] {
  const requests = sum(lines, (line) => line.requests);
  const nameOf = ({ route, listener, upstream }: LedgerLine) => `${listener} ${route} ${upstream}`;
  return gather(lines, nameOf, sumLines)
    .toSorted(byRoute)
    .map((line) => ({
      ...line,
      cpuSeconds: cpuSeconds * (line.requests / requests),
    }));
}

function sumLines(one: LedgerLine, other: LedgerLine): LedgerLine {
  return {
    ...one,
    requests: one.requests + other.requests,
    failed: one.failed + other.failed,
    httpBytes: sumKnown(one.httpBytes, other.httpBytes),
    wireBytes: sumKnown(one.wireBytes, other.wireBytes),
    savedBytes: sumKnown(one.savedBytes, other.savedBytes),
  };
}

function sumKnown(one: number | null, other: number | null): number | null {
  if (one === null) return other;
  return other === null ? one : one + other;
}

function sumDirections(parts: readonly { readonly in: number; readonly out: number }[]): {
  in: number;
  out: number;
} {
  return { in: sum(parts, (part) => part.in), out: sum(parts, (part) => part.out) };
}

function sumCounts(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const all = new Map<string, number>();
  for (const part of parts) {
    for (const [name, count] of Object.entries(part)) all.set(name, (all.get(name) ?? 0) + count);
  }
  return Object.fromEntries(all);
}

function meanOf(
  one: number | null | undefined,
  other: number | null | undefined,
): number | null | undefined {
  if (typeof one !== 'number') return other;
  return typeof other === 'number' ? (one + other) / 2 : one;
}

function sum<Part>(parts: readonly Part[], of: (part: Part) => number): number {
  return parts.reduce((all, part) => all + of(part), 0);
}
