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
import { httpSite, type Site, tpSite } from './record.ts';
import { type StaticFolder, staticFolder } from './static-folder.ts';

const BEHAVIOURS: readonly Behaviour[] = [
  ...routing,
  ...bodies,
  ...resources,
  ...files,
  ...streams,
  ...endings,
];

/**
 * One test for each behaviour that the framework has: its promise is kept over HTTP, and everything
 * observed over tp is the same.
 *
 * @param overTp is the application as it is served over tp, where that is not by the same means.
 */
export function compareOverBoth(framework: Framework, create: CreateApp, overTp = create): void {
  let folder: StaticFolder;
  let http: Site;
  let tp: Site;

  beforeAll(async () => {
    folder = await staticFolder();
    http = await httpSite(create, folder.path);
    tp = await tpSite(overTp, folder.path);
  });
  afterAll(async () => {
    await tp[Symbol.asyncDispose]();
    await http[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  describe(`${framework} over tp as over HTTP`, () => {
    const has = BEHAVIOURS.filter((one) => one.not?.[framework] === undefined);
    test.each(has)('$name', async ({ program, promise }) => {
      const [overHttp, overTp] = await Promise.all([http.record(program), tp.record(program)]);
      promise(overHttp, framework);
      expect(compare(overHttp, overTp)).toEqual([]);
    });
  });
}
