import { DEFAULT_LINK_LIMITS } from '@tp/transport';
import type { TrialResult } from '../report/report.ts';
import { Actor } from './actor.ts';
import { distributionOf, distributionText } from './distribution.ts';
import { pause } from './pause.ts';
import { figure, type Said } from './said.ts';
import type { Trial } from './trial.ts';

const READERS = 500;
const LINKS = 10;
const BODY_BYTES = 2 ** 30;
/** As large as a link's window grows, so that the windows of streams are what bounds. */
const LINK_WINDOW = 16 * 2 ** 20;
const MIB = 2 ** 20;
/** Beyond the windows, in parts of them. */
const SPARE = 0.1;
/** Nothing moves any more once both have kept their size for so long, in ms. */
const QUIET_MS = 1_000;
const PATIENCE_MS = 60_000;

/**
 * The C library gives back what is freed and keeps no pieces apart: what grows is what is held, and
 * not the allocator's leftovers of all that passed.
 */
const LEAN_MALLOC = [
  'env',
  'MALLOC_ARENA_MAX=1',
  'MALLOC_MMAP_THRESHOLD_=32768',
  'MALLOC_TRIM_THRESHOLD_=65536',
];

/** 500 readers take the first piece of a 1 GiB body and read no more. */
export const readers: Trial = async ({ progress }) => {
  const server = new Actor('echo-server', ['teleport://127.0.0.1:0'], LEAN_MALLOC);
  const actors = [server];
  try {
    server.tell({ kind: 'listen' });
    const { text: url = '' } = await server.hear('listening');
    const client = new Actor('readers-client', [url, `${LINKS}`, `${LINK_WINDOW}`], LEAN_MALLOC);
    actors.push(client);
    progress('warming up');
    await client.hear('ready', PATIENCE_MS);
    await pause(QUIET_MS);
    const before = { client: await memoryOf(client), server: await memoryOf(server) };
    progress(`${READERS} readers begin, and stop`);
    client.tell({ kind: 'read', figures: { readers: READERS, bytes: BODY_BYTES } });
    await client.hear('stopped', PATIENCE_MS);
    const after = await settled(client, server);
    client.tell({ kind: 'call' });
    const calls = distributionOf((await client.hear('called')).samples ?? []);
    client.tell({ kind: 'leave' });
    await client.hear('left');
    return [
      resultOf(
        'client',
        "least of the links' and the streams' windows",
        clientSum(),
        before.client,
        after.client,
      ),
      resultOf(
        'server',
        "read ahead of the streams' sources",
        serverSum(),
        before.server,
        after.server,
      ),
      {
        name: 'readers: others on the links',
        asked: `beside ${READERS} readers that stopped, a small call on each of ${LINKS} links is answered within 1 s`,
        measured: distributionText(calls),
        holds: calls.max <= 1_000,
      },
    ];
  } finally {
    await Promise.all(actors.map((actor) => actor.stop()));
  }
};

/** What the client has granted and may have to hold, in bytes. */
function clientSum(): number {
  return Math.min(LINKS * LINK_WINDOW, READERS * DEFAULT_LINK_LIMITS.streamWindow);
}

/** What the server may read ahead, in bytes. */
function serverSum(): number {
  return READERS * DEFAULT_LINK_LIMITS.streamBuffer;
}

function resultOf(who: string, what: string, sum: number, before: Said, after: Said): TrialResult {
  const grown = figure(after, 'rss') - figure(before, 'rss');
  const buffers = figure(after, 'arrayBuffers') - figure(before, 'arrayBuffers');
  const [limit, rss, base, held] = [sum, grown, figure(before, 'rss'), buffers].map((bytes) =>
    (bytes / MIB).toFixed(1),
  );
  return {
    name: `readers: memory of the ${who}`,
    asked: `${READERS} readers on ${LINKS} links stop reading bodies of 1 GiB: resident memory grows by at most ${limit} MiB (${what}) and a tenth`,
    measured: `${rss} MiB more than the ${base} MiB before, ${held} MiB of it in buffers`,
    holds: grown <= sum * (1 + SPARE),
  };
}

/** The memory of both once nothing moves any more. */
async function settled(client: Actor, server: Actor): Promise<{ client: Said; server: Said }> {
  const end = performance.now() + PATIENCE_MS;
  let last = -1;
  for (;;) {
    await pause(QUIET_MS);
    const now = { client: await memoryOf(client), server: await memoryOf(server) };
    const held = figure(now.client, 'arrayBuffers');
    if (Math.abs(held - last) < MIB / 4 || performance.now() > end) return now;
    last = held;
  }
}

function memoryOf(actor: Actor): Promise<Said> {
  actor.tell({ kind: 'memory' });
  return actor.hear('memory');
}
