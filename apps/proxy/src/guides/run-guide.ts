import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { freePorts } from '../test/free-ports.ts';
import { MAIN } from '../test/proxy-process.ts';
import { portsOf, type Step, withPorts } from './guide.ts';

/** Does what a guide says, in a folder of its own, and compares what it says is printed. */
export async function runGuide(steps: readonly Step[]): Promise<void> {
  const named = [...portsOf(steps)];
  const free = await freePorts(named.length);
  const ports = new Map(named.map((port, index) => [port, free[index] ?? 0]));
  const shell = openShell();
  for (const step of steps.map((one) => withPorts(one, ports))) {
    if (step.kind === 'file') {
      writeFileSync(join(shell.folder, step.name), step.text);
    } else if (step.kind === 'terminal') {
      await shell.stay(step.commands);
    } else {
      const printed = await shell.run(step.commands);
      if (step.prints !== undefined) expect(printed, step.commands).toBe(step.prints);
    }
  }
}

/** Runs commands in a folder that is removed at the end of the test, where `tp-proxy` is the built one. */
interface Shell {
  readonly folder: string;
  /** Resolves with what they print; rejects unless they exit with 0. */
  run(commands: string): Promise<string>;
  /** Resolves when they say that they listen; they are ended with the test. */
  stay(commands: string): Promise<void>;
}

function openShell(): Shell {
  const folder = mkdtempSync(join(tmpdir(), 'tp-guide-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'tp-proxy'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, {
    mode: 0o755,
  });
  const path = [bin, dirname(process.execPath), process.env.PATH].join(delimiter);
  const start = (commands: string): Started => {
    const child = spawn('bash', ['-euo', 'pipefail', '-c', commands], {
      cwd: folder,
      env: { PATH: path, HOME: folder, NO_PROXY: '*' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    return { child, exited: once(child, 'exit') };
  };
  return {
    folder,
    async run(commands) {
      const { child, exited } = start(commands);
      const [stdout, stderr] = await Promise.all(
        [child.stdout, child.stderr].map(async (stream) => (await stream?.toArray())?.join('')),
      );
      const [code] = await exited;
      if (code !== 0) throw new Error(`exit ${code} of\n${commands}\n${stdout}\n${stderr}`);
      return stdout ?? '';
    },
    async stay(commands) {
      const { child, exited } = start(commands);
      onTestFinished(async () => {
        // Its group, as what the shell has started must go with it.
        if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        await exited;
      });
      await saidToListen(child, commands);
    },
  };
}

interface Started {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown[]>;
}

async function saidToListen(child: ChildProcess, commands: string): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk;
      if (said.includes('listening')) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('close', () => reject(new Error(`ended at once:\n${commands}\n${said}`)));
  });
}
