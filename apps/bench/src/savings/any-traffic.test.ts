import { Readable } from 'node:stream';
import { replay } from '@tp/savings';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readNdjson } from './ndjson.ts';

const name = fc.oneof(
  fc.constantFrom('content-length', 'transfer-encoding', 'connection', 'te', 'expect', 'upgrade'),
  fc.constantFrom('content-encoding', 'host', 'date', '__proto__', 'set-cookie', 'trailer'),
  fc.stringMatching(/^[A-Za-z][\w-]{0,12}$/),
);
const value = fc.oneof(
  fc.constantFrom('0', '5', 'abc', 'gzip', 'chunked', 'close', '100-continue', 'trailers', 'ü'),
  fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
);
const headers = fc.array(fc.tuple(name, value), { maxLength: 6 });
const body = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined });
const message = fc.record({ headers, body }).map(({ headers: pairs, body: bytes }) => ({
  headers: pairs,
  ...(bytes === undefined
    ? {}
    : { body: Buffer.from(bytes).toString('base64'), bodyEncoding: 'base64' }),
}));
const line = fc
  .record({
    request: message,
    response: message,
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'),
    url: fc.constantFrom('/', '/a?b=c', 'https://api.example/items'),
    status: fc.integer({ min: 200, max: 599 }),
  })
  .map(({ request, response, method, url, status }) =>
    JSON.stringify({ request: { method, url, ...request }, response: { status, ...response } }),
  );

it('whatever HTTP can carry is replayed as it was recorded', { timeout: 60_000 }, async () => {
  let replayed = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 8 }), async (lines) => {
      const most = { exchanges: 100, bytes: 1_000_000 };
      const { exchanges } = await readNdjson('any', Readable.from(lines), most);
      await replay(exchanges, { codec: 'zstd', level: 1 }, [exchanges.length]);
      replayed += exchanges.length;
    }),
    { numRuns: 60 },
  );
  expect(replayed).toBeGreaterThan(60);
});
