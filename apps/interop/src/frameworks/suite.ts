import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CreateApp, Framework } from './apps/app.ts';
import type { Behaviour } from './behaviours/behaviour.ts';
import { bodies } from './behaviours/bodies.ts';
import { endings } from './behaviours/endings.ts';
import { files } from './behaviours/files.ts';
import { resources } from './behaviours/resources.ts';
import { routing } from './behaviours/routing.ts';
import { streams } from './behaviours/streams.ts';
import { compare, type Finding } from './compare.ts';
import { httpSite, type Observations, type Site, tpSite } from './record.ts';
import { type StaticFolder, staticFolder } from './static-folder.ts';

const BEHAVIOURS: readonly Behaviour[] = [
  ...routing,
  ...bodies,
  ...resources,
  ...files,
  ...streams,
  ...endings,
];

interface Comparison {
  readonly framework: Framework;
  /** How the application is served over tp, for people. */
  readonly by: string;
  readonly overHttp: CreateApp;
  readonly overTp: CreateApp;
  /** What is compared of what was observed. Default: all. */
  readonly shown?: (observations: Observations) => Observations;
}

/**
 * One test for each behaviour that the framework has: its promise is kept both ways, and everything
 * observed over tp is the same as over HTTP.
 */
export function compareOverBoth(comparison: Comparison): void {
  const { framework, by, overHttp, overTp, shown = (all) => all } = comparison;
  compareSites({
    framework,
    title: `${framework} over tp, by ${by}, as over HTTP`,
    open: async (files) => [await httpSite(overHttp, files), await tpSite(overTp, files)],
    differences: (http, tp) => compare(shown(http), shown(tp)),
  });
}

/** The same for HTTP on a port that tp is served on too: it is as on a port of its own, but for the time. */
export function compareBesideTp(framework: Framework, alone: CreateApp, beside: CreateApp): void {
  compareSites({
    framework,
    title: `${framework} over HTTP on a port that serves tp too, as on one that does not`,
    open: async (files) => [await httpSite(alone, files), await httpSite(beside, files)],
    differences: (http, too) => compare(withoutDate(http), withoutDate(too), []),
  });
}

interface Sites {
  readonly framework: Framework;
  readonly title: string;
  open(files: string): Promise<readonly [http: Site, other: Site]>;
  differences(http: Observations, other: Observations): Finding[];
}

function compareSites({ framework, title, open, differences }: Sites): void {
  let folder: StaticFolder;
  let sites: readonly [http: Site, other: Site];

  beforeAll(async () => {
    folder = await staticFolder();
    sites = await open(folder.path);
  });
  afterAll(async () => {
    for (const site of sites) await site[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  describe(title, () => {
    for (const { name, program, promise, not } of BEHAVIOURS) {
      if (not?.[framework] !== undefined) continue;
      test(name, async () => {
        const [one, two] = sites;
        const [http, other] = await Promise.all([one.record(program), two.record(program)]);
        promise(http, framework);
        promise(other, framework);
        expect(differences(http, other)).toEqual([]);
      });
    }
  });
}

function withoutDate({ exchanges, ...rest }: Observations): Observations {
  const isDate = (name: string | undefined) => name?.toLowerCase() === 'date';
  return {
    ...rest,
    exchanges: exchanges.map((seen) => ({
      ...seen,
      fields: seen.fields.filter((_, i) => !isDate(seen.fields[i - (i % 2)])),
    })),
  };
}
