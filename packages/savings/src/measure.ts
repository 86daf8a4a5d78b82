import { advise, bestSetting } from './advice.ts';
import { batchesAt, type Rate } from './arrivals.ts';
import type { Sent } from './exchange.ts';
import { requestHttp1, responseHttp1 } from './http1.ts';
import { machineText, runtimeText } from './machine.ts';
import { bytesPerMonth, cpuPerMonth, type Prices } from './money.ts';
import type { RecordedExchange, RecordedTraffic } from './recorded.ts';
import { type Replayed, replay } from './replay.ts';
import type { Cost, Savings, Trial } from './savings.ts';
import { BATCHES, SETTINGS, type Setting, settingText } from './settings.ts';

/** What is asked beside the traffic. */
export interface MeasureOptions {
  /** What to call the traffic. */
  readonly name: string;
  readonly pricePerGb: number;
  readonly pricePerCore: number;
  readonly rate: Rate;
  /** Told what goes on, whenever that changes. */
  readonly progress: (text: string) => void;
}

const DELAYS_MS = [0, 1, 4, 16];
/** Replays whose CPU counts, after one that compiles the code and counts the bytes. */
const TIMED_REPLAYS = 2;
/** Short traffic is replayed more often: CPU is counted in parts of a ms. */
const LEAST_TIMED_REQUESTS = 1000;
const MOST_REPLAYS = 5;

/**
 * Replays recorded traffic over real links with each codec, level and number of calls a batch, and
 * works out what each would save.
 *
 * @throws {Error} when an exchange does not arrive as it was recorded.
 */
export async function measureSavings(
  { exchanges, leftOut }: RecordedTraffic,
  { name, pricePerGb, pricePerCore, rate, progress }: MeasureOptions,
): Promise<Savings> {
  const prices = { requestsPerDay: rate.requestsPerDay, perGb: pricePerGb, perCore: pricePerCore };
  const http1 = http1Cost(exchanges);
  const measure = async (jobs: readonly Job[]): Promise<Trial[]> =>
    (await replayAll(jobs, progress)).map(({ job, replayed }) =>
      toTrial(job, replayed, http1, prices),
    );
  const results = await measure(SETTINGS.flatMap((setting) => jobsOf(exchanges, setting)));
  const chosen = bestSetting(results.filter(({ batch }) => batch === 1));
  if (chosen === undefined) throw new Error('nothing was measured');
  const delayed = await measure(
    DELAYS_MS.map((delayMs) => ({
      exchanges,
      setting: chosen,
      ...gathered(batchesAt(delayMs, exchanges, rate)),
      what: `a batch delay of ${delayMs} ms`,
    })),
  );
  const delays = delayed.map((trial, i) => ({ ...trial, delayMs: DELAYS_MS[i] ?? 0 }));
  const [unpacked] = await measure(unpackedJobs(exchanges, chosen));
  const basis = { ...http1, perMonth: bytesPerMonth(http1.bytes, prices) };
  return {
    suite: 'measure',
    runtime: runtimeText(),
    machine: machineText(),
    traffic: name,
    requests: exchanges.length,
    leftOut: [...leftOut].map(([why, count]) => ({ why, count })),
    rate,
    pricePerGb,
    pricePerCore,
    http1: basis,
    results,
    delays,
    ...(unpacked === undefined
      ? {}
      : { unpackedBodies: { ...unpacked, packedBodies: exchanges.filter(isPacked).length } }),
    advice: advise(chosen, delays, { http1: basis, requests: exchanges.length }),
  };
}

/** What exchanges take as HTTP/1.1, each on average. */
export function http1Cost(exchanges: readonly Sent[]): Cost {
  let [request, response] = [0, 0];
  for (const exchange of exchanges) {
    request += requestHttp1(exchange.request).length;
    response += responseHttp1(exchange.response).length;
  }
  return costOf(request, response, exchanges.length);
}

