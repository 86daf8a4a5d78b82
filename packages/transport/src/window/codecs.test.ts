import { constants, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PoolOptions } from '../pool/pool-options.ts';
import { content, noise, sha } from '../test/content.ts';
import { bodyOf, get, OK, pool, post, serve } from '../test/ends.ts';
import { outcome, thrownBy } from '../test/failure.ts';
import { acceptOpen, scriptedServer } from '../test/scripted-peer.ts';
import type { Codec } from './codec.ts';
import { deflate, zstd } from './native-codecs.ts';
import { portableDeflate } from './portable-deflate.ts';

const MIB = 1024 * 1024;

/** Who packs, and who unpacks. */
const pairs: readonly { name: string; from: Codec; to: Codec; windowLog: number }[] = [
  { name: 'zstd', from: zstd, to: zstd, windowLog: 20 },
  { name: 'zstd with a window of 1 KiB', from: zstd, to: zstd, windowLog: 10 },
  { name: 'zstd at level 6', from: zstd.with({ level: 6 }), to: zstd, windowLog: 20 },
  { name: 'deflate', from: deflate, to: deflate, windowLog: 15 },
  {
    name: 'deflate with little memory',
    from: deflate.with({ level: 1, memLevel: 1 }),
    to: deflate,
    windowLog: 12,
  },
  { name: 'deflate with a window of 512 bytes', from: deflate, to: deflate, windowLog: 9 },
  { name: 'portable deflate', from: portableDeflate, to: portableDeflate, windowLog: 15 },
  { name: 'portable to native deflate', from: portableDeflate, to: deflate, windowLog: 15 },
  { name: 'native to portable deflate', from: deflate, to: portableDeflate, windowLog: 15 },
  { name: 'portable to a native window of 512', from: portableDeflate, to: deflate, windowLog: 9 },
];

const batch = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 40 }),
  fc.integer({ min: 1, max: 300 }).map(content),
  fc.integer({ min: 1, max: 70_000 }).map(content),
  fc.integer({ min: 1, max: 40_000 }).map((length) => noise(length, length)),
  fc.integer({ min: 1, max: 200_000 }).map((length) => new Uint8Array(length)),
);

/** Zeros early on: fflate alone packs these by what was never sent. */
const TRICKY = [new Uint8Array(4), Uint8Array.of(99), new Uint8Array(5), new Uint8Array(1)];

describe.each(pairs)('$name', ({ from, to, windowLog }) => {
  test('each batch unpacks at once and whole, whatever came before it (W-015)', () => {
    fc.assert(
      fc.property(fc.array(batch, { minLength: 1, maxLength: 12 }), (batches) => {
        const packer = from.packer(windowLog);
        const unpacker = to.unpacker(windowLog, MIB);
        for (const bytes of batches) {
          expect(sha(unpacker.unpack(packer.pack(bytes)))).toBe(sha(bytes));
        }
        packer.close();
        unpacker.close();
      }),
      { numRuns: 25, examples: [[TRICKY]] },
    );
  });

  test('what repeats costs little, as the window outlives the batch', () => {
    const packer = from.packer(windowLog);
    const unpacker = to.unpacker(windowLog, MIB);
    const bytes = noise(200);
    for (let time = 0; time < 3; time++) {
      const packed = packer.pack(bytes);
      const costs = from === portableDeflate && windowLog < 15 ? 220 : time === 0 ? 220 : 60;
      expect(packed.length).toBeLessThan(costs);
      expect(sha(unpacker.unpack(packed))).toBe(sha(bytes));
    }
  });

  test('a bomb is DECOMPRESSION_LIMIT, other bytes are COMPRESSION (W-016)', () => {
    const bomb = from.packer(windowLog).pack(new Uint8Array(8 * MIB));
    expect(thrownBy(() => to.unpacker(windowLog, MIB).unpack(bomb)).code).toBe(
      'DECOMPRESSION_LIMIT',
    );
    const garbage = Uint8Array.of(0xff, 0xfe, 0x10, 0x20, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4);
    expect(thrownBy(() => to.unpacker(windowLog, MIB).unpack(garbage)).code).toBe('COMPRESSION');
  });
});

describe.each([
  { name: 'native', codec: deflate },
  { name: 'portable', codec: portableDeflate },
])('$name deflate', ({ codec }) => {
  test('ends each batch in a sync flush, 00 00 FF FF, and never in a final block (W-073)', () => {
    const packer = codec.packer(15);
    const all: Uint8Array[] = [];
    for (let length = 1; length < 400; length++) {
      const packed = packer.pack(content(length));
      expect(Buffer.from(packed.subarray(-4)).toString('hex')).toBe('0000ffff');
      all.push(packed);
    }
    const whole = inflateRawSync(Buffer.concat(all), { finishFlush: constants.Z_SYNC_FLUSH });
    expect(whole.length).toBe((399 * 400) / 2);
  });
});

describe('codecs of a link', () => {
  const body = content(4096);

  async function codecsOf(client: PoolOptions['codecs'], server: PoolOptions['codecs']) {
    const { url } = await serve((exchange) => exchange.respond(OK, body, undefined), {
      ...(server === undefined ? {} : { codecs: server }),
    });
    const from = pool(url, client === undefined ? {} : { codecs: client });
    await bodyOf(from.call(post('/', [], { body })));
    const { codecOut, codecIn } = from.stats().links[0] ?? {};
    return `${codecOut} ${codecIn}`;
  }

  test('are chosen for each direction by itself', async () => {
    expect(await codecsOf(undefined, undefined)).toBe('zstd zstd');
    expect(await codecsOf({ send: ['deflate'] }, undefined)).toBe('deflate zstd');
    expect(await codecsOf({ receive: ['deflate'] }, undefined)).toBe('zstd deflate');
    expect(await codecsOf({ send: ['none'], receive: ['deflate'] }, undefined)).toBe(
      'none deflate',
    );
    expect(await codecsOf(undefined, { receive: ['deflate'], send: [] })).toBe('deflate none');
  });

  test('pack with the smaller of the own window and the one that the peer offers (W-071)', async () => {
    const declared = async (ours: number, offered: number) => {
      const server = await scriptedServer([zstd.with({ windowLog: offered })]);
      const client = pool(server.url, { codecs: [zstd.with({ windowLog: ours, level: 3 })] });
      const peer = await acceptOpen(server);
      const call = outcome(client.call(get('/')));
      await peer.next('request');
      peer.socket.destroy();
      await call;
      return peer.windows;
    };
    expect(await declared(18, 20)).toEqual([{ codec: 'zstd', windowLog: 18 }]);
    expect(await declared(20, 14)).toEqual([{ codec: 'zstd', windowLog: 14 }]);
  });
});
