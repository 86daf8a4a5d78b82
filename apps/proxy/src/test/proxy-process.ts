import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** The built command. */
export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Registers what is to be done at the end: `onTestFinished`, or a list of one's own. */
export type AtEnd = (end: () => void | Promise<void>) => void;

/** A proxy that runs as a process of its own. */
export interface ProxyProcess {
  readonly process: ChildProcess;
  readonly pid: number;
  /** The line that says that it listens. */
  readonly listening: { msg: string; in: string[]; out: string[]; admin?: string };
  /** Of its first `--in`. */
  readonly address: string;
  /** Resolves with the log's line of that message, the first or a later one. */
  logged(message: string, turn?: number): Promise<Record<string, unknown>>;
  /** What it has written to stderr. */
  readonly complaint: string;
  /** Resolves with the exit code; null after a signal. */
  readonly exited: Promise<number | null>;
}

/** What the system lets a process have. */
export interface ProcessLimits {
  readonly openFiles?: number;
}

/** Starts the command, and resolves when it listens. */
export async function startProxyProcess(
  args: readonly string[],
  atEnd: AtEnd = onTestFinished,
  { openFiles }: ProcessLimits = {},
): Promise<ProxyProcess> {
  const limited = openFiles === undefined ? [] : ['-c', `ulimit -n ${openFiles}; exec "$0" "$@"`];
  const command = [...(openFiles === undefined ? [] : ['sh']), ...limited, process.execPath, MAIN];
  const [file = '', ...rest] = [...command, ...args];
  const child = spawn(file, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // How late its loop is depends on what else the machine does.
    env: { TP_PROXY_MAX_LAG: '0', ...process.env },
  });
  let complaint = '';
  child.stderr.on('data', (text) => {
    complaint += text;
  });
  const exited = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : null));
  atEnd(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const lines: string[] = [];
  let over = false;
  let wake = (): void => undefined;
  createInterface(child.stdout)
    .on('line', (line) => {
      lines.push(line);
      wake();
    })
    .on('close', () => {
      over = true;
      wake();
    });
  const line = async (message: string, turn = 1): Promise<string> => {
    for (;;) {
      const found = lines.filter((one) => one.includes(`"msg":"${message}"`))[turn - 1];
      if (found !== undefined) return found;
      if (over) throw new Error(`the proxy ended without saying "${message}": ${complaint}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const listening: ProxyProcess['listening'] = JSON.parse(await line('listening'));
  return {
    process: child,
    pid: child.pid ?? 0,
    listening,
    address: listening.in[0] ?? '',
    logged: async (message, turn) => JSON.parse(await line(message, turn)),
    get complaint() {
      return complaint;
    },
    exited,
  };
}