/** Something to replay. */
interface Job {
  readonly exchanges: readonly Sent[];
  readonly setting: Setting;
  readonly batches: readonly number[];
  /** Calls a batch, on average. */
  readonly batch: number;
  /** What is special of it, in words. */
  readonly what: string;
}

function jobsOf(exchanges: readonly Sent[], setting: Setting): Job[] {
  return BATCHES.map((batch) => ({
    exchanges,
    setting,
    batch,
    batches: evenBatches(exchanges.length, batch),
    what: batch === 1 ? 'one call a batch' : `${batch} calls a batch`,
  }));
}

/** The same with bodies that come unpacked, where some come packed. */
function unpackedJobs(exchanges: readonly RecordedExchange[], setting: Setting): Job[] {
  if (!exchanges.some(isPacked)) return [];
  const plain = exchanges.map(({ request, plainResponse }) => ({
    request,
    response: plainResponse,
  }));
  const batches = evenBatches(plain.length, 1);
  return [{ exchanges: plain, setting, batch: 1, batches, what: 'bodies unpacked' }];
}

function gathered(batches: readonly number[]): Pick<Job, 'batch' | 'batches'> {
  const calls = batches.reduce((sum, batch) => sum + batch, 0);
  return { batches, batch: calls / batches.length };
}

function isPacked({ response, plainResponse }: RecordedExchange): boolean {
  return response !== plainResponse;
}

/**
 * Replays each job several times, in turns, so that what disturbs the machine disturbs all alike: the
 * first replay gives the bytes, the middle of the others the CPU.
 */
async function replayAll(
  jobs: readonly Job[],
  progress: (text: string) => void,
): Promise<{ job: Job; replayed: Replayed }[]> {
  const done: { job: Job; replays: Replayed[] }[] = jobs.map((job) => ({ job, replays: [] }));
  const requests = jobs[0]?.exchanges.length ?? 1;
  const wanted = Math.ceil(LEAST_TIMED_REQUESTS / requests);
  const turns = 1 + Math.min(Math.max(TIMED_REPLAYS, wanted), MOST_REPLAYS);
  for (let turn = 1; turn <= turns; turn += 1) {
    for (const { job, replays } of done) {
      const { setting, exchanges, batches, what } = job;
      progress(`replaying: turn ${turn} of ${turns}, ${settingText(setting)}, ${what}`);
      replays.push(await replay(exchanges, setting, batches));
    }
  }
  return done.map(({ job, replays: [first, ...timed] }) => {
    if (first === undefined) throw new Error('nothing was replayed');
    const cpuUsPerExchange = middle(timed.map((one) => one.cpuUsPerExchange));
    return { job, replayed: { ...first, cpuUsPerExchange } };
  });
}

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[Math.floor(index)] ?? 0;
  return (at((sorted.length - 1) / 2) + at(sorted.length / 2)) / 2;
}

function toTrial(
  { exchanges, setting, batch }: Job,
  { requestBytes, responseBytes, cpuUsPerExchange }: Replayed,
  http1: Cost,
  prices: Prices,
): Trial {
  const count = exchanges.length;
  const cost = costOf(requestBytes, responseBytes, count);
  return {
    codec: setting.codec,
    ...(setting.level === undefined ? {} : { level: setting.level }),
    batch,
    ...cost,
    ratio: http1.bytes / cost.bytes,
    cpuUs: cpuUsPerExchange,
    savedPerMonth: bytesPerMonth(http1.bytes - cost.bytes, prices),
    cpuPerMonth: cpuPerMonth(cpuUsPerExchange, prices),
  };
}

function costOf(request: number, response: number, requests: number): Cost {
  return {
    requestBytes: request / requests,
    responseBytes: response / requests,
    bytes: (request + response) / requests,
  };
}

function evenBatches(count: number, batch: number): number[] {
  return Array.from({ length: Math.ceil(count / batch) }, (_, i) =>
    Math.min(batch, count - i * batch),
  );
}
