import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** A command line to start. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The core that everything measured is pinned to: the last one, as the bench itself and the system's own work tend to be on the first. */
export const MEASURED_CORE = availableParallelism() - 1;

/** Whether `taskset` is there to pin processes with. */
export const canPin = spawnSync('taskset', ['-c', String(MEASURED_CORE), 'true']).status === 0;

/** The same command on the measured core alone, where that is possible. */
export function pinned(command: Command): Command {
  if (!canPin) return command;
  return {
    ...command,
    file: 'taskset',
    args: ['-c', String(MEASURED_CORE), command.file, ...command.args],
  };
}
