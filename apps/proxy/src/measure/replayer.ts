import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Savings } from '@tp/savings';
import type { ReplayJob, ReplayOutcome } from './replay-job.ts';

const PROGRAM = fileURLToPath(new URL('./replay-process.js', import.meta.url));

/** A replay in a process of its own. */
export interface RunningReplay {
  /** Rejects with an `Error` when the sample could not be replayed, or the process has ended. */
  readonly savings: Promise<Savings>;
  stop(): void;
}

/** Begins to replay a sample. */
export function startReplay(job: ReplayJob): RunningReplay {
  // What this process was started with (an SDK for traces, secrets in variables) is none of its business.
  const child = fork(PROGRAM, { serialization: 'advanced', execArgv: [], env: {} });
  return {
    savings: outcomeOf(child, job),
    stop: () => void child.kill('SIGKILL'),
  };
}

function outcomeOf(child: ChildProcess, job: ReplayJob): Promise<Savings> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      reject(new Error(`the process that replays has ended (${signal ?? code})`));
    });
    child.once('message', (outcome: ReplayOutcome) => {
      if ('savings' in outcome) resolve(outcome.savings);
      else reject(new Error(outcome.error));
    });
    child.send(job, (error) => {
      if (error !== null) reject(error);
    });
  });
}
