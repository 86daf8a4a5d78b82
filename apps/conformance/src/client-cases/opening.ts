import { crc32 } from 'node:zlib';
import type { ClientCase } from '../case.ts';
import { behindLength, envelope, PREFACE, plainEnvelope, windowStart } from '../craft/envelope.ts';
import { hello } from '../craft/hello.ts';
import { bytes, concat, type Piece, uint } from '../craft/protobuf.ts';
import { batch, type Crafted, goaway, ping, record } from '../craft/record.ts';
import { expectThat } from '../engine/failure.ts';
import { expectAnswer, expectError } from '../engine/result.ts';
import { get } from './ask.ts';
import { endsLink } from './shapes.ts';

const HANDSHAKE_MS = 5_000;
const MAX_HELLO = 16_384;
const LEAST_BATCH = 131_072;

/** An opening that the client closes without a word; its request was never written (W-027). */
function isClosed(rule: string, name: string, ...opened: readonly Piece[]): ClientCase {
  return {
    rule,
    name: `${name} is closed without a word`,
    requests: [get('/')],
    async run(client) {
      const link = await client.connection();
      await link.next('hello');
      link.raw(concat(...opened));
      await link.closesSilently();
      expectError((await client.results())[0], [], 'no');
    },
  };
}

/** An opening that is taken: the request comes and is answered. */
function isTaken(rule: string, name: string, opened: Uint8Array): ClientCase {
  return {
    rule,
    name: `${name} is taken`,
    requests: [get('/')],
    async run(client) {
      const link = await client.connection();
      await link.next('hello');
      link.raw(concat(PREFACE, opened));
      link.referee.kitGreets();
      const { id } = await link.request('/');
      link.answer(id, 200, [], { body: 'ok' });
      expectAnswer((await client.results())[0], { status: 200, body: 'ok' });
    },
  };
}

/** The one envelope that an opening is. */
function spoken(said: Crafted): Uint8Array {
  return plainEnvelope(batch([said]));
}

/** A hello of which the whole envelope has so many bytes. */
function helloOf(length: number): Uint8Array {
  const around = spoken(hello({ extra: bytes(99, 'x'.repeat(16_000)) })).length - 2;
  return spoken(hello({ extra: bytes(99, 'x'.repeat(16_000 + length - around)) }));
}

const plain = batch([hello()]);

const first: readonly ClientCase[] = [
  {
    rule: 'W-007',
    name: 'the link opens with the preface and one hello',
    requests: [get('/')],
    async run(client) {
      const link = await client.link();
      expectThat(link.peer.version >= 1, 'a version from 1', String(link.peer.version));
      const { id } = await link.request('/');
      link.answer(id, 200, [], { body: 'ok' });
      expectAnswer((await client.results())[0], { status: 200, body: 'ok' });
    },
  },
  {
    rule: 'W-009',
    name: 'the client says its hello at once, and nothing else before it has ours',
    requests: [get('/')],
    async run(client) {
      const link = await client.connection();
      await link.next('hello');
      // Byte by byte: a request before the last one is a fault that the referee finds.
      for (const byte of concat(PREFACE, spoken(hello()))) link.raw(Uint8Array.of(byte));
      link.referee.kitGreets();
      const { id } = await link.request('/');
      link.answer(id, 200);
      expectAnswer((await client.results())[0], { status: 200, body: '' });
    },
  },
  ...(
    [
      ['says nothing', ''],
      ['stops half way', concat(PREFACE, spoken(hello())).subarray(0, 20)],
    ] as const
  ).map(
    ([what, opened]): ClientCase => ({
      rule: 'W-011',
      name: `an acceptor that ${what} is left after the handshake timeout`,
      requests: [get('/')],
      async run(client) {
        const link = await client.connection({}, HANDSHAKE_MS);
        await link.next('hello');
        link.raw(concat(opened));
        await link.closesSilently();
        expectError((await client.results())[0], [], 'no');
      },
    }),
  ),
  {
    rule: 'W-104',
    name: 'a connection that ends while it opens leaves requests as never written',
    requests: [get('/')],
    async run(client) {
      const link = await client.connection();
      await link.next('hello');
      link.destroy();
      expectError((await client.results())[0], [], 'no');
    },
  },
  {
    rule: 'W-024',
    name: 'an acceptor that refuses the token says Goaway REFUSED; nothing was processed',
    requests: [get('/')],
    async run(client) {
      const link = await client.link();
      link.send(goaway(0, true, 'REFUSED'));
      link.endWriting();
      expectError((await client.results())[0], [], 'no');
    },
  },
  {
    rule: 'W-029',
    name: 'a client that reads the end of the bytes closes at once; its requests are in doubt',
    requests: [get('/')],
    async run(client) {
      const link = await client.link();
      await link.request('/');
      link.endWriting();
      await link.closes();
      expectError((await client.results())[0], ['CLOSED'], 'maybe');
    },
  },
];

