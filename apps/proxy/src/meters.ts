import { createLatency, type Latency } from './latency.ts';

/** What is counted while requests pass; read when metrics are asked for. */
export interface Meters {
  /** The counters of one way through the proxy; the same object for the same two names. */
  route(listener: string, upstream: string): Route;
  readonly routes: readonly Route[];
  /** From a request's head to its response's head, or to its failure. */
  readonly latency: Latency;
  /** How often each limit of the proxy itself was reached. */
  readonly limitHits: Map<string, number>;
  limitHit(limit: string): void;
}

/** Requests from one listener to one upstream. */
export interface Route {
  readonly listener: string;
  /** `none` when the request ended before an upstream was chosen. */
  readonly upstream: string;
  /** By outcome: the class of the status (`2xx`), or the code of the error that ended it. */
  readonly outcomes: Map<string, number>;
  count(outcome: string): void;
}

/** The label of requests that reached no upstream. */
export const NO_UPSTREAM = 'none';

/** Makes meters that stand at zero. */
export function createMeters(): Meters {
  const routes: Route[] = [];
  const limitHits = new Map<string, number>();
  return {
    routes,
    latency: createLatency(),
    limitHits,
    limitHit: (limit) => add(limitHits, limit),
    route(listener, upstream) {
      const known = routes.find((one) => one.listener === listener && one.upstream === upstream);
      if (known !== undefined) return known;
      const outcomes = new Map<string, number>();
      const route = { listener, upstream, outcomes, count: (name: string) => add(outcomes, name) };
      routes.push(route);
      return route;
    },
  };
}

/** The outcome of a response that was passed on. */
export function statusClass(status: number): string {
  return CLASSES[Math.floor(status / 100)] ?? 'other';
}

const CLASSES: readonly string[] = ['other', '1xx', '2xx', '3xx', '4xx', '5xx'];

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
