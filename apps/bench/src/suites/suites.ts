import { inTurn } from './all.ts';
import { bytes } from './bytes.ts';
import { e2e } from './e2e.ts';
import { link } from './link.ts';
import { memory } from './memory.ts';
import { peers } from './peers.ts';
import { proxy } from './proxy.ts';
import type { Suite } from './suite.ts';
import { TRIALS, trials } from './trials.ts';
import { wire } from './wire.ts';

const EACH: ReadonlyMap<string, Suite> = new Map([
  ['e2e', e2e],
  ['peers', peers],
  ['bytes', bytes],
  ['link', link],
  ['proxy', proxy],
  ['wire', wire],
  ['memory', memory],
]);

/** Every suite by the name that the command line takes. */
export const SUITES: ReadonlyMap<string, Suite> = new Map([
  ...EACH,
  ['all', inTurn(EACH)],
  // Not one of all: it takes minutes, and says whether promises hold, not how fast anything is.
  ['trials', trials],
]);

/** The names of the parts of each suite that has some. */
export const PARTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['trials', [...TRIALS.keys()]],
]);