const prefaces: readonly ClientCase[] = [
  'HTTP/1.1 400 Bad Request\r\n\r\n',
  '\x15\x03\x01\x00\x02\x02\x28',
  '\xf4tp/2\r\n\0',
  '\xf4tp/1\n\n\0',
  '\xf4tp/1\r\n\x01',
].map((start) => isClosed('W-011', `an answer that starts with ${JSON.stringify(start)}`, start));

const bad: readonly ClientCase[] = [
  isClosed('W-009', 'a hello whose envelope has 16,385 bytes', PREFACE, helloOf(MAX_HELLO + 1)),
  isClosed('W-009', 'a ping in the place of a hello', PREFACE, spoken(ping(1))),
  isClosed('W-009', 'a hello behind a ping', PREFACE, plainEnvelope(batch([ping(1), hello()]))),
  isClosed('W-009', 'a hello before a ping', PREFACE, plainEnvelope(batch([hello(), ping(1)]))),
  isClosed(
    'W-009',
    'an unknown field before the hello',
    PREFACE,
    plainEnvelope(concat(uint(9, 1), plain)),
  ),
  isClosed('W-009', 'an empty envelope before it', PREFACE, behindLength(envelope({ crc: 0 }))),
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
    spoken(hello({ limits: { streamWindow: 2 ** 31 } })),
  ),
  isClosed(
    'W-028',
    'a hello with a link_window of 2^31',
    PREFACE,
    spoken(hello({ limits: { linkWindow: 2 ** 31 } })),
  ),
  isClosed('W-017', 'a hello without a crc', PREFACE, behindLength(envelope({ plain }))),
  isClosed('W-017', 'a hello with a wrong crc', PREFACE, behindLength(envelope({ plain, crc: 1 }))),
  isClosed('W-010', 'an envelope of length 0 in the place of a hello', PREFACE, '\0'),
  isClosed('W-010', 'a length of five bytes before the hello', PREFACE, '\xff\xff\xff\xff\x01'),
  isClosed('W-012', 'a hello of version 0', PREFACE, spoken(hello({ version: 0 }))),
  isClosed('W-012', 'a hello without a version', PREFACE, spoken(record(10))),
  isClosed(
    'W-013',
    'a hello with batch_packed 131,071',
    PREFACE,
    spoken(hello({ limits: { batchPacked: LEAST_BATCH - 1 } })),
  ),
  isClosed(
    'W-013',
    'a hello with batch_unpacked 1',
    PREFACE,
    spoken(hello({ limits: { batchUnpacked: 1 } })),
  ),
  isClosed('W-003', 'a hello with limits as a varint', PREFACE, spoken(record(10, uint(3, 1)))),
  isClosed('W-004', 'a hello that is cut short', PREFACE, spoken(record(10, '\x08'))),
];

const good: readonly ClientCase[] = [
  isTaken('W-009', 'a hello whose envelope has 16,384 bytes', helloOf(MAX_HELLO)),
  isTaken('W-012', 'a higher version than its own', spoken(hello({ version: 7 }))),
  isTaken('W-012', 'version 4,294,967,295', spoken(hello({ version: 2 ** 32 - 1 }))),
  isTaken(
    'W-028',
    'a hello with the largest windows of credit',
    spoken(hello({ limits: { streamWindow: 2 ** 31 - 1, linkWindow: 2 ** 31 - 1 } })),
  ),
  isTaken('W-013', 'a hello with nothing but its version', spoken(record(10, uint(1, 1)))),
  isTaken(
    'W-013',
    'a hello with batches of 131,072 bytes',
    spoken(hello({ limits: { batchPacked: LEAST_BATCH, batchUnpacked: LEAST_BATCH } })),
  ),
  isTaken(
    'W-025',
    'a hello whose limits are all 0, which is the default,',
    spoken(record(10, uint(1, 1), bytes(3, ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => uint(n, 0))))),
  ),
  isTaken(
    'W-028',
    'a hello that offers NONE and codecs that nobody knows',
    spoken(
      record(10, uint(1, 1), bytes(2), bytes(2, uint(1, 3)), bytes(2, uint(1, 99), uint(2, 40))),
    ),
  ),
  isTaken(
    'W-002',
    'a hello with unknown fields',
    spoken(hello({ extra: concat(uint(9, 1), bytes(4_000, 'x')) })),
  ),
  isTaken(
    'W-003',
    'a hello with features packed and unpacked',
    spoken(hello({ features: [7], extra: bytes(4, '\x08\x09') })),
  ),
  isTaken(
    'W-005',
    'a hello whose fields stand in another order',
    spoken(record(10, bytes(6, 'agent'), bytes(3), uint(5, 1), uint(1, 1))),
  ),
  isTaken(
    'W-006',
    'a hello whose agent is longer than 256 bytes',
    spoken(hello({ extra: bytes(6, 'x'.repeat(300)) })),
  ),
  isTaken('W-024', 'a hello with a token', spoken(hello({ extra: bytes(7, 'token') }))),
  endsLink('W-013', 'a second hello ends the link', 'PROTOCOL', (link) => link.send(hello())),
];

/** Section 3: preface, hello, limits. */
export const opening: readonly ClientCase[] = [...first, ...prefaces, ...bad, ...good];
