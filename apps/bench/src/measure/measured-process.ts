import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { keepWords, lastWords } from '../last-words.ts';
import { type Command, pinned } from './pinning.ts';
import { parseSample, type Sample } from './sample.ts';

/** How long a process may take to start, and a run beyond its time, in ms. */
const PATIENCE_MS = 30_000;

/** A system in a process of its own, pinned to one core, that runs when told to and costs nothing in between. */
export class MeasuredProcess {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private readonly reader: Interface;
  private complaint = '';

  constructor(command: Command) {
    const { file, args, env } = pinned(command);
    const child = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.child = child;
    child.on('error', (error) => {
      this.complaint += error.message;
    });
    child.stdin.on('error', () => {});
    child.stderr.on('data', (text: Buffer) => {
      this.complaint = keepWords(this.complaint, text);
    });
    this.reader = createInterface({ input: child.stdout });
    this.lines = this.reader[Symbol.asyncIterator]();
  }

  /** Resolves when the system stands. @throws {Error} with the process's own words when it ends instead. */
  async ready(): Promise<void> {
    await this.nextLine(PATIENCE_MS);
  }

  /**
   * One run.
   *
   * @param which the case to run, where the process has several.
   * @throws {Error} when the process ends or says something else than a sample.
   */
  async run(seconds: number, which?: string): Promise<Sample> {
    this.child.stdin?.write(`${JSON.stringify({ seconds, which })}\n`);
    return parseSample(await this.nextLine(seconds * 1000 + PATIENCE_MS));
  }

  /** Ends the process and waits until it is gone. */
  async stop(): Promise<void> {
    this.reader.close();
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  private async nextLine(patienceMs: number): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`no answer in ${patienceMs / 1000} s`)),
        patienceMs,
      );
    });
    try {
      const line = await Promise.race([this.lines.next(), late]);
      if (line.done !== true) return line.value;
      throw new Error(lastWords(this.complaint) || 'the process ended without a word');
    } finally {
      clearTimeout(timer);
    }
  }
}
