import { GCProfiler, type GCProfilerResult } from 'node:v8';
import { checkAnswer, openTp, prepareExchange } from '../systems/tp.ts';
import { GET_EXCHANGE } from '../traffic/get.ts';
import { measureMemory } from './memory.ts';

// What calls leave behind, in a process of its own that needs `--expose-gc`: `calls.js CALLS` makes so
// many calls of the small kind, client and server together, and prints
// {"allocated":…,"retained":…}: bytes for each call.

const CALLERS = 100;
/** Until code is compiled, pools are filled and tables have grown. */
const WARM_UP = 200_000;

const calls = Number(process.argv[2]);
const link = await openTp({ codec: 'none', tls: false, clientDelayMs: 0, serverDelayMs: 0 }, [
  GET_EXCHANGE,
]);
const prepared = prepareExchange(GET_EXCHANGE);
await make(WARM_UP);
const before = total();
const profiler = new GCProfiler();
profiler.start();
await make(calls);
const allocated = allocatedIn(profiler.stop(), before);
const retained = total() - before;
process.stdout.write(
  `${JSON.stringify({ allocated: allocated / calls, retained: retained / calls })}\n`,
);
await link.close();

async function make(count: number): Promise<void> {
  let left = count;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left--;
      const response = await link.client.request(prepared.options);
      await checkAnswer(response, prepared);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

/** What is alive, on the heap and beside it, when all that can be collected was; in bytes. */
function total(): number {
  const { heap, external } = measureMemory();
  return heap + external;
}

/** What grew between collections, added up, in bytes. */
function allocatedIn(found: GCProfilerResult, from: number): number {
  let sum = 0;
  let after = from;
  for (const { beforeGC, afterGC } of found.statistics) {
    sum += Math.max(0, used(beforeGC) - after);
    after = used(afterGC);
  }
  const { heapUsed, external } = process.memoryUsage();
  return sum + Math.max(0, heapUsed + external - after);
}

function used({ heapStatistics }: GCProfilerResult['statistics'][number]['beforeGC']): number {
  return heapStatistics.usedHeapSize + heapStatistics.externalMemory;
}
