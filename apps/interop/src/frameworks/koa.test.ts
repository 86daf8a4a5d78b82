import { createKoaApp } from './apps/koa.ts';
import { compareOverBoth } from './suite.ts';

compareOverBoth({
  framework: 'Koa',
  by: 'fromListener',
  overHttp: createKoaApp,
  overTp: createKoaApp,
});
