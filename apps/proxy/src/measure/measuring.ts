import { type Savings, savingsText } from '@tp/savings';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { Watcher } from '../watch.ts';
import { ExchangeSample } from './exchange-sample.ts';
import { type RunningReplay, startReplay } from './replayer.ts';
import { createSampler } from './sampler.ts';

/** What links would save on the traffic of one listener. */
export interface MeasuredListener {
  /** Its address as configured. */
  readonly listener: string;
  /** Requests since measuring began. */
  readonly seen: number;
  /** Exchanges that are kept now, to be replayed. */
  readonly sampled: number;
  /** When its latest figures were made, in ms since 1970; null before the first. */
  readonly measuredAt: number | null;
  readonly savings: Savings | null;
}

/** Samples of live traffic, replayed over links from time to time. */
export interface Measuring {
  readonly watcher: Watcher;
  /** One for each HTTP listener, as it stands now. */
  results(): readonly MeasuredListener[];
  /**
   * Takes no further samples, replays what there is where little or nothing was replayed before, and
   * gives what there is to say as text. Gives up after 20 s.
   */
  finish(): Promise<string>;
  /** Ends at once, where it is not about to finish. */
  close(): void;
}

/** How often it is seen to whether there is something to replay, in ms. */
const ROUND_MS = 2_000;
/** A sample that grows is replayed again when it has so many times what it had. */
const GROWTH = 2;
/** How long nothing is sampled when all of a sample was replayed, in ms. */
const REST_MS = 60_000;
/** How many exchanges are replayed first, so that there is something to see soon. */
const FIRST_EXCHANGES = 100;
/** How many exchanges are replayed when the proxy is about to end, and how long that may take, in ms. */
const LAST_EXCHANGES = 300;
const LAST_PATIENCE_MS = 20_000;

interface Listener {
  readonly sample: ExchangeSample;
  /** How many exchanges of the sample were replayed. */
  replayed: number;
  measuredAt: number | null;
  savings: Savings | null;
}

/** Begins to measure. @param config asked for whenever it counts, so that it can change. */
export function startMeasuring(config: () => Config, log: Logger): Measuring {
  const listeners = new Map<string, Listener>();
  let running: RunningReplay | undefined;
  let round: Promise<void> | undefined;
  let isOver = false;
  let isFinishing = false;

  const listenerOf = (name: string): Listener | undefined => {
    const known = listeners.get(name);
    if (known !== undefined) return known;
    const isHttp = config().listeners.some(
      ({ address }) => address.text === name && address.kind.startsWith('http'),
    );
    if (!isHttp) return undefined;
    const listener: Listener = {
      sample: new ExchangeSample(),
      replayed: 0,
      measuredAt: null,
      savings: null,
    };
    listeners.set(name, listener);
    return listener;
  };

  const replay = async (name: string, listener: Listener, most: number): Promise<void> => {
    const { sample } = listener;
    const { prices } = config();
    const exchanges = sample.exchanges.slice(-most);
    const isAll = sample.isFull && exchanges.length === sample.exchanges.length;
    listener.replayed = exchanges.length;
    running = startReplay({
      name,
      exchanges,
      leftOut: sample.leftOut,
      rate: { requestsPerDay: sample.requestsPerDay, from: 'traffic' },
      pricePerGb: prices.perGb,
      pricePerCore: prices.perCore,
    });
    try {
      const savings = await running.savings;
      listener.savings = savings;
      listener.measuredAt = Date.now();
      const { requests, http1, advice } = savings;
      log.info(
        { listener: name, requests, httpBytes: http1.bytes, advice: advice.text },
        'measured',
      );
    } catch (error) {
      if (!isOver) log.warn({ listener: name, error: String(error) }, 'not measured');
    }
    running = undefined;
    if (isAll) {
      sample.beginAnew(REST_MS);
      listener.replayed = 0;
    }
  };

  const next = async (): Promise<void> => {
    for (const [name, listener] of listeners) {
      const most = listener.savings === null ? FIRST_EXCHANGES : Number.POSITIVE_INFINITY;
      if (!isOver && !isFinishing && isDue(listener)) await replay(name, listener, most);
    }
  };

  const timer = setInterval(() => {
    round ??= next().finally(() => {
      round = undefined;
    });
  }, ROUND_MS).unref();

  const end = (): void => {
    isOver = true;
    clearInterval(timer);
    running?.stop();
  };

  return {
    watcher: createSampler((name) => {
      return isOver ? undefined : listenerOf(name)?.sample;
    }),
    results: () =>
      Array.from(listeners, ([listener, { sample, measuredAt, savings }]) => ({
        listener,
        seen: sample.seen,
        sampled: sample.exchanges.length,
        measuredAt,
        savings,
      })),
    async finish() {
      isFinishing = true;
      clearInterval(timer);
      const patience = setTimeout(end, LAST_PATIENCE_MS);
      await round;
      for (const [name, listener] of listeners) {
        const isBetter = (listener.savings?.requests ?? 0) < FIRST_EXCHANGES && isDue(listener);
        if (isBetter && !isOver) await replay(name, listener, LAST_EXCHANGES);
      }
      clearTimeout(patience);
      end();
      return textOf(listeners);
    },
    close: () => {
      if (!isFinishing) end();
    },
  };
}

/** Whether a replay would say more than the latest did. */
function isDue({ sample, replayed, savings }: Listener): boolean {
  const count = sample.exchanges.length;
  if (count < Math.max(1, replayed * GROWTH)) return sample.isFull && count > replayed;
  return sample.isFull || count >= (savings?.requests ?? 0);
}

function textOf(listeners: ReadonlyMap<string, Listener>): string {
  if (listeners.size === 0)
    return 'No request has come to an HTTP listener: nothing was measured.\n';
  return Array.from(listeners, ([name, { savings }]) =>
    savings === null
      ? `${name}: nothing was measured, for want of answers or of time.\n`
      : savingsText(savings),
  ).join('\n');
}
