import { crc32 } from 'node:zlib';
import type { ServerCase } from '../case.ts';
import { behindLength, envelope, PREFACE, plainEnvelope, windowStart } from '../craft/envelope.ts';
import { get } from '../craft/head.ts';
import { hello } from '../craft/hello.ts';
import { bytes, concat, type Piece, uint } from '../craft/protobuf.ts';
import { batch, type Crafted, record } from '../craft/record.ts';
import { expectEqual, expectThat } from '../engine/failure.ts';
import { endsLink, GET, isFine } from './shapes.ts';

/** A moment for what must not come. It is too short for a slow server to be found out, never wrong. */
const MOMENT_MS = 200;
const HANDSHAKE_MS = 5_000;
const MAX_HELLO = 16_384;
const LEAST_BATCH = 131_072;

/** An opening that the server closes without a word, as it finds a fault in it (W-027). */
function isClosed(rule: string, name: string, ...opened: readonly Piece[]): ServerCase {
  return {
    rule,
    name: `${name} is closed without a word`,
    async run(server) {
      const link = await server.dial();
      link.raw(concat(...opened));
      link.referee.kitGreets();
      await link.closesSilently();
    },
  };
}

/** An opening that is taken. */
function isTaken(rule: string, name: string, said: Crafted): ServerCase {
  return {
    rule,
    name: `${name} is taken`,
    async run(server) {
      const link = await server.dial();
      link.raw(concat(PREFACE, plainEnvelope(batch([said]))));
      link.referee.kitGreets();
      await link.next('hello');
      await link.alive();
    },
  };
}

/** A hello of which the whole envelope has so many bytes. */
function helloOf(length: number): Uint8Array {
  const around = plainEnvelope(batch([hello({ extra: bytes(99, 'x'.repeat(16_000)) })]));
  const content = around.length - 2;
  return plainEnvelope(batch([hello({ extra: bytes(99, 'x'.repeat(16_000 + length - content)) })]));
}

const prefaces: readonly ServerCase[] = [
  {
    rule: 'W-007',
    name: 'the link opens with the preface and one hello',
    async run(server) {
      const link = await server.open();
      expectThat(link.peer.version >= 1, 'a version from 1', String(link.peer.version));
      await link.alive();
    },
  },
  {
    rule: 'W-007',
    name: 'preface and hello may come byte by byte',
    async run(server) {
      const link = await server.dial();
      for (const byte of concat(PREFACE, plainEnvelope(batch([hello()])))) {
        link.raw(Uint8Array.of(byte));
      }
      link.referee.kitGreets();
      await link.next('hello');
      await link.alive();
    },
  },
  {
    rule: 'W-009',
    name: 'the server says nothing before it has the whole hello',
    async run(server) {
      const link = await server.dial();
      const opened = concat(PREFACE, plainEnvelope(batch([hello()])));
      link.raw(opened.subarray(0, -1));
      await new Promise((resolve) => setTimeout(resolve, MOMENT_MS));
      server.judge();
      link.raw(opened.subarray(-1));
      link.referee.kitGreets();
      await link.next('hello');
      await link.alive();
    },
  },
  ...['GET / HTTP/1.1\r\n\r\n', '\xf4tp/2\r\n\0', '\xf4tp/1\n\n\0', '\x16\x03\x01\x02\x00'].map(
    (start): ServerCase => ({
      rule: 'W-011',
      name: `a link that starts with ${JSON.stringify(start)} is closed without a word`,
      async run(server) {
        const link = await server.dial();
        link.raw(concat(start));
        await link.closesSilently();
      },
    }),
  ),
  {
    rule: 'W-011',
    name: 'a preface that is wrong in its last byte is closed at that byte',
    async run(server) {
      const link = await server.dial();
      link.raw(concat(PREFACE.subarray(0, 7)));
      link.raw(Uint8Array.of(1));
      await link.closesSilently();
    },
  },
  {
    rule: 'W-011',
    name: 'a connection on which nothing is said is closed after the handshake timeout',
    async run(server) {
      const link = await server.dial({}, server.timeoutMs + HANDSHAKE_MS);
      await link.closesSilently();
    },
  },
  {
    rule: 'W-011',
    name: 'a hello that stops half way is closed after the handshake timeout',
    async run(server) {
      const link = await server.dial({}, server.timeoutMs + HANDSHAKE_MS);
      link.raw(concat(PREFACE, plainEnvelope(batch([hello()])).subarray(0, 10)));
      await link.closesSilently();
    },
  },
];

const plain = batch([hello()]);

