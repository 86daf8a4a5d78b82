import type { Exchange } from '../traffic/exchange.ts';
import { makeExchanges } from '../traffic/kinds.ts';

const SEED = 7;
const RTB_EXCHANGES = 6000;
const REST_EXCHANGES = 3000;

/**
 * What the demo sends, in order: two bid requests, then a call of the REST API. The origin makes the
 * same list, so that both sides know every byte. Going round in it repeats nothing that a compression
 * window still holds.
 */
export function demoExchanges(): Exchange[] {
  const rtb = makeExchanges('rtb', SEED, RTB_EXCHANGES);
  const rest = makeExchanges('rest', SEED, REST_EXCHANGES);
  return rest.flatMap((call, i) => [...rtb.slice(i * 2, i * 2 + 2), call]);
}
