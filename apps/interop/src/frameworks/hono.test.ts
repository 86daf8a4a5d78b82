import { createHonoApp } from './apps/hono.ts';
import { compareOverBoth } from './suite.ts';

compareOverBoth('Hono', createHonoApp);
