import { createLatency, type Latency } from './latency.ts';

/** What is counted while requests pass; read when metrics are asked for. */
export interface Meters {
  /**
   * The counters of one way through the proxy; the same object for the same names.
   *
   * @param name of the configured route; empty for requests that took none.
   */
  route(listener: string, upstream: string, name?: string): Route;
  readonly routes: readonly Route[];
  /** From a request's head to its response's head, or to its failure. */
  readonly latency: Latency;
  /** How often each limit of the proxy itself was reached. */
  readonly limitHits: Map<string, number>;
  limitHit(limit: string): void;
}

/** Requests from one listener by one route to one upstream. */
export interface Route {
  /** Host and path of the route as configured, `/` for all; empty for none. */
  readonly name: string;
  readonly listener: string;
  /** `none` when the request ended before an upstream was chosen. */
  readonly upstream: string;
  /** By outcome: the class of the status (`2xx`), or the code of the error that ended it. */
  readonly outcomes: Map<string, number>;
  /** About what its requests and responses took as HTTP/1.1, both directions together. */
  bytes: number;
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
    route(listener, upstream, name = '') {
      const known = routes.find(
        (one) => one.listener === listener && one.upstream === upstream && one.name === name,
      );
      if (known !== undefined) return known;
      const outcomes = new Map<string, number>();
      const count = (outcome: string): void => add(outcomes, outcome);
      const route = { name, listener, upstream, outcomes, bytes: 0, count };
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
