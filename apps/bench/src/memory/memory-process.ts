import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { keepWords, lastWords } from '../last-words.ts';
import { type Memory, parseMemory } from './memory.ts';

/** As many descriptors as the system lets a process have. */
const RAISED = 'ulimit -n "$(ulimit -H -n)"; exec "$0" "$@"';

/** What is measured in a process of its own: one end of many links, or calls. */
export class MemoryProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #complaint = '';

  /**
   * @param script in this folder.
   * @param args what it is told; see there.
   * @param env what is added to its environment.
   */
  constructor(
    script: 'worker.js' | 'calls.js',
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ) {
    const command = [process.execPath, '--expose-gc', join(import.meta.dirname, script), ...args];
    const child = spawn('sh', ['-c', RAISED, ...command], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.#child = child;
    child.on('error', (error) => {
      this.#complaint += error.message;
    });
    child.stdin.on('error', () => {});
    child.stderr.on('data', (text: Buffer) => {
      this.#complaint = keepWords(this.#complaint, text);
    });
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** The next line that it prints. @throws {Error} with its own words when it ends instead. */
  async line(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done !== true) return value;
    throw new Error(lastWords(this.#complaint) || 'the process ended without a word');
  }

  /** Tells it to do something, and gives the line that it answers. */
  tell(order: object): Promise<string> {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    return this.line();
  }

  async measure(): Promise<Memory> {
    return parseMemory(await this.tell({ do: 'measure' }));
  }

  /** Ends it and waits until it is gone. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}
