import type { ViolationKind } from '../history/violation.ts';

/** Our code, changed in one place so that it breaks a promise. A simulator that finds nothing proves nothing. */
export interface Mutant {
  /** What it does wrong. */
  readonly name: string;
  /** What the simulator must find. */
  readonly finds: ViolationKind;
  /** The compiled file that is changed: `transport/dist/link/link.js`. */
  readonly file: string;
  /** Stands in that file exactly once. */
  readonly find: string;
  /** Stands there instead. */
  readonly replace: string;
}
