import { say } from './part.ts';

/** Says how much memory this process has once what nobody holds is gone, in bytes. */
export function memory(): void {
  globalThis.gc?.();
  // What a collection frees outside of the heap goes a turn later.
  setImmediate(() => {
    globalThis.gc?.();
    const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
    say({ kind: 'memory', figures: { rss, heapUsed, external, arrayBuffers } });
  });
}
