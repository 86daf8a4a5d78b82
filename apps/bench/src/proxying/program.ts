import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { keepWords, lastWords } from '../last-words.ts';
import { atExit } from '../trials/at-exit.ts';

const PATIENCE_MS = 15_000;
const STOP_PATIENCE_MS = 2_000;
/** Where servers are on Debian; others than root do not have it in their path. */
const SYSTEM_PATH = `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin`;
/** Clock ticks a second in /proc: what Linux has on all machines that Node runs on. */
const TICK_US = 10_000;

/** The first line that a program says of its version, from either output; undefined where it is missing. */
export function programVersion(name: string, flag: string): string | undefined {
  const env = { ...process.env, PATH: SYSTEM_PATH };
  const { error, stdout, stderr } = spawnSync(name, [flag], { env, encoding: 'utf8' });
  if (error !== undefined) return undefined;
  return /\d+(?:\.\d+)+/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown';
}

/** A server in processes of its own. None outlives this process. */
export class Program {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #forget: () => void;
  #words = '';

  constructor(name: string, args: readonly string[]) {
    this.#name = name;
    this.#child = spawn(name, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, PATH: SYSTEM_PATH },
    });
    this.#child.on('error', (error) => {
      this.#words = keepWords(this.#words, error.message);
    });
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#words = keepWords(this.#words, text);
    });
    this.#forget = atExit(() => this.#child.kill('SIGTERM'));
  }

  /** Resolves when a port of this machine takes connections. @throws {Error} when the program ends before. */
  async listensAt(port: number): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (!(await takesConnections(port))) {
      if (this.#hasEnded) throw new Error(`${this.#name} ended: ${lastWords(this.#words)}`);
      if (performance.now() > end) throw new Error(`${this.#name} does not listen at ${port}`);
      await sleep(20);
    }
  }

  /** CPU that its processes have used so far, in µs, in steps of 10 ms. */
  cpuUs(): number {
    return this.#child.pid === undefined ? 0 : ticksOf(this.#child.pid) * TICK_US;
  }

  /** Ends it, and waits until it is gone. */
  async stop(): Promise<void> {
    this.#forget();
    if (this.#hasEnded || this.#child.pid === undefined) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_PATIENCE_MS);
    await gone;
    clearTimeout(timer);
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Clock ticks of a process and of those that it started, as far as they live. */
function ticksOf(root: number): number {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)));
  const family = new Set([root]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const { pid, parent } of processes) {
      if (family.has(pid) || !family.has(parent)) continue;
      family.add(pid);
      grown = true;
    }
  }
  return processes.reduce((sum, { pid, ticks }) => (family.has(pid) ? sum + ticks : sum), 0);
}

function statOf(pid: number): { pid: number; parent: number; ticks: number }[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // A process's name, in brackets, may hold anything.
    const [, parent, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return [{ pid, parent: Number(parent), ticks: Number(rest[9]) + Number(rest[10]) }];
  } catch {
    return [];
  }
}
