import type { RunningProxy } from '../proxy.ts';
import { type Stats, stats } from './stats.ts';

/** All that one process has counted, as plain data: it can be sent to another process as JSON. */
export interface Figures {
  readonly stats: Stats;
  /** Requests of each way through the proxy, by outcome. */
  readonly routes: readonly RouteFigures[];
}

/** Requests from one listener to one upstream. */
export interface RouteFigures {
  readonly listener: string;
  readonly upstream: string;
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Takes the figures of a proxy as they stand now. */
export function figuresOf(proxy: RunningProxy): Figures {
  return {
    stats: stats(proxy),
    routes: proxy.meters.routes.map(({ listener, upstream, outcomes }) => ({
      listener,
      upstream,
      outcomes: Object.fromEntries(outcomes),
    })),
  };
}
