import { createHonoApp, createHonoFetchApp } from './apps/hono.ts';
import { asFetchShows } from './fetch-shape.ts';
import { compareOverBoth } from './suite.ts';

compareOverBoth({
  framework: 'Hono',
  by: 'fromFetch',
  overHttp: createHonoApp,
  overTp: createHonoFetchApp,
  shown: asFetchShows,
});
