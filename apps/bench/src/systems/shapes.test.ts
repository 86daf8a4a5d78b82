import { expect, it } from 'vitest';
import { SHAPES } from '../measure/case.ts';
import { runSystem } from './run.ts';
import { openShape } from './shapes.ts';

it.each(SHAPES)('the small call in the shape %s is answered as it should be', async (shape) => {
  const system = await openShape(shape);
  const sample = await runSystem(system, 3, 0.01);
  expect(sample.ops).toBeGreaterThan(0);
  await system.close();
});
