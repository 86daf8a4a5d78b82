import { join } from 'node:path';
import { readStories } from '../headers/stories.ts';
import { MeasuredProcess } from '../measure/measured-process.ts';
import { medianFigures, type Sample } from '../measure/sample.ts';
import type { NotMeasured, Result } from '../report/report.ts';
import { wireCases } from '../wire/wire-case.ts';
import { makeWireTraffic } from '../wire/wire-traffic.ts';
import type { Suite } from './suite.ts';

/** How long to measure: turns of each case, their length, and the one before them that does not count. */
const QUICK = { rounds: 5, seconds: 0.05, warmupSeconds: 0.2 };
const FULL = { rounds: 9, seconds: 0.3, warmupSeconds: 1 };

const WORKER = join(import.meta.dirname, '../wire/worker.js');
const SYSTEM = 'tp-wire';

/**
 * Records and bytes per second of `@tp/wire` alone, writing and reading, on one core: no sockets, no
 * compression, no calls. All cases share a process and take turns.
 */
export const wire: Suite = async ({ quick, progress }) => {
  const { rounds, seconds, warmupSeconds } = quick ? QUICK : FULL;
  progress('wire: making the traffic');
  const stories = readStories();
  const cases = wireCases(makeWireTraffic(stories).map(({ name }) => name));
  const notMeasured: NotMeasured[] = [];
  if ('why' in stories) notMeasured.push({ system: SYSTEM, why: `stories: ${stories.why}` });
  const worker = new MeasuredProcess({ file: process.execPath, args: [WORKER] });
  try {
    await worker.ready();
    const samples = new Map<string, Sample[]>();
    for (const [i, { name }] of cases.entries()) {
      progress(`wire, warming up: turn ${i + 1} of ${cases.length}, ${name}`);
      await worker.run(warmupSeconds, name);
      samples.set(name, []);
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const { name } of cases) {
        progress(`wire: turn ${round + 1} of ${rounds}, ${name}`);
        samples.get(name)?.push(await worker.run(seconds, name));
      }
    }
    const results = [...samples].map(([name, taken]) => resultOf(name, taken));
    return { results, ratios: [], notMeasured };
  } finally {
    await worker.stop();
  }
};

function resultOf(name: string, samples: readonly Sample[]): Result {
  const figures = medianFigures(samples);
  const { opsPerSecond, wireBytesPerOp = 0 } = figures;
  return {
    system: SYSTEM,
    case: name,
    codec: 'none',
    ...figures,
    bytesPerSecond: opsPerSecond * wireBytesPerOp,
  };
}
