import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { type Admin, startAdmin } from './admin/server.ts';
import { sourceOf } from './admin/source.ts';
import { type Config, upstreamsOf } from './config/config.ts';
import { warnOfLimits } from './overload/warn-of-limits.ts';
import { watchLoad } from './overload/watch-load.ts';
import { type RunningProxy, startProxy } from './proxy.ts';
import { createSignalQueue, logOutcome, RELOAD } from './reload.ts';

/**
 * Serves in this process, and obeys its signals.
 *
 * @param reread reads the configuration again. @throws {ConfigError} when it is wrong.
 * @throws {Error} when an address cannot be bound.
 */
export async function runAlone(config: Config, reread: () => Config, log: Logger): Promise<void> {
  let current = config;
  const overload = watchLoad(() => current, log);
  const proxy = await startProxy(config, log, { sheds: () => overload.reason });
  warnOfLimits(log, config);
  const source = sourceOf(proxy);
  let place = config.admin;
  let admin = place === undefined ? undefined : await startAdmin(place, source);
  const bound = () => ({ in: proxy.listeners.map(({ address }) => address) });
  const inTurn = createSignalQueue();
  inTurn('SIGHUP', () =>
    logOutcome(log, RELOAD, async () => {
      const next = reread();
      current = next;
      await proxy.reload(next);
      warnOfLimits(log, next);
      if (!isDeepStrictEqual(next.admin, place)) {
        place = next.admin;
        await admin?.close();
        admin = place === undefined ? undefined : await startAdmin(place, source);
      }
      if (next.workers > 1) log.warn({ workers: next.workers }, 'workers are for the next start');
      return { ...bound(), admin: admin?.address };
    }),
  );
  process.on('SIGUSR2', () => log.warn('not replaced: that takes workers, 2 or more'));
  stopOnSignals(log, proxy, () => admin);
  log.info({ ...bound(), out: upstreamsOf(config), admin: admin?.address }, 'listening');
}

/** The first signal drains; a second one ends at once. */
function stopOnSignals(log: Logger, proxy: RunningProxy, admin: () => Admin | undefined): void {
  const onSignal = async (signal: NodeJS.Signals): Promise<void> => {
    if (proxy.draining) {
      log.warn({ signal }, 'stopped at once');
      process.exit(1);
    }
    const measured = proxy.measuring?.finish();
    const closed = proxy.close();
    log.info({ signal }, 'draining');
    await closed;
    if (measured !== undefined) process.stderr.write(await measured);
    await admin()?.close();
    log.info('stopped');
    process.exit(0);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