const hellos: readonly ServerCase[] = [
  {
    rule: 'W-009',
    name: 'a hello whose envelope has 16,384 bytes is taken',
    async run(server) {
      const link = await server.dial();
      link.raw(concat(PREFACE, helloOf(MAX_HELLO)));
      link.referee.kitGreets();
      await link.next('hello');
      await link.alive();
    },
  },
  isClosed('W-009', 'a hello whose envelope has 16,385 bytes', PREFACE, helloOf(MAX_HELLO + 1)),
  isClosed('W-009', 'a request in the place of a hello', PREFACE, plainEnvelope(batch([GET]))),
  isClosed('W-009', 'a hello behind a ping', PREFACE, plainEnvelope(batch([record(7), hello()]))),
  isClosed('W-009', 'a hello before a request', PREFACE, plainEnvelope(batch([hello(), GET]))),
  isClosed(
    'W-009',
    'an unknown field before the hello',
    PREFACE,
    plainEnvelope(concat(uint(9, 1), plain)),
  ),
  isClosed(
    'W-009',
    'an empty envelope before the hello',
    PREFACE,
    behindLength(envelope({ crc: 0 })),
  ),
  isClosed(
    'W-009',
    'a hello beside something packed',
    PREFACE,
    behindLength(envelope({ plain, packed: Uint8Array.of(1), unpackedSize: 1, crc: crc32(plain) })),
  ),
  isClosed(
    'W-009',
    'a hello beside a window',
    PREFACE,
    behindLength(envelope({ plain, window: windowStart('DEFLATE', 15), crc: crc32(plain) })),
  ),
  isClosed(
    'W-009',
    'a hello beside a window_id',
    PREFACE,
    behindLength(envelope({ plain, windowId: 1, crc: crc32(plain) })),
  ),
  isClosed(
    'W-028',
    'a hello with a stream_window of 2^31',
    PREFACE,
    plainEnvelope(batch([hello({ limits: { streamWindow: 2 ** 31 } })])),
  ),
  isClosed(
    'W-028',
    'a hello with a link_window of 2^31',
    PREFACE,
    plainEnvelope(batch([hello({ limits: { linkWindow: 2 ** 31 } })])),
  ),
  isClosed('W-017', 'a hello without a crc', PREFACE, behindLength(envelope({ plain }))),
  isClosed('W-017', 'a hello with a wrong crc', PREFACE, behindLength(envelope({ plain, crc: 1 }))),
  isClosed('W-010', 'an envelope of length 0 in the place of a hello', PREFACE, '\0'),
  isClosed('W-010', 'a length of five bytes before the hello', PREFACE, '\xff\xff\xff\xff\x01'),
  isClosed('W-012', 'a hello of version 0', PREFACE, plainEnvelope(batch([hello({ version: 0 })]))),
  isClosed('W-012', 'a hello without a version', PREFACE, plainEnvelope(batch([record(10)]))),
  isClosed(
    'W-013',
    'a hello with batch_packed 131,071',
    PREFACE,
    plainEnvelope(batch([hello({ limits: { batchPacked: LEAST_BATCH - 1 } })])),
  ),
  isClosed(
    'W-013',
    'a hello with batch_unpacked 1',
    PREFACE,
    plainEnvelope(batch([hello({ limits: { batchUnpacked: 1 } })])),
  ),
  isClosed(
    'W-004',
    'a hello that is cut short',
    PREFACE,
    plainEnvelope(batch([record(10, '\x08')])),
  ),
  isTaken('W-012', 'a hello of version 4,294,967,295', hello({ version: 2 ** 32 - 1 })),
  isTaken(
    'W-028',
    'a hello with the largest windows of credit',
    hello({ limits: { streamWindow: 2 ** 31 - 1, linkWindow: 2 ** 31 - 1 } }),
  ),
  isTaken('W-013', 'a hello with nothing but its version', record(10, uint(1, 1))),
  isTaken(
    'W-013',
    'a hello with batches of 131,072 bytes',
    hello({ limits: { batchPacked: LEAST_BATCH, batchUnpacked: LEAST_BATCH } }),
  ),
  isTaken(
    'W-013',
    'a hello whose limits are all 0, which is the default,',
    hello({
      limits: { batchPacked: 0, batchUnpacked: 0, tableBytes: 0, streams: 0, streamWindow: 0 },
    }),
  ),
  isTaken('W-028', 'a hello that offers NONE and codecs that nobody knows', {
    ...record(10, uint(1, 1), bytes(2), bytes(2, uint(1, 3)), bytes(2, uint(1, 99), uint(2, 40))),
  }),
  isTaken(
    'W-002',
    'a hello with unknown fields',
    hello({ extra: concat(uint(9, 1), bytes(4_000, 'x')) }),
  ),
  isTaken(
    'W-003',
    'a hello with features packed and unpacked',
    hello({ features: [7], extra: bytes(4, '\x08\x09') }),
  ),
  isTaken(
    'W-006',
    'a hello whose agent is longer than 256 bytes',
    hello({ extra: bytes(6, 'x'.repeat(300)) }),
  ),
  endsLink('W-013', 'a second hello ends the link', 'PROTOCOL', (link) => link.send(hello())),
];

const lengths: readonly ServerCase[] = [
  {
    rule: 'W-010',
    name: 'a length may be longer than needed within four bytes',
    async run(server) {
      const link = await server.open();
      const content = envelope({ plain: batch([GET]), crc: crc32(batch([GET])) });
      link.raw(concat(Uint8Array.of(content.length | 0x80, 0x80, 0x80, 0), content));
      const { status } = await link.answer(
        link.referee.kitSays({ kind: 'request', id: 0, more: false }),
      );
      expectEqual('the status', status, 200);
    },
  },
  endsLink('W-010', 'an envelope of length 0 ends the link', 'PROTOCOL', (link) =>
    link.raw(concat('\0')),
  ),
  endsLink('W-010', 'a length of five bytes ends the link', 'PROTOCOL', (link) =>
    link.raw(Uint8Array.of(0x85, 0x80, 0x80, 0x80, 0)),
  ),
  isFine('W-010', 'envelopes may come byte by byte', (link) => {
    for (const byte of plainEnvelope(batch([GET, GET]))) link.raw(Uint8Array.of(byte));
    for (const { note } of [GET, GET]) if (note !== undefined) link.referee.kitSays(note);
  }),
  {
    rule: 'W-029',
    name: 'a side that reads the end of the bytes closes at once, whatever is under way',
    async run(server) {
      const link = await server.open();
      link.ask(get(`/hold/${server.name('half')}`));
      await link.alive();
      link.endWriting();
      await link.closes();
    },
  },
];

/** Section 3: preface, hello, limits. */
export const opening: readonly ServerCase[] = [...prefaces, ...hellos, ...lengths];
