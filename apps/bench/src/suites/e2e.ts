import type { Case } from '../measure/case.ts';
import { type Effort, measureInterleaved } from '../measure/interleaved.ts';
import type { NotMeasured, Result } from '../report/report.ts';
import { rivalVersions } from '../rivals/httpteleport.ts';
import { e2eCases } from './e2e-cases.ts';
import { e2eContenders } from './e2e-contenders.ts';
import { e2eRatios } from './e2e-ratios.ts';
import type { Suite } from './suite.ts';

const QUICK: Effort = { rounds: 8, seconds: 0.1, warmupSeconds: 2.4 };
const FULL: Effort = { rounds: 9, seconds: 1, warmupSeconds: 4 };

/**
 * Calls end to end: each caller awaits one answer before its next request; client and server share one
 * process and one core.
 */
export const e2e: Suite = async ({ quick, progress }) => {
  const effort = quick ? QUICK : FULL;
  const { contendersFor, notMeasured } = e2eContenders(progress);
  const results: Result[] = [];
  const missing: NotMeasured[] = [...notMeasured];
  for (const group of e2eCases(quick)) {
    const outcomes = await measureInterleaved(
      contendersFor(group),
      group.effort ?? effort,
      (contender, turn, turns) =>
        progress(
          `${group.title}: turn ${turn} of ${turns}, ${contender.system} ${contender.case.codec}`,
        ),
    );
    for (const outcome of outcomes) {
      const { system, case: measured } = outcome.contender;
      if ('why' in outcome) missing.push({ system, why: `${measured.name}: ${outcome.why}` });
      else results.push({ system, ...describe(measured), ...outcome.figures });
    }
  }
  return { results, ratios: e2eRatios(results), notMeasured: missing, versions: rivalVersions() };
};

function describe({ name, codec, tls, callers }: Case): Omit<Result, 'system'> {
  return { case: name, codec, tls, callers };
}
