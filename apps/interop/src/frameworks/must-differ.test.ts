import { expect, test } from 'vitest';
import type { CreateApp } from './apps/app.ts';
import { createExpressApp } from './apps/express.ts';
import { createHonoApp, createHonoFetchApp } from './apps/hono.ts';
import { compare } from './compare.ts';
import { FETCH_DIFFERENCES, withoutDifferences } from './fetch-shape.ts';
import { MUST_DIFFER } from './must-differ.ts';
import { httpSite, type Observations, type Program, tpSite } from './record.ts';
import { staticFolder } from './static-folder.ts';

/** A stream echoed, and an answer in text. */
const program: Program = async ({ ask }) => {
  const body = ReadableStream.from([Buffer.from('piece')]);
  await ask({ method: 'POST', path: '/echo', fields: ['Content-Type', 'text/a'], body });
  await ask({ path: '/hello' });
};

test('every field that must differ between HTTP and tp does: HTTP has it, and tp has not', async () => {
  const [http, tp] = await bothOf(createExpressApp, createExpressApp);
  for (const { name, in: places } of MUST_DIFFER) {
    for (const place of places) {
      expect(names(http, place)).toContain(name);
      expect(names(tp, place)).not.toContain(name);
    }
  }
});

test('everything that must differ for a fetch handler does', async () => {
  const [http, tp] = await bothOf(createHonoApp, createHonoFetchApp);
  for (const difference of FETCH_DIFFERENCES) {
    const others = FETCH_DIFFERENCES.filter((one) => one !== difference);
    const found = compare(withoutDifferences(http, others), withoutDifferences(tp, others));
    expect(found, difference.why).not.toEqual([]);
  }
});

async function bothOf(
  overHttp: CreateApp,
  overTp: CreateApp,
): Promise<[Observations, Observations]> {
  await using folder = await staticFolder();
  await using http = await httpSite(overHttp, folder.path);
  await using tp = await tpSite(overTp, folder.path);
  return Promise.all([http.record(program), tp.record(program)]);
}

/** The names of all fields that the client, or the application, saw. */
function names({ exchanges, app }: Observations, where: 'requests' | 'responses'): Set<string> {
  const lists =
    where === 'responses'
      ? exchanges.map(({ fields }) => fields)
      : app.flatMap((entry) => ('request' in entry ? [entry.request.fields] : []));
  return new Set(lists.flatMap((one) => one.filter((_, i) => i % 2 === 0).map(lowerCase)));
}

function lowerCase(name: string): string {
  return name.toLowerCase();
}
