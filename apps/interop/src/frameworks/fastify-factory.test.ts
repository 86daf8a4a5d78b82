import { createFastifyApp, createFastifyFactoryApp } from './apps/fastify.ts';
import { compareOverBoth } from './suite.ts';

compareOverBoth({
  framework: 'Fastify',
  by: 'createNodeServer',
  overHttp: createFastifyApp,
  overTp: createFastifyFactoryApp,
});
