import { createExpressApp } from './apps/express.ts';
import { compareOverBoth } from './suite.ts';

compareOverBoth({
  framework: 'Express',
  by: 'fromListener',
  overHttp: createExpressApp,
  overTp: createExpressApp,
});
