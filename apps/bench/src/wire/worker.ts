import { createInterface } from 'node:readline';
import { readStories } from '../headers/stories.ts';
import { makeRunner, type Runner } from './runner.ts';
import { wireCases } from './wire-case.ts';
import { makeWireTraffic } from './wire-traffic.ts';

// A process of its own for all cases: it prints {"ready":true}, then a sample for each line
// {"seconds":S,"which":CASE} on stdin, and ends when stdin does.
const traffic = makeWireTraffic(readStories());
const cases = wireCases(traffic.map(({ name }) => name));
const runners = new Map<string, Runner>();
print({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const { seconds, which } = parseCommand(line);
  print(runnerOf(which).run(seconds));
}

function runnerOf(name: string): Runner {
  const known = runners.get(name);
  if (known !== undefined) return known;
  const found = cases.find((one) => one.name === name);
  const carried = traffic.find((one) => one.name === found?.traffic);
  if (found === undefined || carried === undefined) throw new Error(`there is no case ${name}`);
  const runner = makeRunner(found, carried);
  runners.set(name, runner);
  return runner;
}

function parseCommand(line: string): { seconds: number; which: string } {
  const found: unknown = JSON.parse(line);
  if (typeof found === 'object' && found !== null && 'seconds' in found && 'which' in found) {
    const { seconds, which } = found;
    if (typeof seconds === 'number' && typeof which === 'string') return { seconds, which };
  }
  throw new Error(`expected {"seconds":S,"which":CASE}; found ${line}`);
}

function print(said: object): void {
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
