/** Enough for most batches, in bytes. */
const SIZE = 64 * 1024;
/** Larger pieces are left to the collector, and so are more than so many. */
const LARGEST = 1024 * 1024;
const MOST = 16;

const free: Uint8Array[] = [];

/**
 * Memory to write a batch into. All links of the process share what is free: a link needs some only
 * while it fills a batch or its connection has not taken it yet, so thousands of links that rest
 * have none.
 */
export function takeBatchMemory(): Uint8Array {
  return free.pop() ?? new Uint8Array(SIZE);
}

/** Gives memory back that nobody looks at any more. */
export function giveBatchMemory(memory: Uint8Array): void {
  if (memory.length >= SIZE && memory.length <= LARGEST && free.length < MOST) free.push(memory);
}
