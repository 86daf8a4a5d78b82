import type { Observations } from './record.ts';

type Fields = readonly string[];

/** What cannot be the same where HTTP has Hono's server for Node, and tp calls `app.fetch` itself. */
interface FetchDifference {
  readonly in: 'requests' | 'responses';
  readonly why: string;
  /** What both sides have in common of a field; undefined when nothing. */
  fold(name: string, value: string): readonly [name: string, value: string] | undefined;
}

/** All of them. */
export const FETCH_DIFFERENCES: readonly FetchDifference[] = [
  {
    in: 'responses',
    why: 'Headers have names in lower case; the server for Node writes some that never were in one.',
    fold: (name, value) => [name.toLowerCase(), value],
  },
  {
    in: 'responses',
    why: 'The server for Node measures a body; over tp its length is in its framing, and in no field.',
    fold: (name, value) => (name === 'content-length' ? undefined : [name, value]),
  },
  {
    in: 'responses',
    why: 'A Response made of text is "text/plain;charset=UTF-8"; that server has its own for it, with a blank.',
    fold: (name, value) => [name, name === 'content-type' ? value.replaceAll('; ', ';') : value],
  },
  {
    in: 'requests',
    why: 'A fetch handler sees by `request.body` that there is one, and needs no field for it.',
    fold: (name, value) => (name === 'transfer-encoding' ? undefined : [name, value]),
  },
];

/** Observations with these differences folded away. */
export function asFetchShows(all: Observations): Observations {
  return withoutDifferences(all, FETCH_DIFFERENCES);
}

/** Observations with some of them folded away. */
export function withoutDifferences(
  { exchanges, reused, app }: Observations,
  differences: readonly FetchDifference[],
): Observations {
  const folded = (fields: Fields, place: FetchDifference['in']): Fields =>
    foldAll(
      fields,
      differences.filter((one) => one.in === place),
    );
  return {
    exchanges: exchanges.map((seen) => ({ ...seen, fields: folded(seen.fields, 'responses') })),
    reused,
    app: app.map((entry) => {
      if ('note' in entry) return entry;
      const { request } = entry;
      return { request: { ...request, fields: folded(request.fields, 'requests') } };
    }),
  };
}

function foldAll(fields: Fields, differences: readonly FetchDifference[]): Fields {
  return fields.flatMap((name, i) => {
    if (i % 2 === 1) return [];
    let field: readonly [string, string] | undefined = [name, fields[i + 1] ?? ''];
    for (const { fold } of differences) field = field && fold(...field);
    return field ?? [];
  });
}
