import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of bodies between two collections: two MiB are in flight, so nearly all is garbage by then. */
const COLLECT_EVERY = 4 * 1024 * 1024;

const collect = collector();
let passed = 0;

/**
 * Says that so much of a streamed body has passed, and collects the young garbage now and then.
 *
 * Each piece is memory outside of V8's heap (what a socket read, what was unpacked), of which V8
 * lets 32 MiB become garbage before it looks: a process that only passes bodies on held 75 MiB that
 * way. To look after every 4 MiB keeps it below 30, and takes half to a third of the CPU, as the
 * same few buffers stay in the processor's cache. Small messages do not come here.
 */
export function bodyPassed(bytes: number): void {
  passed += bytes;
  if (passed < COLLECT_EVERY) return;
  passed = 0;
  collect({ type: 'minor' });
}

/** Collects all garbage, and gives pages that are empty then back to the system. Takes as long as there is to look at. */
export function collectAll(): void {
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

interface CollectOptions {
  readonly type: 'minor' | 'major';
  readonly execution?: 'sync';
  readonly flavor?: 'last-resort';
}

/** V8 gives its collector to contexts that are made while the flag is set: to none but this one. */
function collector(): (options: CollectOptions) => void {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return (options) => {
    if (typeof gc === 'function') gc(options);
  };
}
