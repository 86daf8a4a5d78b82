import type { TpError } from '@tp/wire';
import type { Logger } from 'pino';

/** Logs failures of requests so that a storm of them stays a few lines. */
export interface FailureLog {
  /** The first of its kind in an interval is logged at once, the others are counted. */
  add(error: TpError, upstream: string): void;
  /** Logs what was counted and not said yet. */
  flush(): void;
}

/** How often counted failures are logged, in ms. */
const FAILURE_LOG_MS = 10_000;

/**
 * Makes a log that keeps at most one line for each kind of failure (code and upstream) an interval,
 * and one more for how many there were.
 *
 * @param every calls back each `FAILURE_LOG_MS` while something is counted.
 */
export function createFailureLog(
  log: Logger,
  every: (callback: () => void) => void = (callback) => {
    setTimeout(callback, FAILURE_LOG_MS).unref();
  },
): FailureLog {
  let counts = new Map<string, { error: TpError; upstream: string; more: number }>();
  const flush = (): void => {
    const ended = counts;
    counts = new Map();
    for (const { error, upstream, more } of ended.values()) {
      if (more > 0)
        log.warn({ code: error.code, upstream, count: more }, 'further requests failed');
    }
  };
  return {
    add(error, upstream) {
      // A client that leaves is no failure of ours.
      if (error.code === 'CANCEL') return;
      const key = `${error.code} ${upstream}`;
      const known = counts.get(key);
      if (known !== undefined) {
        known.more += 1;
        return;
      }
      if (counts.size === 0) every(flush);
      counts.set(key, { error, upstream, more: 0 });
      const { code, processed, message } = error;
      log.warn({ code, upstream, processed, error: message }, 'request failed');
    },
    flush,
  };
}
