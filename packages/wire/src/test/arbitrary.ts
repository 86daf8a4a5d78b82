import fc from 'fast-check';
import { type ErrorCode, MAX_CREDIT, MAX_ID } from '../index.ts';
import { LEAST_BATCH } from '../limits.ts';
import type { Said } from './records.ts';

/** Any `uint32`, the edges of varints more often than others. */
export const uint32: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, 2 ** 21, 2 ** 28 - 1, 2 ** 28, 2 ** 32 - 1),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);
const streamId = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.constantFrom(16_383, 16_384, MAX_ID),
);
const code = fc.constantFrom<ErrorCode>(
  'NO_ERROR',
  'PROTOCOL',
  'INTERNAL',
  'REFUSED',
  'DEADLINE',
  'UPSTREAM',
  'UNREACHABLE',
);
const message = fc.oneof(
  fc.constant(''),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.constantFrom('ein Fehler – ±½', '🦕'.repeat(40)),
);

/** Bytes that may stand in a value, those above 0x7f among them. */
const valueText = fc
  .array(
    fc.oneof(fc.integer({ min: 0x21, max: 0x7e }), fc.constantFrom(0x20, 9, 0x80, 0xe9, 0xff)),
    {
      maxLength: 40,
    },
  )
  .map((codes) => String.fromCharCode(...codes).replace(/^[ \t]+|[ \t]+$/g, ''));
const tokenText = fc
  .array(fc.constantFrom(..."abcXYZ019!#$%&'*+-.^_`|~"), { minLength: 1, maxLength: 24 })
  .map((letters) => letters.join(''));

const name = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('accept', 'Accept', 'host', 'x-a', 'X-A', 'via', 'date'),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom('cookie', 'Cookie', 'set-cookie', 'AUTHORIZATION', 'X-Session'),
  },
  { weight: 1, arbitrary: fc.oneof(tokenText, fc.constantFrom('__proto__', 'constructor')) },
);
const value = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('', '*/*', 'a', 'b', 'gzip, br', 'caf\xe9', 'k=v; w="x"'),
  },
  { weight: 2, arbitrary: valueText },
  {
    weight: 1,
    arbitrary: fc.constantFrom(1023, 1024, 1025, 4000).map((length) => 'v'.repeat(length)),
  },
);
const fields = fc
  .array(fc.tuple(name, value), { maxLength: 7 })
  .map((pairs): readonly string[] => pairs.flat());

const method = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('GET', 'POST', 'get') },
  { weight: 1, arbitrary: fc.oneof(tokenText, fc.constant('M'.repeat(1030))) },
);
const path = fc.oneof(
  fc.constantFrom('/', '/a', '/b?c=d', '*', 'http://h/p', '/\xe9'),
  fc.nat(30).map((n) => `/n/${n}`),
  fc.constant(`/${'p'.repeat(2000)}`),
);
const body = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  {
    weight: 3,
    arbitrary: fc
      .uint8Array({ maxLength: 200 })
      .map((bytes) => Buffer.from(bytes).toString('latin1')),
  },
  { weight: 1, arbitrary: fc.constantFrom('z'.repeat(127), 'z'.repeat(16_384)) },
);

/** 0 would mean the default. */
const limit = uint32.map((bytes) => Math.max(1, bytes));
const credit = limit.map((bytes) => Math.min(bytes, MAX_CREDIT));
const hello = fc.record({
  version: fc.integer({ min: 1, max: 300 }),
  codecs: fc.uniqueArray(
    fc.constantFrom(
      { codec: 'zstd' as const, windowLog: 20 },
      { codec: 'deflate' as const, windowLog: 15 },
    ),
  ),
  limits: fc.record({
    batchPacked: fc.integer({ min: LEAST_BATCH, max: 2 ** 32 - 1 }),
    batchUnpacked: fc.integer({ min: LEAST_BATCH, max: 2 ** 32 - 1 }),
    tableBytes: limit,
    streams: limit,
    streamWindow: credit,
    linkWindow: credit,
    headBytes: limit,
    fields: limit,
    windows: uint32,
  }),
  features: fc.array(uint32, { maxLength: 40 }),
  checksum: fc.boolean(),
  agent: fc.string({ unit: 'grapheme', maxLength: 12 }),
  token: fc.uint8Array({ maxLength: 40 }),
});

const record: fc.Arbitrary<Said> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('request' as const),
      id: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.nat(500) }),
      method,
      path,
      fields,
      body,
      more: fc.boolean(),
      timeoutMs: uint32,
      oneWay: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('response' as const),
      id: streamId,
      status: fc.constantFrom(100, 200, 204, 404, 599),
      reason: fc.constantFrom('', '', 'Fine', 'So la l\xe0'),
      fields,
      body,
      more: fc.boolean(),
    }),
  },
  fc.record({ kind: fc.constant('data' as const), id: streamId, body, last: fc.boolean() }),
  fc.record({ kind: fc.constant('trailers' as const), id: streamId, fields }),
  fc.record({
    kind: fc.constant('credit' as const),
    id: fc.oneof(fc.constant(0), streamId),
    bytes: uint32.map((bytes) => Math.max(1, bytes)),
  }),
  fc.record({
    kind: fc.constant('cancel' as const),
    id: streamId,
    code,
    processed: fc.constantFrom('no' as const, 'maybe' as const, 'yes' as const),
    message,
  }),
  fc.record({ kind: fc.constant('ping' as const), token: uint32 }),
  fc.record({ kind: fc.constant('pong' as const), token: uint32 }),
  fc.record({
    kind: fc.constant('goaway' as const),
    lastId: uint32,
    code,
    final: fc.boolean(),
    message,
  }),
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('hello' as const), hello }) },
);

/** Makes request ids grow, and takes bodies from where more follows (W-032, W-033). */
function lawful(batches: readonly (readonly Said[])[]): Said[][] {
  let last = 0;
  return batches.map((records) =>
    records.map((said): Said => {
      if (said.kind === 'request') {
        last += Math.max(1, said.id);
        const more = said.more && !said.oneWay;
        return { ...said, id: last, more, body: more ? '' : said.body };
      }
      if (said.kind !== 'response') return said;
      const more = said.more && said.status >= 200;
      return { ...said, more, body: more || said.status < 200 ? '' : said.body };
    }),
  );
}

/** Batches of one direction, each of some records of all kinds. */
export const batches: fc.Arbitrary<Said[][]> = fc
  .array(fc.array(record, { maxLength: 12 }), { minLength: 1, maxLength: 6 })
  .map(lawful);
