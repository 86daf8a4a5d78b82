import { vi } from 'vitest';
import { createHonoApp } from './apps/hono.ts';
import { compareOverBoth } from './suite.ts';

// Its server for Node prints what breaks a response off.
vi.spyOn(console, 'error').mockImplementation(() => {});

compareOverBoth({
  framework: 'Hono',
  by: 'fromListener',
  overHttp: createHonoApp,
  overTp: createHonoApp,
});
