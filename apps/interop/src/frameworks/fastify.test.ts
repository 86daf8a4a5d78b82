import { createFastifyApp } from './apps/fastify.ts';
import { compareOverBoth } from './suite.ts';

compareOverBoth({
  framework: 'Fastify',
  by: 'fromListener',
  overHttp: createFastifyApp,
  overTp: createFastifyApp,
});
