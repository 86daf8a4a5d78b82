import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { ConfigError } from './config/config-error.ts';

/**
 * Reads the configuration again on SIGHUP and applies it. Signals that come meanwhile make one
 * further round, so that what was written last always counts in the end. A configuration that is
 * wrong is one line in the log, and the old one stays.
 *
 * @param apply resolves with what the log is to say of the outcome.
 */
export function reloadOnSignal(
  log: Logger,
  reread: () => Config,
  apply: (config: Config) => Promise<object>,
): void {
  let isBusy = false;
  let isDue = false;
  const round = async (): Promise<void> => {
    try {
      log.info(await apply(reread()), 'reloaded');
    } catch (error) {
      if (error instanceof ConfigError) {
        log.error({ error: error.message, flaws: error.flaws.length }, 'not reloaded');
      } else {
        log.error({ error: error instanceof Error ? error.message : error }, 'reloaded in part');
      }
    }
  };
  process.on('SIGHUP', async () => {
    isDue = true;
    if (isBusy) return;
    isBusy = true;
    while (isDue) {
      isDue = false;
      await round();
    }
    isBusy = false;
  });
}
