import { writeFileSync } from 'node:fs';
import { type BenchArguments, parseBenchArguments } from './cli.ts';
import { benchPage } from './html/bench-page.ts';
import { canPin } from './measure/pinning.ts';
import { makeProgress } from './progress.ts';
import { makeReport } from './report/report.ts';
import { renderReport } from './report/table.ts';
import { PARTS, SUITES } from './suites/suites.ts';

const FAILED = 1;
const WRONG_USAGE = 2;

const wanted = parseBenchArguments(process.argv.slice(2), [...SUITES.keys()], PARTS);
if ('complaint' in wanted) {
  process.stderr.write(
    `bench: ${wanted.complaint}\nusage: npm run bench -- SUITE [PART…] [--quick] [--json FILE] [--html FILE]\n`,
  );
  process.exitCode = WRONG_USAGE;
} else {
  await run(wanted);
}

async function run({ suite: name, parts, quick, json, html }: BenchArguments): Promise<void> {
  const progress = makeProgress(process.stderr);
  if (!canPin) progress.note('taskset is missing, so nothing is pinned to a core');
  try {
    const findings = await SUITES.get(name)?.({ quick, parts, progress: progress.show });
    progress.end();
    if (findings === undefined) return;
    const report = makeReport(name, findings);
    process.stdout.write(renderReport(report));
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
    if (html !== undefined) writeFileSync(html, benchPage(report));
    const isMissing = findings.notMeasured.some(({ system }) => system === 'tp');
    if (isMissing || findings.trials?.some(({ holds }) => !holds)) process.exitCode = FAILED;
  } catch (error) {
    progress.end();
    process.stderr.write(
      `bench: ${name} failed: ${error instanceof Error ? error.stack : error}\n`,
    );
    process.exitCode = FAILED;
  }
}
