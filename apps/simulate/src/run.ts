import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { addSummary, emptySummary, type Summary } from './summary.ts';

/** Histories from one seed on, each with the next number. */
export interface Span {
  readonly seed: number;
  readonly histories: number;
  readonly faults: number;
}

/** How a run goes. */
export interface RunOptions {
  /** Threads. Default: one for each core. */
  readonly workers?: number | undefined;
  /** Stops when this is true of what was found so far. Default: at the end. */
  readonly until?: ((sofar: Summary) => boolean) | undefined;
  /** The code of a thread. Default: that beside this file. */
  readonly worker?: URL | undefined;
  /** Told after each span that was played. */
  readonly progress?: ((sofar: Summary) => void) | undefined;
}

/** Histories that a thread is given at once. */
const SPAN = 5;

/**
 * Plays histories on several threads. The summary does not depend on how many there are.
 *
 * @throws {Error} when a thread ends.
 */
export async function play(all: Span, options: RunOptions = {}): Promise<Summary> {
  const { until = () => false, progress = () => {} } = options;
  const summary = emptySummary();
  const spans = spansOf(all);
  const count = Math.min(options.workers ?? availableParallelism(), spans.length);
  const worker = options.worker ?? new URL('./worker.js', import.meta.url);
  const threads = Array.from({ length: count }, () => new Thread(worker));
  try {
    await Promise.all(
      threads.map(async (thread) => {
        for (let span = spans.shift(); span !== undefined; span = spans.shift()) {
          addSummary(summary, await thread.play(span));
          progress(summary);
          if (until(summary)) spans.length = 0;
        }
      }),
    );
  } finally {
    await Promise.all(threads.map((thread) => thread.end()));
  }
  summary.violations.sort((one, other) => one.seed - other.seed);
  return summary;
}

function spansOf({ seed, histories, faults }: Span): Span[] {
  const spans: Span[] = [];
  for (let done = 0; done < histories; done += SPAN) {
    spans.push({ seed: seed + done, histories: Math.min(SPAN, histories - done), faults });
  }
  return spans;
}

/** A thread that plays one span at a time. */
class Thread {
  readonly #worker: Worker;

  constructor(file: URL) {
    // Whatever this process was started with, a thread runs compiled code.
    this.#worker = new Worker(file, { execArgv: [] });
  }

  play(span: Span): Promise<Summary> {
    return new Promise((resolve, reject) => {
      const worker = this.#worker;
      const onEnd = () => reject(new Error('a thread ended in mid-history'));
      worker.once('error', reject);
      worker.once('exit', onEnd);
      worker.once('message', (summary: Summary) => {
        worker.off('error', reject);
        worker.off('exit', onEnd);
        resolve(summary);
      });
      worker.postMessage(span);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
