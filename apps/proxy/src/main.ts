#!/usr/bin/env node
import { existsSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { type Logger, pino } from 'pino';
import { type Admin, startAdmin } from './admin/server.ts';
import { type Command, checkFile, readCommand } from './config/command.ts';
import type { Config } from './config/config.ts';
import { ConfigError } from './config/config-error.ts';
import { EXAMPLE } from './config/example.ts';
import { helpText, version } from './config/help.ts';
import { fileJsonSchema } from './config/json-schema.ts';
import { type RunningProxy, startProxy } from './proxy.ts';
import { reloadOnSignal } from './reload.ts';

const command = orExit(() => readCommand(process.argv.slice(2), process.env));
switch (command.kind) {
  case 'run':
    await run(command);
    break;
  case 'check':
    check(command.file);
    break;
  case 'init':
    init(command.file);
    break;
  case 'schema':
    process.stdout.write(`${JSON.stringify(fileJsonSchema(), null, 2)}\n`);
    break;
  case 'help':
    process.stdout.write(helpText());
    break;
  case 'version':
    process.stdout.write(`${version()}\n`);
}

/** One line for the first flaw, and exit 2. */
function orExit<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`tp-proxy: ${error.message}\n`);
    process.exit(2);
  }
}

/** All flaws of a file, a line each. */
function check(file: string): void {
  try {
    checkFile(file);
    process.stdout.write(`${file}: ok\n`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.flaws.join('\n')}\n`);
    process.exitCode = 2;
  }
}

function init(file: string | undefined): void {
  if (file === undefined) {
    process.stdout.write(EXAMPLE);
  } else if (existsSync(file)) {
    process.stderr.write(`tp-proxy: init: found ${file}, expected the name of a new file\n`);
    process.exitCode = 2;
  } else {
    writeFileSync(file, EXAMPLE);
  }
}

async function run({ config, reread }: Extract<Command, { kind: 'run' }>): Promise<void> {
  const log = pino({ base: null }, pino.destination({ dest: 1, sync: true }));
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
  let place = config.admin;
  reloadOnSignal(log, reread, async (next) => {
    await proxy.reload(next);
    if (!isDeepStrictEqual(next.admin, place)) {
      place = next.admin;
      await admin?.close();
      admin = next.admin === undefined ? undefined : await startAdmin(next.admin, proxy);
    }
    return { in: proxy.listeners.map((listener) => listener.address), admin: admin?.address };
  });
  stopOnSignals(log, proxy, () => admin);
  log.info(
    {
      in: proxy.listeners.map((listener) => listener.address),
      out: addressesOf(config),
      admin: admin?.address,
    },
    'listening',
  );
}

function addressesOf({ groups }: Config): string[] {
  return groups.flatMap(({ members }) => members.map(({ address }) => address.text));
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
