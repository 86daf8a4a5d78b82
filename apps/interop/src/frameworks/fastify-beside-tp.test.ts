import { createFastifyApp, createFastifyFactoryApp } from './apps/fastify.ts';
import { compareBesideTp } from './suite.ts';

compareBesideTp('Fastify', createFastifyApp, createFastifyFactoryApp);
