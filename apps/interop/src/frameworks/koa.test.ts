import { createKoaApp } from './apps/koa.ts';
import { compareOverBoth } from './suite.ts';

compareOverBoth('Koa', createKoaApp);
