#!/usr/bin/env node
import { pino } from 'pino';
import { type Admin, startAdmin } from './admin/server.ts';
import { type Command, type Config, readCommand } from './config/config.ts';
import { ConfigError } from './config/config-error.ts';
import { helpText, version } from './config/help.ts';
import { type RunningProxy, startProxy } from './proxy.ts';

const log = pino({ base: null }, pino.destination({ dest: 1, sync: true }));

const command = readOrExit();
if (command.kind === 'run') await run(command.config);
else process.stdout.write(command.kind === 'help' ? helpText() : `${version()}\n`);

function readOrExit(): Command {
  try {
    return readCommand(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`tp-proxy: ${error.message}\n`);
    process.exit(2);
  }
}

async function run(config: Config): Promise<void> {
  let proxy: RunningProxy;
  let admin: Admin | undefined;
  try {
    proxy = await startProxy(config, log);
    if (config.admin !== undefined) admin = await startAdmin(config.admin, proxy);
  } catch (error) {
    process.stderr.write(
      `tp-proxy: cannot start: ${error instanceof Error ? error.message : error}\n`,
    );
    process.exit(1);
  }
  stopOnSignals(proxy, admin);
  log.info(
    {
      in: proxy.listeners.map((listener) => listener.address),
      out: config.out.map((address) => address.text),
      admin: admin?.address,
    },
    'listening',
  );
}

/** The first signal drains; a second one ends at once. */
function stopOnSignals(proxy: RunningProxy, admin: Admin | undefined): void {
  const onSignal = async (signal: NodeJS.Signals): Promise<void> => {
    if (proxy.draining) {
      log.warn({ signal }, 'stopped at once');
      process.exit(1);
    }
    const closed = proxy.close();
    log.info({ signal }, 'draining');
    await closed;
    await admin?.close();
    log.info('stopped');
    process.exit(0);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
