#!/usr/bin/env node
import cluster from 'node:cluster';
import { existsSync, writeFileSync } from 'node:fs';
import { pino } from 'pino';
import { type Command, checkFile, readCommand } from './config/command.ts';
import { ConfigError } from './config/config-error.ts';
import { EXAMPLE } from './config/example.ts';
import { helpText, version } from './config/help.ts';
import { fileJsonSchema } from './config/json-schema.ts';

if (cluster.isWorker) {
  const { runWorker } = await import('./workers/worker.ts');
  runWorker(process.argv.slice(2), process.env);
} else {
  await obey(orExit(() => readCommand(process.argv.slice(2), process.env)));
}

async function obey(command: Command): Promise<void> {
  switch (command.kind) {
    case 'run':
      return run(command);
    case 'check':
      return check(command.file);
    case 'init':
      return init(command.file);
    case 'schema':
      process.stdout.write(`${JSON.stringify(fileJsonSchema(), null, 2)}\n`);
      return;
    case 'help':
      process.stdout.write(helpText());
      return;
    case 'version':
      process.stdout.write(`${version()}\n`);
  }
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
  try {
    if (config.workers === 1) {
      const { runAlone } = await import('./run-alone.ts');
      await runAlone(config, reread, log);
    } else {
      const { runMaster } = await import('./workers/master.ts');
      await runMaster(reread, log);
    }
  } catch (error) {
    process.stderr.write(
      `tp-proxy: cannot start: ${error instanceof Error ? error.message : error}\n`,
    );
    process.exit(1);
  }
}
