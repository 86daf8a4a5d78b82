import cluster from 'node:cluster';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { type Admin, startAdmin } from '../admin/server.ts';
import { type Config, upstreamsOf } from '../config/config.ts';
import { listenersByKey } from '../config/listener-keys.ts';
import { type ReadFile, readAndKeep } from '../config/read-file.ts';
import { warnOfLimits } from '../overload/warn-of-limits.ts';
import { createSignalQueue, logOutcome, type Outcomes, RELOAD } from '../reload.ts';
import { freePort } from './free-port.ts';
import { type SetSettings, WorkerSet } from './worker-set.ts';

/** Of SIGUSR2. */
const REPLACE: Outcomes = {
  done: 'replaced',
  wrong: 'not replaced',
  failed: 'not replaced',
};

/**
 * Watches over several processes that serve: checks the configuration for them, holds what they listen
 * at, passes signals on, replaces those that die, and shows the sum of their figures. Serves nothing
 * itself but the admin pages. Ends the process when all have ended.
 *
 * @param reread reads and checks the configuration. @throws {ConfigError} when it is wrong.
 * @throws {Error} when the workers cannot be started.
 */
export async function runMaster(reread: (read: ReadFile) => Config, log: Logger): Promise<void> {
  // Links are few and long-lived: only in turn are they spread evenly.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({ serialization: 'advanced' });
  const ports = new Map<string, number>();
  const read = async (): Promise<{ config: Config; settings: SetSettings }> => {
    const files = new Map<string, Uint8Array>();
    const config = reread(readAndKeep(files));
    await pickPorts(config, ports);
    const { workers, drainTimeoutMs, prices } = config;
    const own = { workers, drainTimeoutMs, pricePerGb: prices.perGb };
    return { config, settings: { files, ports: new Map(ports), ...own } };
  };

  const { config, settings } = await read();
  const set = new WorkerSet(settings, log);
  let admin: Admin | undefined;
  if (config.admin !== undefined) admin = await startAdmin(config.admin, set);
  await set.start();
  warnOfLimits(log, config);

  let place = config.admin;
  const takePlace = async (next: Config['admin']): Promise<void> => {
    if (isDeepStrictEqual(next, place)) return;
    place = next;
    await admin?.close();
    admin = next === undefined ? undefined : await startAdmin(next, set);
  };
  const shown = () => ({ in: set.addresses, admin: admin?.address, workers: set.pids });
  const inTurn = createSignalQueue();
  inTurn('SIGHUP', () =>
    logOutcome(log, RELOAD, async () => {
      const { config: next, settings: told } = await read();
      await set.reload(told);
      warnOfLimits(log, next);
      await takePlace(next.admin);
      return shown();
    }),
  );
  inTurn('SIGUSR2', () =>
    logOutcome(log, REPLACE, async () => {
      const { config: next, settings: told } = await read();
      await set.replace(told);
      await takePlace(next.admin);
      return shown();
    }),
  );
  stopOnSignals(log, set, () => admin);
  const { in: addresses, ...rest } = shown();
  log.info({ in: addresses, out: upstreamsOf(config), ...rest }, 'listening');
}

/** A port for each listener that leaves it to the system; those that have one keep it. */
async function pickPorts(config: Config, ports: Map<string, number>): Promise<void> {
  for (const [key, { address }] of listenersByKey(config.listeners)) {
    if (!('port' in address) || address.port !== 0 || ports.has(key)) continue;
    ports.set(key, await freePort(address.host));
  }
}

/** The first signal drains; a second one ends at once. */
function stopOnSignals(log: Logger, set: WorkerSet, admin: () => Admin | undefined): void {
  let isDraining = false;
  const onSignal = async (signal: NodeJS.Signals): Promise<void> => {
    if (isDraining) {
      log.warn({ signal }, 'stopped at once');
      set.kill();
      process.exit(1);
    }
    isDraining = true;
    const drained = set.drain();
    log.info({ signal }, 'draining');
    await drained;
    await admin()?.close();
    log.info('stopped');
    process.exit(0);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
