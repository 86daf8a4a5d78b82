import { createExpressApp } from './apps/express.ts';
import { compareOverBoth } from './suite.ts';

compareOverBoth('Express', createExpressApp);
