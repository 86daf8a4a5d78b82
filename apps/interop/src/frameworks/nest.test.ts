import { createNestApp } from './apps/nest/nest.ts';
import { compareOverBoth } from './suite.ts';

compareOverBoth({
  framework: 'Nest',
  by: 'fromListener',
  overHttp: createNestApp,
  overTp: createNestApp,
});
