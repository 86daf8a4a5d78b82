import type { NotMeasured, Ratio, Result, Version } from '../report/report.ts';
import type { Suite } from './suite.ts';

/**
 * Every one of the suites in turn, their findings one behind the other. Results say which suite they are
 * of: only those of one were measured in turns.
 */
export function inTurn(suites: ReadonlyMap<string, Suite>): Suite {
  return async (options) => {
    const results: Result[] = [];
    const ratios: Ratio[] = [];
    const notMeasured: NotMeasured[] = [];
    const versions = new Map<string, Version>();
    for (const [name, suite] of suites) {
      const found = await suite(options);
      results.push(...found.results.map((result) => ({ suite: name, ...result })));
      ratios.push(...found.ratios);
      notMeasured.push(...found.notMeasured);
      for (const version of found.versions ?? []) versions.set(version.system, version);
    }
    const known = [...versions.values()];
    return { results, ratios, notMeasured, ...(known.length === 0 ? {} : { versions: known }) };
  };
}
