import type { Measuring } from '../measure/measuring.ts';
import type { RunningProxy } from '../proxy.ts';
import { type Figures, figuresOf } from './figures.ts';

/** Whom the admin pages tell of: a proxy, or the workers of one together. */
export interface AdminSource {
  /** All figures as they stand now. */
  figures(): Promise<Figures>;
  /** Why it cannot serve now, in a few words; undefined when it can. */
  notReady(): Promise<string | undefined>;
  /** Why nothing of it works any more; undefined while something does. */
  notAlive(): string | undefined;
  /** What links would save; undefined where nobody asks. */
  readonly measuring: Measuring | undefined;
}

/** The proxy of this process. */
export function sourceOf(proxy: RunningProxy): AdminSource {
  return {
    figures: async () => figuresOf(proxy),
    notReady: () => notReady(proxy),
    notAlive: () => undefined,
    measuring: proxy.measuring,
  };
}

/** Why a proxy cannot serve now; undefined when it can. */
export async function notReady(proxy: RunningProxy): Promise<string | undefined> {
  if (proxy.draining) return 'draining';
  const reachable = await Promise.all(proxy.upstreams.map((upstream) => upstream.reachable()));
  return reachable.includes(true) ? undefined : 'no upstream can be reached';
}
