import { createNestApp } from './apps/nest/nest.ts';
import { compareOverBoth } from './suite.ts';

compareOverBoth('Nest', createNestApp);
