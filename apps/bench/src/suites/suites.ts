import { inTurn } from './all.ts';
import { bytes } from './bytes.ts';
import { e2e } from './e2e.ts';
import type { Suite } from './suite.ts';
import { wire } from './wire.ts';

const EACH: ReadonlyMap<string, Suite> = new Map([
  ['e2e', e2e],
  ['bytes', bytes],
  ['wire', wire],
]);

/** Every suite by the name that the command line takes. */
export const SUITES: ReadonlyMap<string, Suite> = new Map([
  ...EACH,
  ['all', inTurn(EACH.values())],
]);
