/** What a process takes, in bytes. */
export interface Memory {
  /** Resident: JavaScript's heap, native memory, code. Not what the kernel holds for its sockets. */
  readonly rss: number;
  /** JavaScript objects that are alive. */
  readonly heap: number;
  /** Memory outside of the heap that objects hold, as far as they say. */
  readonly external: number;
}

/**
 * Collects what nobody holds and gives V8's empty pages back, which an ordinary collection leaves in
 * place for later use: needs `--expose-gc`.
 */
export function giveBack(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** What this process takes when all that can be given back was: needs `--expose-gc`. */
export function measureMemory(): Memory {
  giveBack();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed, external };
}

/** @throws {Error} when that is none. */
export function parseMemory(line: string): Memory {
  const found: unknown = JSON.parse(line);
  if (
    typeof found === 'object' &&
    found !== null &&
    'rss' in found &&
    'heap' in found &&
    'external' in found
  ) {
    const { rss, heap, external } = found;
    if (typeof rss === 'number' && typeof heap === 'number' && typeof external === 'number') {
      return { rss, heap, external };
    }
  }
  throw new Error(`expected {"rss":…,"heap":…,"external":…}; found ${line}`);
}
