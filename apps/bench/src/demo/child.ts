import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { keepWords, lastWords } from '../last-words.ts';

/** Where a child serves, from the line that it prints when it is ready. */
export interface Listening {
  /** The first bound address, with its scheme. */
  readonly address: string;
  /** The URL of its admin interface, when it has one. */
  readonly admin: string | undefined;
}

const START_PATIENCE_MS = 20_000;
const STOP_PATIENCE_MS = 3000;

/** A process of the demo. It never outlives the demo: see `stop` and `kill`. */
export class Child {
  private readonly name: string;
  private readonly process: ChildProcess;
  private words = '';
  private stopping = false;

  /** Starts Node on a script. `onDeath` hears of an end that nobody asked for. */
  constructor(
    name: string,
    script: string,
    args: readonly string[],
    onDeath: (why: string) => void,
  ) {
    this.name = name;
    this.process = spawn(process.execPath, [script, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stderr?.on('data', (text: Buffer) => this.hear(text));
    this.process.on('error', (error) => onDeath(`${name} did not start: ${error.message}`));
    this.process.on('exit', (code, signal) => {
      if (!this.stopping)
        onDeath(`${name} ended (${signal ?? `exit ${code}`}). ${lastWords(this.words)}`);
    });
  }

  /** Resolves when the child says that it listens. */
  async listening(): Promise<Listening> {
    const { stdout } = this.process;
    if (stdout === null) throw new Error(`${this.name} has no output`);
    const timer = setTimeout(() => this.kill(), START_PATIENCE_MS);
    const lines = createInterface({ input: stdout });
    try {
      for await (const line of lines) {
        const found = parseListening(line);
        if (found !== undefined) return found;
        this.hear(`${line}\n`);
      }
    } finally {
      clearTimeout(timer);
      lines.close();
      stdout.resume();
    }
    throw new Error(`${this.name} never listened: ${lastWords(this.words)}`);
  }

  /** Asks the child to end, insists after 3 s, and resolves when it is gone. */
  async stop(): Promise<void> {
    this.stopping = true;
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    if (this.process.pid === undefined) return;
    const gone = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    const timer = setTimeout(() => this.process.kill('SIGKILL'), STOP_PATIENCE_MS);
    await gone;
    clearTimeout(timer);
  }

  /** Ends the child at once, without waiting: for the last moment of this process. */
  kill(): void {
    this.stopping = true;
    this.process.kill('SIGKILL');
  }

  private hear(text: Buffer | string): void {
    this.words = keepWords(this.words, text);
  }
}

/** Reads a log line; undefined when it is another one. */
export function parseListening(line: string): Listening | undefined {
  let found: unknown;
  try {
    found = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof found !== 'object' || found === null) return undefined;
  if (!('msg' in found) || found.msg !== 'listening' || !('in' in found)) return undefined;
  const address: unknown = Array.isArray(found.in) ? found.in[0] : undefined;
  if (typeof address !== 'string') return undefined;
  const admin = 'admin' in found && typeof found.admin === 'string' ? found.admin : undefined;
  return { address, admin: admin === undefined ? undefined : withScheme(admin) };
}

function withScheme(address: string): string {
  return address.includes('://') ? address : `http://${address}`;
}
