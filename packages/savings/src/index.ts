export { batchesAt, type Rate, rateOf } from './arrivals.ts';
export type { Sent, TrafficRequest, TrafficResponse } from './exchange.ts';
export { exchangeHttp1Bytes, requestHttp1, responseHttp1 } from './http1.ts';
export { machineText, runtimeText } from './machine.ts';
export { http1Cost, measureSavings } from './measure.ts';
export { makeRequest, makeResponse, type Target } from './message.ts';
export { DEFAULT_PRICES } from './money.ts';
export {
  type LeftOut,
  type Most,
  type RecordedExchange,
  type RecordedTraffic,
  Recording,
} from './recorded.ts';
export { replay } from './replay.ts';
export type { Savings } from './savings.ts';
export { savingsPage } from './savings-page.ts';
export { savingsText } from './terminal.ts';
export { countText, sizeText } from './units.ts';
