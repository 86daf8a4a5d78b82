import { machineText, runtimeText } from '@tp/savings';
import type { Codec } from '../measure/case.ts';
import type { Figures } from '../measure/sample.ts';

/** One system in one case. What does not apply is left out. */
export interface Result extends Partial<Figures> {
  /** Where the report is of several. */
  readonly suite?: string;
  readonly system: string;
  readonly case: string;
  readonly codec?: Codec | 'gzip';
  readonly tls?: boolean;
  readonly callers?: number;
  /** HTTP that was carried in a second, as HTTP/1.1 bytes, where a link's rate bounds it. */
  readonly httpBytesPerSecond?: number;
  /** Bytes on the wire that are written or read in a second, where that alone is measured. */
  readonly bytesPerSecond?: number;
  /** What one end of a link takes of its process's resident memory, of its heap, and outside of that. */
  readonly bytesPerLink?: number;
  readonly heapBytesPerLink?: number;
  readonly externalBytesPerLink?: number;
  /** What a call takes of the heap and outside of it, client and server together, and what is still there after all. */
  readonly allocatedBytesPerOp?: number;
  readonly retainedBytesPerOp?: number;
}

/** One system against another, both measured in this run. */
export interface Ratio {
  readonly name: string;
  readonly value: number;
  readonly higherIsBetter: boolean;
}

/** A system that could not be measured, and the reason. */
export interface NotMeasured {
  readonly system: string;
  readonly why: string;
}

/** A system that was measured, and which one exactly. */
export interface Version {
  readonly system: string;
  readonly version: string;
}

/** Something that was asked of tp and tried with real processes and networks. */
export interface TrialResult {
  readonly name: string;
  /** What was asked, with its figures. */
  readonly asked: string;
  /** What came of it, with its figures. */
  readonly measured: string;
  readonly holds: boolean;
}

/** What a suite hands over. */
export interface Findings {
  readonly results: readonly Result[];
  readonly ratios: readonly Ratio[];
  readonly notMeasured: readonly NotMeasured[];
  /** Where the suite tries promises. */
  readonly trials?: readonly TrialResult[];
  /** Of the systems that tp is compared with. */
  readonly versions?: readonly Version[];
}

/** What `--json` writes. */
export interface Report extends Findings {
  readonly suite: string;
  readonly runtime: string;
  readonly machine: string;
}

/** Adds what it was measured with and on, and rounds figures to five significant digits. */
export function makeReport(suite: string, findings: Findings): Report {
  return {
    suite,
    runtime: runtimeText(),
    machine: machineText(),
    results: findings.results.map(rounded),
    ratios: findings.ratios.map(rounded),
    notMeasured: findings.notMeasured,
    ...(findings.versions === undefined ? {} : { versions: findings.versions }),
    ...(findings.trials === undefined ? {} : { trials: findings.trials }),
  };
}

/** Its numbers with five significant digits. */
export function rounded<T extends object>(record: T): T {
  const copy: T = { ...record };
  for (const key of keysOf(copy)) {
    const value = copy[key];
    if (typeof value === 'number') Object.assign(copy, { [key]: Number(value.toPrecision(5)) });
  }
  return copy;
}

function keysOf<T extends object>(record: T): (keyof T)[] {
  const keys: (keyof T)[] = [];
  for (const key in record) keys.push(key);
  return keys;
}
