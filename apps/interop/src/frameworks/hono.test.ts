import { createHonoApp } from './apps/hono.ts';
import { compareOverBoth } from './suite.ts';

compareOverBoth({
  framework: 'Hono',
  by: 'fromListener',
  overHttp: createHonoApp,
  overTp: createHonoApp,
});
