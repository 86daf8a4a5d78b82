import { constants, deflateRawSync, zstdCompressSync } from 'node:zlib';
import { DEFAULT_LIMITS, PREFACE, portableBytes } from '@tp/wire';
import { describe, expect, test } from 'vitest';
import { content } from '../test/content.ts';
import { get, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { dialScripted, openScripted, type ScriptedPeer } from '../test/scripted-peer.ts';
import { unharmed, victim, watchProcess } from '../test/victim.ts';
import { deflate, zstd } from '../window/native-codecs.ts';

const MIB = 1024 * 1024;
watchProcess();

describe('an opening that is none', () => {
  test.each([
    ['garbage', Uint8Array.from({ length: 300 }, (_, i) => (i * 77) & 0xff)],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n')],
    ['a TLS hello', Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3)],
    ['another version of the preface', Buffer.from('\xf4tp/2\r\n\0', 'latin1')],
  ])('%s is answered by closing, without a word (W-011)', async (_name, bytes) => {
    const target = await victim();
    const peer = await dialScripted(target.url);
    peer.raw(bytes);
    await peer.end();
    expect(peer.socket.bytesRead).toBe(0);
    await unharmed(target, 'preface');
  });

  test.each([0, 4, 8])(
    '%i bytes of preface and then silence end after handshakeTimeoutMs (W-011)',
    async (length) => {
      const target = await victim();
      const peer = await dialScripted(target.url);
      peer.raw(PREFACE.subarray(0, length));
      await eventually(() => target.server.stats().links.length === 2);
      await turns();
      target.clock.advance(4999);
      await turns();
      expect(peer.ended).toBe(false);
      target.clock.advance(1);
      await peer.end();
      expect(peer.socket.bytesRead).toBe(0);
      await unharmed(target, 'handshakeTimeout');
    },
  );

  const wrong: [string, string, (peer: ScriptedPeer) => void][] = [
    [
      'a request in the place of the hello (W-009)',
      'PROTOCOL',
      (peer) => {
        peer.raw(PREFACE);
        peer.say((encoder) => encoder.request(1, get('/').head, undefined, false, 0));
      },
    ],
    [
      'a request behind the hello in its envelope (W-009)',
      'PROTOCOL',
      (peer) => {
        peer.encoder.hello({
          version: 1,
          codecs: [],
          limits: DEFAULT_LIMITS,
          features: [],
          checksum: true,
          agent: '',
          token: new Uint8Array(0),
        });
        peer.raw(PREFACE);
        peer.say((encoder) => encoder.request(1, get('/').head, undefined, false, 0));
      },
    ],
    ['version 0 (W-012)', 'PROTOCOL', (peer) => peer.greet({ version: 0 })],
    [
      'batches too small for legal records (W-013)',
      'PROTOCOL',
      (peer) => peer.greet({ limits: { ...DEFAULT_LIMITS, batchPacked: 131_071 } }),
    ],
    [
      'a hello that is too long (W-009)',
      'DECOMPRESSION_LIMIT',
      (peer) => peer.greet({ token: new Uint8Array(16_384) }),
    ],
    [
      'a hello without its checksum (W-017)',
      'CHECKSUM',
      (peer) => {
        peer.raw(PREFACE);
        peer.envelope({ plain: Uint8Array.of(0x0a, 4, 0x52, 2, 8, 1) });
      },
    ],
    [
      'an envelope of length 0 (W-010)',
      'PROTOCOL',
      (peer) => {
        peer.raw(PREFACE);
        peer.raw(Uint8Array.of(0));
      },
    ],
    [
      'packed bytes before the hello (W-009)',
      'PROTOCOL',
      (peer) => {
        peer.raw(PREFACE);
        peer.envelope({ packed: content(10), unpackedSize: 10 });
      },
    ],
  ];
  test.each(wrong)('%s ends the link with %s', async (_name, code, open) => {
    const target = await victim();
    const peer = await dialScripted(target.url);
    open(peer);
    await peer.end();
    expect(target.handled).toHaveLength(1);
    await unharmed(target, code);
  });
});

/** A bomb of that many zeros, in pieces that each end in a flush. */
function bomb(codec: 'deflate' | 'zstd'): Uint8Array {
  const zeros = new Uint8Array(64 * MIB);
  return codec === 'zstd'
    ? zstdCompressSync(zeros, {
        params: { [constants.ZSTD_c_windowLog]: 20 },
        finishFlush: constants.ZSTD_e_flush,
      })
    : deflateRawSync(zeros, { level: 9, finishFlush: constants.Z_SYNC_FLUSH });
}

