import type { Json } from './journal.ts';
import { MUST_DIFFER } from './must-differ.ts';
import type { Observations } from './record.ts';

/** One place where two observations differ. */
export interface Finding {
  /** E.g. `exchanges.0.status`. */
  readonly at: string;
  readonly http: Json | undefined;
  readonly tp: Json | undefined;
}

/** Compares field by field, but for what must differ. */
export function compare(http: Observations, tp: Observations): Finding[] {
  const findings: Finding[] = [];
  find('', comparable(http), comparable(tp), findings);
  return findings;
}

function comparable({ exchanges, app }: Observations): Json {
  return {
    exchanges: exchanges.map((seen) => ({
      ...seen,
      fields: endToEnd(seen.fields, 'responses'),
    })),
    app: app.map((entry) =>
      'note' in entry
        ? entry
        : { request: { ...entry.request, fields: endToEnd(entry.request.fields, 'requests') } },
    ),
  };
}

/** The fields in a list that must not differ, each as `name: value`. */
export function endToEnd(
  fields: readonly string[],
  where: 'requests' | 'responses',
): readonly string[] {
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const row = MUST_DIFFER.find((one) => one.name === name.toLowerCase());
    if (row?.in.includes(where) !== true) kept.push(`${name}: ${fields[i + 1]}`);
  }
  return kept;
}

function find(at: string, http: Json | undefined, tp: Json | undefined, into: Finding[]): void {
  if (isMany(http) && isMany(tp)) {
    const [left, right] = [new Map(Object.entries(http)), new Map(Object.entries(tp))];
    for (const key of new Set([...left.keys(), ...right.keys()])) {
      find(at === '' ? key : `${at}.${key}`, left.get(key), right.get(key), into);
    }
  } else if (!Object.is(http, tp)) into.push({ at, http, tp });
}

function isMany(value: Json | undefined): value is Json & object {
  return typeof value === 'object' && value !== null;
}
