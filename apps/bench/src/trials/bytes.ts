import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { keepWords, lastWords } from '../last-words.ts';
import { atExit } from './at-exit.ts';
import type { Trial } from './trial.ts';

/** The test of `@tp/transport` with all of its faults; it runs from its source, which is beside ours. */
const SCRIPT = join(
  import.meta.dirname,
  '../../../../packages/transport/src/test/every-fault-main.ts',
);
/** The dearest first, so that both cores are busy to the end. */
const CODECS = ['zstd', 'none', 'deflate'] as const;
const ABREAST = 2;
/** In a hurry, one fault in so many. */
const QUICK_SHARE = 29;

/**
 * Two exchanges of 4 KiB each way, whole and streamed, through a relay in memory that cuts the
 * connection at every byte and turns over every bit, in either direction, for each codec.
 */
export const bytes: Trial = async ({ quick, progress }) => {
  if (!existsSync(SCRIPT)) return { why: 'it runs from the sources of @tp/transport' };
  const waiting = [...CODECS];
  const outcomes = new Map<string, number>();
  const violations: string[] = [];
  let cases = 0;
  const runner = async () => {
    for (let codec = waiting.shift(); codec !== undefined; codec = waiting.shift()) {
      const tally = await everyFault(codec, quick ? QUICK_SHARE : 1, progress);
      cases += tally.cases;
      violations.push(...tally.violations);
      for (const [outcome, times] of tally.outcomes) {
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + times);
      }
    }
  };
  await Promise.all(Array.from({ length: ABREAST }, runner));
  const counts = [...outcomes].sort((one, two) => two[1] - one[1]);
  const faults = quick ? `one cut and one bit in ${QUICK_SHARE}` : 'every cut and every bit';
  return [
    {
      name: 'every byte',
      asked: `${faults} of a 4 KiB exchange, three codecs: no hang, no wrong answer, each error typed and its proof true`,
      measured: [
        `${cases.toLocaleString('en-US')} faults, ${violations.length} violations`,
        `calls: ${counts.map(([name, times]) => `${times.toLocaleString('en-US')} ${name}`).join(', ')}`,
        ...violations.slice(0, 5),
      ].join('; '),
      holds: violations.length === 0,
    },
  ];
};

interface Tally {
  readonly cases: number;
  readonly outcomes: readonly (readonly [string, number])[];
  readonly violations: readonly string[];
}

async function everyFault(
  codec: string,
  share: number,
  progress: (text: string) => void,
): Promise<Tally> {
  const child = spawn(process.execPath, ['--conditions=source', SCRIPT, codec, `${share}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = () => void child.kill('SIGKILL');
  const forget = atExit(kill);
  let words = '';
  child.stderr.on('data', (text: Buffer) => {
    words = keepWords(words, text);
  });
  const gone = once(child, 'exit');
  let tally: Tally | undefined;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const said: unknown = JSON.parse(line);
      tally = tallyOf(said) ?? tally;
      if (isProgress(said)) progress(`${codec}, ${said.done} of ${said.of} faults`);
    }
    await gone;
  } finally {
    kill();
    forget();
  }
  if (tally === undefined) throw new Error(`every fault of ${codec}: ${lastWords(words)}`);
  return tally;
}

function isProgress(said: unknown): said is { readonly done: number; readonly of: number } {
  return typeof said === 'object' && said !== null && 'done' in said && 'of' in said;
}

function tallyOf(said: unknown): Tally | undefined {
  if (typeof said !== 'object' || said === null) return undefined;
  if (!('cases' in said) || !('outcomes' in said) || !('violations' in said)) return undefined;
  const { cases, outcomes, violations } = said;
  if (typeof cases !== 'number' || typeof outcomes !== 'object' || outcomes === null) {
    return undefined;
  }
  return {
    cases,
    outcomes: Object.entries(outcomes).map(([name, times]) => [name, Number(times)] as const),
    violations: Array.isArray(violations) ? violations.map(String) : [],
  };
}
