import type { Json } from './journal.ts';
import { type Difference, MUST_DIFFER } from './must-differ.ts';
import type { Observations } from './record.ts';

/** One place where two observations differ. */
export interface Finding {
  /** E.g. `exchanges.0.status`. */
  readonly at: string;
  readonly http: Json | undefined;
  readonly tp: Json | undefined;
}

type Place = Difference['in'][number];

/** Compares field by field: what must differ is left out of what was seen over HTTP, and may not be over tp. */
export function compare(
  http: Observations,
  tp: Observations,
  mustDiffer: readonly Difference[] = MUST_DIFFER,
): Finding[] {
  const findings: Finding[] = [];
  find('', comparable(http, mustDiffer), comparable(tp, []), findings);
  return findings;
}

function comparable({ exchanges, app }: Observations, leftOut: readonly Difference[]): Json {
  const isLeftOut = (name: string, place: Place): boolean =>
    leftOut.some((one) => one.name === name && one.in.includes(place));
  const lines = (fields: readonly string[], place: Place): string[] => {
    const kept: string[] = [];
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i] ?? '';
      if (!isLeftOut(name.toLowerCase(), place)) kept.push(`${name}: ${fields[i + 1]}`);
    }
    return kept;
  };
  return {
    exchanges: exchanges.map((seen) => ({ ...seen, fields: lines(seen.fields, 'responses') })),
    app: app.map((entry) =>
      'note' in entry
        ? entry
        : { request: { ...entry.request, fields: lines(entry.request.fields, 'requests') } },
    ),
  };
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
