import { writeFileSync } from 'node:fs';
import type { CaseTitle } from './case.ts';
import { type Command, parseCommand, USAGE, UsageError } from './cli.ts';
import { clientCases } from './client-cases/all.ts';
import { ClientDriver } from './engine/drive-client.ts';
import { type DriveOptions, driveServer } from './engine/drive-server.ts';
import { mutants } from './mutants/all.ts';
import { driveMutants } from './mutants/drive.ts';
import { renderMutants } from './mutants/render.ts';
import { makeProgress } from './progress.ts';
import { makeReport, type Report, renderReport } from './report.ts';
import { driveSelf } from './self/self.ts';
import { serverCases } from './server-cases/all.ts';

const FAILED = 1;
const WRONG_USAGE = 2;
const ALL_CASES = { server: serverCases, client: clientCases };

try {
  await run(parseCommand(process.argv.slice(2)));
} catch (error) {
  const isUsage = error instanceof UsageError;
  const text = error instanceof Error ? (isUsage ? error.message : error.stack) : String(error);
  process.stderr.write(`conformance: ${text}\n${isUsage ? USAGE : ''}`);
  process.exitCode = isUsage ? WRONG_USAGE : FAILED;
}

async function run(command: Command): Promise<void> {
  const reports = await find(command);
  const [broken, peers] = [reports.filter(isMutant), reports.filter((one) => !isMutant(one))];
  for (const report of peers) process.stdout.write(renderReport(report));
  if (broken.length > 0) process.stdout.write(renderMutants(broken));
  if (command.json !== undefined) {
    const isList = command.command === 'self' || command.command === 'mutants';
    const found = isList ? reports : reports[0];
    writeFileSync(command.json, `${JSON.stringify(found, null, 2)}\n`);
  }
  if (reports.some(({ failed }) => failed > 0)) process.exitCode = FAILED;
}

async function find(command: Command): Promise<Report[]> {
  const { timeoutMs, pattern, token } = command;
  const progress = makeProgress(process.stderr);
  const options = { timeoutMs, token, done: progress.done };
  try {
    if (command.command === 'server') return [await aServer(command, options)];
    if (command.command === 'client') return [await aClient(command, options)];
    const wanted = having(mutants, pattern);
    const broken = async () => driveMutants(wanted, ALL_CASES, options);
    if (command.command === 'mutants') {
      if (wanted.length === 0) throw noCase(pattern);
      return await broken();
    }
    const cases = { server: having(serverCases, pattern), client: having(clientCases, pattern) };
    if (cases.server.length + cases.client.length === 0) throw noCase(pattern);
    return [...(await driveSelf(cases, options)), ...(await broken())];
  } finally {
    progress.end();
  }
}

async function aServer(
  { host, port, pattern }: Command & { readonly command: 'server' },
  options: DriveOptions,
): Promise<Report> {
  const cases = having(serverCases, pattern);
  if (cases.length === 0) throw noCase(pattern);
  return makeReport('server', `${host}:${port}`, await driveServer({ host, port }, cases, options));
}

async function aClient(
  { port, pattern }: Command & { readonly command: 'client' },
  options: DriveOptions,
): Promise<Report> {
  const cases = having(clientCases, pattern);
  if (cases.length === 0) throw noCase(pattern);
  const driver = await ClientDriver.listen(port, options);
  process.stderr.write(`waiting for a client on port ${driver.port}\n`);
  try {
    return makeReport('client', `at port ${driver.port}`, await driver.drive(cases));
  } finally {
    driver.close();
  }
}

function having<C extends CaseTitle>(cases: readonly C[], pattern: string): C[] {
  return cases.filter(({ rule, name }) => `${rule} ${name}`.includes(pattern));
}

function isMutant({ mutant }: Report): boolean {
  return mutant === true;
}

function noCase(pattern: string): UsageError {
  return new UsageError(`no case has ${JSON.stringify(pattern)} in it`);
}
