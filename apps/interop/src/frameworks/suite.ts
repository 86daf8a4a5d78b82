import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CreateApp, Framework } from './apps/app.ts';
import type { Behaviour } from './behaviours/behaviour.ts';
import { bodies } from './behaviours/bodies.ts';
import { endings } from './behaviours/endings.ts';
import { files } from './behaviours/files.ts';
import { resources } from './behaviours/resources.ts';
import { routing } from './behaviours/routing.ts';
import { streams } from './behaviours/streams.ts';
import { compare } from './compare.ts';
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
  /** How the application is served, for people. */
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
  const { framework, by, shown = (all) => all } = comparison;
  let folder: StaticFolder;
  let http: Site;
  let tp: Site;

  beforeAll(async () => {
    folder = await staticFolder();
    http = await httpSite(comparison.overHttp, folder.path);
    tp = await tpSite(comparison.overTp, folder.path);
  });
  afterAll(async () => {
    await tp[Symbol.asyncDispose]();
    await http[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  describe(`${framework} over tp, by ${by}, as over HTTP`, () => {
    for (const { name, program, promise, not } of BEHAVIOURS) {
      if (not?.[framework] !== undefined) continue;
      test(name, async () => {
        const [overHttp, overTp] = await Promise.all([http.record(program), tp.record(program)]);
        promise(overHttp, framework);
        promise(overTp, framework);
        expect(compare(shown(overHttp), shown(overTp))).toEqual([]);
      });
    }
  });
}
