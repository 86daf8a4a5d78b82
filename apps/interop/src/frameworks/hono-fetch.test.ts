import { vi } from 'vitest';
import { createHonoApp, createHonoFetchApp } from './apps/hono.ts';
import { asFetchShows } from './fetch-shape.ts';
import { compareOverBoth } from './suite.ts';

// Its server for Node prints what breaks a response off.
vi.spyOn(console, 'error').mockImplementation(() => {});

compareOverBoth({
  framework: 'Hono',
  by: 'fromFetch',
  overHttp: createHonoApp,
  overTp: createHonoFetchApp,
  shown: asFetchShows,
});
