import type { Exchange } from './exchange.ts';
import { rtbTraffic } from './openrtb.ts';
import { restTraffic } from './rest.ts';

/** `rtb`: OpenRTB bid requests of about 2 KB; `rest`: a shop's JSON API. */
export type TrafficKind = 'rtb' | 'rest';

/** The first `count` exchanges of a kind. Equal arguments give equal bytes. */
export function makeExchanges(kind: TrafficKind, seed: number, count: number): Exchange[] {
  const exchangeAt = kind === 'rtb' ? rtbTraffic(seed) : restTraffic(seed);
  return Array.from({ length: count }, (_, index) => exchangeAt(index));
}
