import { beside } from '../trials/beside.ts';
import { bytes } from '../trials/bytes.ts';
import { kill } from '../trials/kill.ts';
import { overload } from '../trials/overload.ts';
import { readers } from '../trials/readers.ts';
import { restart } from '../trials/restart.ts';
import { storm } from '../trials/storm.ts';
import { findingsOf, type Trial, type TrialFindings } from '../trials/trial.ts';
import { vanish } from '../trials/vanish.ts';
import type { Suite } from './suite.ts';

/** Every trial by its name. */
export const TRIALS: ReadonlyMap<string, Trial> = new Map([
  ['bytes', bytes],
  ['restart', restart],
  ['kill', kill],
  ['storm', storm],
  ['vanish', vanish],
  ['beside', beside],
  ['readers', readers],
  ['overload', overload],
]);

/** What links and pools can be trusted with: promises, tried with real processes and networks. */
export const trials: Suite = async ({ quick, parts, progress }) => {
  const found = new Map<string, TrialFindings>();
  for (const [name, trial] of TRIALS) {
    if (parts.length > 0 && !parts.includes(name)) continue;
    progress(`trial ${name}`);
    const tell = (text: string) => progress(`trial ${name}: turn ${text}`);
    found.set(name, await trial({ quick, progress: tell }));
  }
  return findingsOf(found);
};
