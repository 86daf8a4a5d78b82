import type { NotMeasured, Ratio, Result } from '../report/report.ts';
import type { Suite } from './suite.ts';

/** Every one of the suites in turn, their findings one behind the other. */
export function inTurn(suites: Iterable<Suite>): Suite {
  return async (options) => {
    const results: Result[] = [];
    const ratios: Ratio[] = [];
    const notMeasured: NotMeasured[] = [];
    for (const suite of suites) {
      const found = await suite(options);
      results.push(...found.results);
      ratios.push(...found.ratios);
      notMeasured.push(...found.notMeasured);
    }
    return { results, ratios, notMeasured };
  };
}
