import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { PREFACE } from '@tp/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProxyProcess } from '../test/proxy-process.ts';
import { bomb, largeRequest, opening, sendAndWait } from './hostile-peer.ts';
import { type Load, startLoad } from './load.ts';
import { canSeeMemory, watchMemory } from './memory.ts';
import { startOrigin } from './origin-process.ts';
import { type Pair, page, startPair } from './pair.ts';
import { needs } from './tools.ts';

const need = needs();
const MIB = 1024 * 1024;
/** What the proxy may take for any of this, in MiB. */
const MAX_GROWTH = 64;

/** What comes in, and the limit that it is counted under. */
const ATTACKS: readonly [string, string, () => Uint8Array | Promise<Uint8Array>][] = [
  ['garbage', 'preface', () => Buffer.concat([Buffer.of(0), randomBytes(100_000)])],
  ['an HTTP request', 'preface', () => Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
  ['half a preface, then silence', 'handshakeTimeout', () => PREFACE.subarray(0, 4)],
  [
    'garbage behind a preface',
    'DECOMPRESSION_LIMIT',
    () => after(PREFACE, Buffer.of(0xff, 0xff, 0xff, 0x7f)),
  ],
  ['garbage behind a hello', 'PROTOCOL', () => after(opening(), Buffer.alloc(9, 0xff))],
  ['a bomb of zstd that lies', 'DECOMPRESSION_LIMIT', () => afterHello(bomb('zstd', MIB))],
  ['a bomb of zstd that does not', 'DECOMPRESSION_LIMIT', () => afterHello(bomb('zstd', 2 ** 30))],
  ['a bomb of deflate', 'DECOMPRESSION_LIMIT', () => afterHello(bomb('deflate', MIB))],
  [
    'a bomb of deflate, as long as a batch may be',
    'DECOMPRESSION_LIMIT',
    () => afterHello(bomb('deflate', MIB, 256 * 1024)),
  ],
  ['a head of five times the limit', 'HEAD_LIMIT', () => after(opening(), largeRequest(160_000))],
];

describe.skipIf(need.missing)(need.title('a teleport port'), { timeout: 60_000 }, () => {
  const ends: (() => void | Promise<void>)[] = [];
  let pair: Pair;
  let load: Load;

  beforeAll(async () => {
    const atEnd = (end: () => void | Promise<void>): void => void ends.push(end);
    pair = await startPair(await startOrigin(atEnd), {}, atEnd);
    // What V8 takes for traffic itself it takes here, or it would be counted below.
    const warmUp = startLoad(pair.address, 32, 'first');
    await warmUp.more(15_000);
    await warmUp.stop();
    load = startLoad(pair.address, 1, 'other');
    await load.more(100);
  });

  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });

  it.each(ATTACKS)(
    'closes on %s, counts it, and serves the other link',
    async (_what, limit, make) => {
      const { far } = pair;
      const bytes = await make();
      const counted = await hits(far, limit);
      const memory = canSeeMemory ? watchMemory([far.pid]) : undefined;
      await sendAndWait(far.address, bytes);
      await load.more(200);
      for (const mebibytes of memory?.growth() ?? []) expect(mebibytes).toBeLessThan(MAX_GROWTH);
      expect(await hits(far, limit)).toBeGreaterThan(counted);
      expect(load.outcomes.filter((outcome) => !outcome.isRight)).toEqual([]);
    },
  );

  it('refuses a head above the limit, counts it, and keeps the link', async () => {
    const { far } = pair;
    const counted = await hits(far, 'HEAD_LIMIT');
    const { hostname, port } = new URL(far.address);
    const socket = net.connect(Number(port), hostname);
    let isClosed = false;
    socket.once('close', () => {
      isClosed = true;
    });
    socket.resume();
    socket.write(after(opening(), largeRequest(40_000)));
    while ((await hits(far, 'HEAD_LIMIT')) === counted);
    await load.more(200);
    expect(isClosed).toBe(false);
    socket.destroy();
    expect(load.outcomes.filter((outcome) => !outcome.isRight)).toEqual([]);
  });

  it('has disturbed nobody in the end', async () => {
    const outcomes = await load.stop();
    expect(outcomes.filter((outcome) => !outcome.isRight)).toEqual([]);
  });
});

function after(first: Uint8Array, then: Uint8Array): Uint8Array {
  return Buffer.concat([first, then]);
}

async function afterHello(then: Promise<Uint8Array>): Promise<Uint8Array> {
  return after(opening(), await then);
}

/** How often a limit was hit, as /metrics says it. */
async function hits(proxy: ProxyProcess, limit: string): Promise<number> {
  const line = new RegExp(`^tp_limit_hits_total\\{limit="${limit}"\\} (\\d+)$`, 'm');
  return Number(line.exec(await page(proxy, '/metrics'))?.[1] ?? 0);
}
