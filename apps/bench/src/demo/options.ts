import { parseArgs } from 'node:util';

/** What the demo is asked for. */
export interface DemoOptions {
  /** How long the load lasts, in seconds. Default 20. */
  readonly seconds: number;
  /** Where the figures go as JSON. */
  readonly json: string | undefined;
}

const DEFAULT_SECONDS = 20;

/** Reads the command line. @throws {Error} that says what is wrong with it. */
export function parseDemoOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string' }, json: { type: 'string' } },
  });
  const seconds = values.seconds === undefined ? DEFAULT_SECONDS : Number(values.seconds);
  if (!(seconds > 0 && seconds <= 3600)) {
    throw new Error(`--seconds takes a number above 0, at most 3600; found "${values.seconds}"`);
  }
  return { seconds, json: values.json };
}
