import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { keepWords, lastWords } from '../last-words.ts';
import { atExit } from './at-exit.ts';
import { isSaid, type Said } from './said.ts';

/** How long an actor may take to say what is waited for, in ms. */
const PATIENCE_MS = 30_000;

/**
 * A process that plays a part in a trial: a server that is killed, a client in a network of its own.
 * None outlives this process, however that ends: those that this one can't kill any more end by
 * themselves when the channel does (see `part.ts`).
 */
export class Actor {
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #unheard: Said[] = [];
  readonly #forget: () => void;
  readonly #hearers = new Set<() => void>();
  #words = '';
  #ended = false;

  /**
   * @param part the script's name in this folder, without its ending.
   * @param wrapper a command that starts it, such as `unshare --net`.
   */
  constructor(part: string, args: readonly string[] = [], wrapper: readonly string[] = []) {
    this.#name = part;
    const script = join(import.meta.dirname, `${part}.js`);
    const line = [...wrapper, process.execPath, '--expose-gc', script, ...args];
    this.#process = spawn(line[0] ?? '', line.slice(1), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#forget = atExit(() => this.#process.kill('SIGKILL'));
    this.#process.stderr?.on('data', (text: Buffer) => {
      this.#words = keepWords(this.#words, text);
    });
    this.#process.on('message', (message) => {
      if (isSaid(message)) this.#unheard.push(message);
      this.#tell();
    });
    this.#process.on('error', (error) => this.#end(error.message));
    this.#process.on('exit', () => this.#end(''));
  }

  /** Its process id. @throws {Error} when it did not start. */
  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error(`${this.#name} did not start: ${this.#words}`);
    return pid;
  }

  /** Tells it something; one that has ended hears nothing. */
  tell(said: Said): void {
    if (!this.#ended && this.#process.connected) this.#process.send(said, () => {});
  }

  /** The next thing of that kind that it says. @throws {Error} when it ends, or takes too long. */
  async hear(kind: string, patienceMs = PATIENCE_MS): Promise<Said> {
    const end = performance.now() + patienceMs;
    for (;;) {
      const at = this.#unheard.findIndex((said) => said.kind === kind);
      const [said] = at < 0 ? [] : this.#unheard.splice(at, 1);
      if (said !== undefined) return said;
      if (this.#ended) throw new Error(`${this.#name} ended: ${lastWords(this.#words)}`);
      const left = end - performance.now();
      if (left <= 0) throw new Error(`${this.#name} said no "${kind}" in ${patienceMs / 1000} s`);
      await this.#change(left);
    }
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    this.#process.kill(name);
  }

  /** How it ended: `exit 0`, `SIGKILL`. */
  async ended(patienceMs = PATIENCE_MS): Promise<string> {
    const end = performance.now() + patienceMs;
    while (!this.#ended) {
      const left = end - performance.now();
      if (left <= 0) throw new Error(`${this.#name} has not ended in ${patienceMs / 1000} s`);
      await this.#change(left);
    }
    return this.#process.signalCode ?? `exit ${this.#process.exitCode}`;
  }

  /** Kills it, and waits until it is gone. */
  async stop(): Promise<void> {
    const child = this.#process;
    if (this.#ended || child.pid === undefined) return;
    const gone =
      child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGKILL');
    await gone;
  }

  #end(why: string): void {
    this.#words = keepWords(this.#words, why);
    this.#ended = true;
    this.#forget();
    this.#tell();
  }

  #tell(): void {
    for (const hearer of this.#hearers) hearer();
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#hearers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#hearers.add(done);
    });
  }
}
