import { createFastifyApp } from './apps/fastify.ts';
import { compareOverBoth } from './suite.ts';

compareOverBoth('Fastify', createFastifyApp);