describe('envelopes', () => {
  test.each(['zstd', 'deflate'] as const)(
    'a bomb of %s ends the link before it unfolds (W-016)',
    async (codec) => {
      const target = await victim();
      const packed = bomb(codec).subarray(0, 200_000);
      const peer = await openScripted(target.url);
      const window = { codec, windowLog: codec === 'zstd' ? 20 : 15 };
      const before = process.memoryUsage();
      peer.envelope({ packed, unpackedSize: MIB, window, crc: 0 });
      expect((await peer.next('goaway')).code).toBe('DECOMPRESSION_LIMIT');
      const after = process.memoryUsage();
      expect(after.rss - before.rss).toBeLessThan(32 * MIB);
      expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(16 * MIB);
      await peer.end();
      await unharmed(target, 'DECOMPRESSION_LIMIT');
    },
  );

  const records = Uint8Array.of(0x0a, 2, 0x3a, 0);
  const crc = portableBytes.crc32(records, 0);
  const packed = zstd.packer(20).pack(records);
  const window = { codec: 'zstd', windowLog: 20 } as const;
  const wrong: [string, string, (peer: ScriptedPeer) => void][] = [
    [
      'a checksum that is wrong (W-017)',
      'CHECKSUM',
      (peer) => peer.envelope({ plain: records, crc: crc ^ 1 }),
    ],
    ['a checksum that is missing (W-017)', 'CHECKSUM', (peer) => peer.envelope({ plain: records })],
    [
      'an unpacked_size that is too low (W-016)',
      'COMPRESSION',
      (peer) => peer.envelope({ packed, unpackedSize: 3, window, crc }),
    ],
    [
      'an unpacked_size that is too high (W-016)',
      'COMPRESSION',
      (peer) => peer.envelope({ packed, unpackedSize: 5, window, crc }),
    ],
    [
      'an unpacked_size above the limit (W-018)',
      'DECOMPRESSION_LIMIT',
      (peer) => peer.envelope({ packed, unpackedSize: MIB + 1, window, crc }),
    ],
    [
      'an unpacked_size of 2^32 - 1 (W-018)',
      'DECOMPRESSION_LIMIT',
      (peer) => peer.envelope({ packed, unpackedSize: 2 ** 32 - 1, window, crc }),
    ],
    [
      'more packed bytes than the limit (W-018)',
      'DECOMPRESSION_LIMIT',
      (peer) => peer.envelope({ packed: content(262_145), unpackedSize: 10, window, crc }),
    ],
    [
      'packed bytes before any window (W-019)',
      'COMPRESSION',
      (peer) => peer.envelope({ packed, unpackedSize: 4, crc }),
    ],
    [
      'packed bytes that are garbage (W-015)',
      'COMPRESSION',
      (peer) => peer.envelope({ packed: content(50), unpackedSize: 50, window, crc }),
    ],
    [
      'a window above the offer (W-071)',
      'COMPRESSION',
      (peer) =>
        peer.envelope({ packed, unpackedSize: 4, window: { codec: 'zstd', windowLog: 21 }, crc }),
    ],
    [
      'a window that cannot be (W-071)',
      'COMPRESSION',
      (peer) =>
        peer.envelope({ packed, unpackedSize: 4, window: { codec: 'deflate', windowLog: 8 }, crc }),
    ],
    [
      'an envelope whose length promises too much (W-010)',
      'DECOMPRESSION_LIMIT',
      (peer) => peer.raw(Uint8Array.of(0xff, 0xff, 0xff, 0x7f)),
    ],
    [
      'a length of five bytes (W-010)',
      'PROTOCOL',
      (peer) => peer.raw(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1)),
    ],
  ];
  test.each(wrong)('%s ends the link with %s', async (_name, code, say) => {
    const target = await victim();
    const peer = await openScripted(target.url);
    say(peer);
    expect(await peer.next('goaway')).toMatchObject({ code, final: true });
    await peer.end();
    await unharmed(target, code);
  });

  test('a codec that was not offered ends the link with COMPRESSION (W-071)', async () => {
    const { server, url } = await serve(() => {}, { codecs: [deflate] });
    const peer = await openScripted(url);
    peer.envelope({ packed, unpackedSize: 4, window, crc });
    expect((await peer.next('goaway')).code).toBe('COMPRESSION');
    expect(server.stats().limitHits.get('COMPRESSION')).toBe(1);
  });

  test('a window may start anew with each batch, and with another codec (W-070)', async () => {
    const target = await victim();
    const peer = await openScripted(target.url);
    const ping = (token: number) => Uint8Array.of(0x0a, 4, 0x3a, 2, 8, token);
    for (const [token, codec] of [
      [1, zstd],
      [2, zstd],
      [3, deflate],
    ] as const) {
      const bytes = ping(token);
      const sealed = codec.packer(codec.windowLog).pack(bytes);
      peer.envelope({
        packed: sealed,
        unpackedSize: 6,
        crc: portableBytes.crc32(bytes, 0),
        window: { codec: codec.name, windowLog: codec.windowLog },
      });
      expect((await peer.next('pong')).token).toBe(token);
      target.clock.advance(10_000);
    }
  });
});
