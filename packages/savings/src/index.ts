export { type Advice, netOf } from './advice.ts';
export { batchesAt, type Rate, rateOf } from './arrivals.ts';
export type { Sent, TrafficRequest, TrafficResponse } from './exchange.ts';
export { exchangeHttp1Bytes, requestHttp1, responseHttp1 } from './http1.ts';
export { machineText, runtimeText } from './machine.ts';
export { http1Cost, type MeasureOptions, measureSavings } from './measure.ts';
export { makeRequest, makeResponse, type Target } from './message.ts';
export { DEFAULT_PRICES, moneyText } from './money.ts';
export {
  type LeftOut,
  type Most,
  type RecordedExchange,
  type RecordedTraffic,
  Recording,
} from './recorded.ts';
export { type Replayed, replay } from './replay.ts';
export type { Cost, DelayTrial, Savings, Trial } from './savings.ts';
export { type SavingsPlace, savingsPage } from './savings-page.ts';
export { settingText } from './settings.ts';
export { savingsText } from './terminal.ts';
export { countText, sizeText } from './units.ts';
