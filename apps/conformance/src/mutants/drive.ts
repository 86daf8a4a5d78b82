import type { CaseResult, CaseTitle } from '../case.ts';
import type { DriveOptions } from '../engine/drive-server.ts';
import { makeReport, type Report } from '../report.ts';
import { drivePeerClient, drivePeerServer, type PeerOptions } from '../self/drive-peer.ts';
import type { Peer } from '../self/peers.ts';
import type { Cases } from '../self/self.ts';
import type { Mutant } from './mutant.ts';
import { Workshop } from './workshop.ts';

/** How long a mutant is waited for, in ms: one that is waited for in vain is caught by that. */
const PATIENCE_MS = 800;
const AT_ONCE = 3;

/** How a mutant did before it was asked whether our own peer passes what it failed. */
interface Trial {
  readonly mutant: Mutant;
  /** The first case that failed and names the mutant's rule. */
  readonly failure: CaseResult | undefined;
  /** What kept the mutant from being driven; empty when nothing did. */
  readonly trouble: string;
}

/**
 * Drives each mutant through the cases of its rule, a few at a time. A mutant is caught by a case that
 * fails, names the mutant's rule, and passes our own peer as it is. Its report has one result,
 * which is a success when it was caught and names the case.
 *
 * @throws {Error} when our peers are not compiled.
 */
export async function driveMutants(
  mutants: readonly Mutant[],
  cases: Cases,
  options: DriveOptions,
): Promise<Report[]> {
  const workshop = new Workshop();
  try {
    const trials = await tryAll(mutants, cases, workshop, options.timeoutMs);
    const fair = await passedUnchanged(trials, cases, workshop, options.timeoutMs);
    const reports = trials.map((trial) => makeMutantReport(trial, fair));
    for (const one of reports.flatMap((report) => report.cases)) options.done(one);
    return reports;
  } finally {
    workshop.close();
  }
}

async function tryAll(
  mutants: readonly Mutant[],
  cases: Cases,
  workshop: Workshop,
  timeoutMs: number,
): Promise<Trial[]> {
  const trials: Trial[] = [];
  const queue = [...mutants.entries()];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [at, mutant] = next;
      trials[at] = await tryOne(mutant, cases, workshop, Math.min(timeoutMs, PATIENCE_MS));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return trials;
}

async function tryOne(
  mutant: Mutant,
  cases: Cases,
  workshop: Workshop,
  timeoutMs: number,
): Promise<Trial> {
  const rules = [mutant.rule, ...(mutant.beside ?? [])];
  const isOfRules = ({ rule }: CaseTitle) => rules.includes(rule);
  const enough = new AbortController();
  let failure: CaseResult | undefined;
  const done = (one: CaseResult) => {
    if (failure !== undefined || !names(one, mutant.rule)) return;
    failure = one;
    enough.abort();
  };
  let trouble = '';
  try {
    const options = { timeoutMs, done, signal: enough.signal };
    await workshop.lend(mutant, (peer) => drive(peer, cases, isOfRules, options));
  } catch (error) {
    trouble = error instanceof Error ? error.message : String(error);
  }
  return { mutant, failure, trouble };
}

/** Whether a case that failed names that rule: as its own, or as what the referee found broken. */
function names({ rule, ok, why }: CaseResult, wanted: string): boolean {
  return !ok && (rule === wanted || why.startsWith(`the peer broke ${wanted}:`));
}

/** The titles of the cases that failed mutants and pass our peer of that role as it is. */
async function passedUnchanged(
  trials: readonly Trial[],
  cases: Cases,
  workshop: Workshop,
  timeoutMs: number,
): Promise<Record<Peer['role'], ReadonlySet<string>>> {
  const passedBy = async (role: Peer['role']) => {
    const ofRole = trials.filter(({ mutant }) => mutant.role === role);
    const failed = new Set(ofRole.flatMap(({ failure }) => (failure ? [titleOf(failure)] : [])));
    const hasFailed = (one: CaseTitle) => failed.has(titleOf(one));
    const passed = new Set<string>();
    if (failed.size === 0) return passed;
    const done = (one: CaseResult) => {
      if (one.ok) passed.add(titleOf(one));
    };
    await drive(workshop.unchanged(role), cases, hasFailed, { timeoutMs, done });
    return passed;
  };
  return { server: await passedBy('server'), client: await passedBy('client') };
}

function drive(
  peer: Peer,
  cases: Cases,
  isWanted: (one: CaseTitle) => boolean,
  options: PeerOptions,
): Promise<unknown> {
  return peer.role === 'server'
    ? drivePeerServer(peer, cases.server.filter(isWanted), options)
    : drivePeerClient(peer, cases.client.filter(isWanted), options);
}

function titleOf({ rule, name }: CaseTitle): string {
  return `${rule} ${name}`;
}

function makeMutantReport(
  { mutant, failure, trouble }: Trial,
  fair: Record<Peer['role'], ReadonlySet<string>>,
): Report {
  const { role, rule, name } = mutant;
  const report = (result: Omit<CaseResult, 'rule'>): Report => ({
    ...makeReport(role, `mutant ${name}`, { results: [{ rule, ...result }], omitted: 0 }),
    mutant: true,
  });
  if (failure === undefined) return report({ name: 'no case catches it', ok: false, why: trouble });
  const title = titleOf(failure);
  if (fair[role].has(title))
    return report({ name: `caught by ${title}`, ok: true, why: failure.why });
  return report({
    name: `${title} fails, but our own peer fails it too`,
    ok: false,
    why: failure.why,
  });
}
