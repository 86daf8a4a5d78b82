import { constants, setPriority } from 'node:os';
import { makeRequest, makeResponse, measureSavings, Recording } from '@tp/savings';
import type { SampledExchange } from './exchange-sample.ts';
import type { ReplayJob, ReplayOutcome } from './replay-job.ts';

/*
 * Replays one sample, says what came of it, and ends. A process of its own: it takes what CPU is left,
 * its memory is not the proxy's, and the CPU that it counts is that of the links alone.
 */
try {
  setPriority(constants.priority.PRIORITY_LOW);
} catch {
  // Where that is not allowed, it goes on as it is.
}
// A terminal and a service manager signal all that belongs to the proxy, which ends this one itself.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.once('disconnect', () => process.exit(0));
process.once('message', (job: ReplayJob) => {
  void outcomeOf(job).then((outcome) => process.send?.(outcome, () => process.disconnect()));
});

async function outcomeOf(job: ReplayJob): Promise<ReplayOutcome> {
  const { name, exchanges, leftOut, rate, pricePerGb, pricePerCore } = job;
  try {
    const recording = new Recording({ exchanges: exchanges.length, bytes: Number.MAX_VALUE });
    for (const exchange of exchanges) add(recording, exchange);
    for (const [why, count] of leftOut) recording.leaveOut(why, count);
    const prices = { pricePerGb, pricePerCore };
    const progress = (): void => {};
    return { savings: await measureSavings(recording.end(), { name, rate, ...prices, progress }) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function add(recording: Recording, exchange: SampledExchange): void {
  const { atMs, method, path, headers, body, status, answerHeaders, answerBody } = exchange;
  const request = makeRequest(method, { host: undefined, path }, headers, body);
  recording.add(
    'leftOut' in request
      ? request
      : { atMs, request, ...makeResponse(method, status, answerHeaders, answerBody) },
  );
}
