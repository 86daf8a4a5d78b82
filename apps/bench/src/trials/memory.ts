import { giveBack } from '../memory/memory.ts';
import { say } from './part.ts';

/** Says how much memory this process has once what nobody holds is gone, in bytes. */
export function memory(): void {
  giveBack();
  // What a collection frees outside of the heap goes a turn later.
  setImmediate(() => {
    giveBack();
    const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
    say({ kind: 'memory', figures: { rss, heapUsed, external, arrayBuffers } });
  });
}
