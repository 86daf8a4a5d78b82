import type { Upstream } from '../exchange.ts';

/** Chooses among upstreams, and remembers which of them failed of late. */
export interface Balance {
  /** The least loaded of those that did not just fail; of all but `tried`, when each did. */
  pick(tried?: ReadonlySet<Upstream>): Upstream | undefined;
  /** Takes an upstream out of the choice for `PENALTY_MS`: failing fast must not look like idling. */
  penalise(upstream: Upstream): void;
}

/** How long a failure keeps further requests away, in ms, while another upstream is there. */
export const PENALTY_MS = 3_000;

/** Balances by pending requests; equals take turns. `now` is in ms and never falls. */
export function createBalance(
  upstreams: readonly Upstream[],
  now: () => number = () => performance.now(),
): Balance {
  const places = upstreams.map((upstream) => ({ upstream, until: Number.NEGATIVE_INFINITY }));
  let turn = 0;
  return {
    pick(tried) {
      const only = places.length === 1 ? places[0] : undefined;
      if (only !== undefined && tried === undefined) return only.upstream;
      turn = (turn + 1) % places.length;
      const time = now();
      let best: Upstream | undefined;
      let bestHealthy = false;
      for (let i = 0; i < places.length; i++) {
        const place = places[(turn + i) % places.length];
        if (place === undefined || tried?.has(place.upstream) === true) continue;
        const healthy = place.until <= time;
        const better =
          best === undefined ||
          (healthy === bestHealthy ? place.upstream.pending < best.pending : healthy);
        if (better) {
          best = place.upstream;
          bestHealthy = healthy;
        }
      }
      return best;
    },
    penalise(upstream) {
      for (const place of places) {
        if (place.upstream === upstream) place.until = now() + PENALTY_MS;
      }
    },
  };
}
