import type { RecordedTraffic } from '@tp/savings';
import { makeExchanges } from '../traffic/kinds.ts';
import { momentOf } from '../traffic/moment.ts';

const SEED = 11;
/** Of three requests two are of a shop's API and one is a bid request; 400 come a second. */
const REST = 1400;
const RTB = 700;

/** Traffic to try it with: a JSON API and bid requests, made by the generator of the benchmarks. */
export function sampleTraffic(): RecordedTraffic {
  const rest = makeExchanges('rest', SEED, REST);
  const rtb = makeExchanges('rtb', SEED, RTB);
  const mixed = rest.flatMap((exchange, i) => [
    exchange,
    ...(i % 2 === 0 ? rtb.slice(i / 2, i / 2 + 1) : []),
  ]);
  return {
    exchanges: mixed.map(({ request, response }, i) => ({
      atMs: momentOf(i).getTime(),
      request,
      response,
      plainResponse: response,
    })),
    leftOut: new Map(),
  };
}
