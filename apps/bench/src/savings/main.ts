import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { measureSavings, rateOf, savingsPage, savingsText } from '@tp/savings';
import { makeProgress } from '../progress.ts';
import { TrafficFileError } from './file-error.ts';
import { parseSavingsOptions, type SavingsOptions, USAGE } from './options.ts';
import { sampleTraffic } from './sample.ts';
import { readTrafficFile } from './traffic-file.ts';

const FAILED = 1;
const WRONG_USAGE = 2;
/** So much is replayed, with each setting several times; more would take long and say the same. */
const MOST = { exchanges: 10_000, bytes: 64_000_000 };

const progress = makeProgress(process.stderr);
try {
  await run(optionsOrExit());
} catch (error) {
  progress.end();
  const isFile = error instanceof TrafficFileError;
  const why = isFile || !(error instanceof Error) ? error : error.stack;
  process.stderr.write(`measure: ${isFile ? error.message : why}\n`);
  process.exitCode = isFile ? WRONG_USAGE : FAILED;
}

async function run({ file, json, html, requestsPerDay, ...prices }: SavingsOptions): Promise<void> {
  const traffic = file === undefined ? sampleTraffic() : await readTrafficFile(file, MOST);
  const name =
    file === undefined ? 'Generated traffic (a JSON API and bid requests)' : basename(file);
  const savings = await measureSavings(traffic, {
    name,
    rate: rateOf(traffic.exchanges, requestsPerDay),
    ...prices,
    progress: progress.show,
  });
  progress.end();
  process.stdout.write(savingsText(savings));
  if (html !== undefined) writeFileSync(html, savingsPage(savings));
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(savings, null, 2)}\n`);
}

function optionsOrExit(): SavingsOptions {
  try {
    return parseSavingsOptions(process.argv.slice(2));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`measure: ${why}\n${USAGE}`);
    process.exit(WRONG_USAGE);
  }
}
