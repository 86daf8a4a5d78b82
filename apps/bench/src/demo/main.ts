import { writeFileSync } from 'node:fs';
import { Demo } from './demo.ts';
import { parseDemoOptions } from './options.ts';
import { summaryText } from './summary.ts';
import { makeView } from './view.ts';

const FAILED = 1;
const WRONG_USAGE = 2;
const INTERRUPTED = 130;

const options = optionsOrExit();
process.on('SIGINT', () => process.exit(INTERRUPTED));
process.on('SIGTERM', () => process.exit(INTERRUPTED));

try {
  process.stdout.write(
    '\ntp demo: starting a service, two proxies and a client on this machine\n\n',
  );
  const demo = new Demo(options.seconds, makeView(process.stdout));
  const { figures, firstError } = await demo.run();
  process.stdout.write(summaryText(figures));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(figures)}\n`);
  if (figures.requests === 0) fail('no request was answered');
  if (firstError !== undefined) fail(`${figures.errors} requests failed; the first: ${firstError}`);
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
process.exit();

function optionsOrExit() {
  try {
    return parseDemoOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(
      `demo: ${error instanceof Error ? error.message : error}\nusage: npm run demo -- [--seconds N] [--json FILE]\n`,
    );
    process.exit(WRONG_USAGE);
  }
}

function fail(why: string): void {
  process.stderr.write(`\ndemo failed: ${why}\n`);
  process.exitCode = FAILED;
}
