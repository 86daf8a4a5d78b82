import type { Logger } from 'pino';
import { ConfigError } from './config/config-error.ts';

/** What the log says of an attempt to change a running proxy. */
export interface Outcomes {
  readonly done: string;
  /** The configuration is wrong, and nothing has changed. */
  readonly wrong: string;
  /** Something else went wrong on the way. */
  readonly failed: string;
}

/** Of SIGHUP. */
export const RELOAD: Outcomes = {
  done: 'reloaded',
  wrong: 'not reloaded',
  failed: 'reloaded in part',
};

/**
 * Tries to change something, and logs what became of it.
 *
 * @param change resolves with what the log is to say besides.
 */
export async function logOutcome(
  log: Logger,
  { done, wrong, failed }: Outcomes,
  change: () => Promise<object>,
): Promise<void> {
  try {
    log.info(await change(), done);
  } catch (error) {
    if (error instanceof ConfigError) {
      log.error({ error: error.message, flaws: error.flaws.length }, wrong);
    } else {
      log.error({ error: error instanceof Error ? error.message : error }, failed);
    }
  }
}

/**
 * Makes what runs something on a signal, one after the other over all signals. Signals that come
 * meanwhile make one further round, so that what was written last always counts in the end.
 */
export function createSignalQueue(): (signal: NodeJS.Signals, round: () => Promise<void>) => void {
  const due = new Map<NodeJS.Signals, () => Promise<void>>();
  let isBusy = false;
  return (signal, round) => {
    process.on(signal, async () => {
      due.set(signal, round);
      if (isBusy) return;
      isBusy = true;
      for (const [name, run] of due) {
        due.delete(name);
        await run();
      }
      isBusy = false;
    });
  };
}
