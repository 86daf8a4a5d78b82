import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Memory } from '../memory/memory.ts';
import { MemoryProcess } from '../memory/memory-process.ts';
import type { NotMeasured, Result } from '../report/report.ts';
import { idleClients } from './idle-clients.ts';
import type { Suite } from './suite.ts';

type Codec = 'none' | 'deflate' | 'zstd';

/** One row of measurements: so many links with that codec. */
interface Run {
  readonly links: number;
  readonly codec: Codec;
  /** Whether links are measured while they hold their windows, or when they have let them go. */
  readonly windows: 'held' | 'released';
  /** How glibc takes memory, where that is not its default. */
  readonly malloc?: 'mmap';
}

const IDLE_CLIENTS = 20_000;
const IDLE_CLIENTS_QUICK = 10_000;
const CALLS = 1_000_000;
const MANY = 10_000;
const FEW = 500;
const HELD = 200;
/** So long without a packed batch, windows go; for `held`, longer than the run. */
const RELEASED_MS = 500;
const HELD_MS = 600_000;
/** Links that are opened and used before the first measurement, so that code and caches are not counted. */
const WARM_UP = 100;
/** Descriptors that a process needs beside its links. */
const SPARE = 200;
/** Pieces from this size on are mapped by themselves, and given back to the system when they are freed. */
const MMAP = { MALLOC_MMAP_THRESHOLD_: '65536' };

/**
 * What a link takes at either end, in bytes: fresh, in use, and at rest after use; and what a call
 * takes, and leaves behind.
 */
export const memory: Suite = async ({ quick, progress }) => {
  const results: Result[] = [];
  const notMeasured: NotMeasured[] = [];
  try {
    results.push(await measureCalls(progress));
  } catch (error) {
    notMeasured.push({ system: 'tp', why: `${CALLS} calls: ${String(error)}` });
  }
  for (const run of runs(quick)) {
    try {
      results.push(...(await measure(run, progress)));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      notMeasured.push({ system: 'tp', why: `${run.links} links, ${run.codec}: ${why}` });
    }
  }
  try {
    const clients = quick ? IDLE_CLIENTS_QUICK : IDLE_CLIENTS;
    // Two workers share them, and have connections to the origin too.
    const most = Math.floor(1.6 * descriptors());
    results.push(...(await idleClients(Math.min(clients, most), progress)));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    notMeasured.push({ system: 'tp-proxy', why: `idle clients: ${why}` });
  }
  return { results, ratios: [], notMeasured };
};

function runs(quick: boolean): Run[] {
  const many = Math.min(MANY, descriptors() - SPARE - WARM_UP);
  const packing = quick ? FEW : many;
  return [
    { links: many, codec: 'none', windows: 'released' },
    { links: packing, codec: 'deflate', windows: 'released' },
    { links: packing, codec: 'zstd', windows: 'released' },
    { links: packing, codec: 'deflate', windows: 'released', malloc: 'mmap' },
    { links: packing, codec: 'zstd', windows: 'released', malloc: 'mmap' },
    { links: HELD, codec: 'deflate', windows: 'held' },
    { links: HELD, codec: 'zstd', windows: 'held' },
  ];
}

async function measureCalls(progress: (text: string) => void): Promise<Result> {
  progress(`memory: ${CALLS} calls`);
  const process = new MemoryProcess('calls.js', [String(CALLS)], {});
  try {
    const { allocated, retained } = bytesOf(await process.line());
    return {
      system: 'tp',
      case: `calls/${CALLS}`,
      codec: 'none',
      allocatedBytesPerOp: allocated,
      retainedBytesPerOp: retained,
    };
  } finally {
    await process.stop();
  }
}

async function measure(run: Run, progress: (text: string) => void): Promise<Result[]> {
  const { links, codec, windows, malloc } = run;
  const idleMs = windows === 'held' ? HELD_MS : RELEASED_MS;
  const env = malloc === 'mmap' ? MMAP : {};
  const what = `memory: ${links} links, ${codec}${malloc === undefined ? '' : ', mmap'}`;
  const server = new MemoryProcess('worker.js', ['server', codec, String(idleMs)], env);
  try {
    const client = new MemoryProcess(
      'worker.js',
      ['client', codec, String(idleMs), urlOf(await server.line())],
      env,
    );
    try {
      await client.line();
      const both = async () => ({
        client: await client.measure(),
        server: await server.measure(),
      });
      progress(`${what}: turn 1, opening`);
      await client.tell({ do: 'open', links: WARM_UP });
      await client.tell({ do: 'use' });
      const rested = () => sleep(windows === 'held' || codec === 'none' ? 0 : 3 * RELEASED_MS);
      await rested();
      const before = await both();
      await client.tell({ do: 'open', links });
      const fresh = await both();
      progress(`${what}: turn 2, using`);
      await client.tell({ do: 'use' });
      await rested();
      const after = await both();
      const row = (name: string, found: typeof before): Result[] =>
        (['client', 'server'] as const).map((end) => ({
          system: 'tp',
          case: `${name}/${links}/${end}${malloc === undefined ? '' : `/${malloc}`}`,
          codec,
          ...perLink(before[end], found[end], links),
        }));
      return [
        ...(windows === 'held' ? [] : row('fresh', fresh)),
        ...row(windows === 'held' ? 'busy' : 'idle', after),
      ];
    } finally {
      await client.stop();
    }
  } finally {
    await server.stop();
  }
}

function perLink(before: Memory, after: Memory, links: number): Partial<Result> {
  return {
    bytesPerLink: (after.rss - before.rss) / links,
    heapBytesPerLink: (after.heap - before.heap) / links,
    externalBytesPerLink: (after.external - before.external) / links,
  };
}

function bytesOf(line: string): { allocated: number; retained: number } {
  const found: unknown = JSON.parse(line);
  if (typeof found === 'object' && found !== null && 'allocated' in found && 'retained' in found) {
    return { allocated: Number(found.allocated), retained: Number(found.retained) };
  }
  throw new Error(`expected {"allocated":…,"retained":…}; found ${line}`);
}

/** How many files a process may have open. */
function descriptors(): number {
  const limit = Number(spawnSync('sh', ['-c', 'ulimit -H -n'], { encoding: 'utf8' }).stdout);
  return Number.isNaN(limit) ? Number.POSITIVE_INFINITY : limit;
}

function urlOf(line: string): string {
  const found: unknown = JSON.parse(line);
  if (typeof found === 'object' && found !== null && 'url' in found) return String(found.url);
  throw new Error(`expected {"url":…}; found ${line}`);
}
