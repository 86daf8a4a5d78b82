import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { LoadReading } from './overload.ts';

/** How often the event loop is asked whether it is late, in ms. */
const RESOLUTION_MS = 20;
const NS_PER_MS = 1e6;

/** What V8 lets the heap grow to, in bytes. */
export const MAX_HEAP_BYTES: number = getHeapStatistics().heap_size_limit;

/** Makes what reads the load of this process: each reading is of the time since the one before. */
export function createLoadReader(): () => LoadReading {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    const lagMs = Math.max(0, delays.percentile(99) / NS_PER_MS - RESOLUTION_MS);
    delays.reset();
    const { rss, heapUsed } = process.memoryUsage();
    return { lagMs, utilization, rssBytes: rss, heapBytes: heapUsed };
  };
}
