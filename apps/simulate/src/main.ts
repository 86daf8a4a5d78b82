import { writeFileSync } from 'node:fs';
import { type Command, parseCommand, USAGE, UsageError } from './cli.ts';
import { playHistory } from './history/history.ts';
import { makeProgress } from './progress.ts';
import { play } from './run.ts';
import { addHistory, emptySummary, renderSummary, type Summary, toJson } from './summary.ts';

const FAILED = 1;
const WRONG_USAGE = 2;

try {
  const command = parseCommand(process.argv.slice(2), Date.now());
  const summary = await (command.histories === 1 ? replay(command) : playAll(command));
  process.stdout.write(renderSummary(summary, command.faults));
  if (command.json !== undefined) {
    writeFileSync(command.json, `${JSON.stringify(toJson(summary), null, 2)}\n`);
  }
  if (summary.violations.length > 0) process.exitCode = FAILED;
} catch (error) {
  const isUsage = error instanceof UsageError;
  const text = error instanceof Error ? (isUsage ? error.message : error.stack) : String(error);
  process.stderr.write(`simulate: ${text}\n${isUsage ? USAGE : ''}`);
  process.exitCode = isUsage ? WRONG_USAGE : FAILED;
}

/** One history, to be read. */
async function replay({ seed, faults }: Command): Promise<Summary> {
  const summary = emptySummary();
  const result = await playHistory({ seed, faults, keepsTrace: true });
  process.stdout.write(`${result.lines.join('\n')}\n`);
  addHistory(summary, result);
  return summary;
}

async function playAll({ seed, faults, histories, workers }: Command): Promise<Summary> {
  const progress = makeProgress(process.stderr, histories);
  process.stderr.write(`seeds ${seed} to ${seed + histories - 1}\n`);
  try {
    return await play({ seed, histories, faults }, { workers, progress: progress.show });
  } finally {
    progress.end();
  }
}
