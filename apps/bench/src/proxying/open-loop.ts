import { setTimeout as sleep } from 'node:timers/promises';
import { Latencies } from '../demo/latencies.ts';
import { inRound } from '../peers/answers.ts';
import { HttpConnection } from './http-connection.ts';

/** What a load gave. */
export interface LoadFigures {
  readonly requestsPerSecond: number;
  /** From the moment that a request was due until its answer was there. */
  readonly p50Us: number;
  readonly p99Us: number;
}

/** How a load is put on. */
export interface LoadOptions {
  readonly port: number;
  /** Sent in a round. */
  readonly requests: readonly Buffer[];
  /** What each answer must have. */
  readonly body: Buffer;
  readonly requestsPerSecond: number;
  readonly seconds: number;
  readonly connections: number;
  /** How long before anything counts. */
  readonly settleSeconds: number;
}

/** Requests fall due in groups, this often: timers are no finer. */
const TICK_MS = 1;
const LAST_ANSWERS_MS = 5_000;

/**
 * An open loop: requests fall due at a fixed rate, whatever becomes of those before. One that finds no
 * free connection waits for one, and that time counts, as does time by which this process is late.
 *
 * @throws {Error} when an answer is wrong, or does not come within 5 s of the end.
 */
export async function runOpenLoop(options: LoadOptions): Promise<LoadFigures> {
  const { port, body, connections } = options;
  const free = await Promise.all(
    Array.from({ length: connections }, () => HttpConnection.open(port, body)),
  );
  const all = [...free];
  try {
    return await load(free, options);
  } finally {
    for (const connection of all) connection.close();
  }
}

async function load(
  free: HttpConnection[],
  { requests, requestsPerSecond, seconds, settleSeconds }: LoadOptions,
): Promise<LoadFigures> {
  const latencies = new Latencies();
  const take = inRound(requests);
  const waiting: number[] = [];
  const startedAt = performance.now();
  const countsFrom = startedAt + settleSeconds * 1000;
  const end = countsFrom + seconds * 1000;
  let [due, answered, counted] = [0, 0, 0];
  let failure: Error | undefined;
  const send = (connection: HttpConnection, dueAt: number): void => {
    connection.send(take(), (error) => {
      failure ??= error;
      if (error !== undefined) return;
      answered += 1;
      if (dueAt >= countsFrom) {
        counted += 1;
        latencies.add(performance.now() - dueAt);
      }
      const next = waiting.shift();
      if (next === undefined) free.push(connection);
      else send(connection, next);
    });
  };
  for (let tickAt = startedAt; tickAt < end && failure === undefined; tickAt += TICK_MS) {
    const late = tickAt - performance.now();
    if (late > 0) await sleep(late);
    for (const dueByNow = ((tickAt - startedAt) / 1000) * requestsPerSecond; due < dueByNow; ) {
      due += 1;
      const connection = free.pop();
      if (connection === undefined) waiting.push(tickAt);
      else send(connection, tickAt);
    }
  }
  const patience = performance.now() + LAST_ANSWERS_MS;
  while (answered < due && failure === undefined && performance.now() < patience) await sleep(5);
  if (failure !== undefined) throw failure;
  if (answered < due) throw new Error(`${due - answered} requests of ${due} have no answer`);
  return {
    requestsPerSecond: counted / seconds,
    p50Us: latencies.quantile(0.5) * 1000,
    p99Us: latencies.quantile(0.99) * 1000,
  };
}
