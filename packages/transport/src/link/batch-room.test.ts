import { Fields, RequestHead, ResponseHead } from '@tp/wire';
import { describe, expect, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import type { LinkLimits } from '../limits.ts';
import type { LinkOptions } from '../options.ts';
import type { Pool } from '../pool/pool.ts';
import type { TransportServer } from '../server.ts';
import { content, noise, pieces } from '../test/content.ts';
import { OK, pool, post, serve } from '../test/ends.ts';
import { outcome } from '../test/failure.ts';

/** What a message may have where batches are as small as they may be: its head as W-063 counts it, and its body. */
const ROOM = 131_072 - 2_048 - 64 - 64;
const BODY = 65_536;
const POST_SIZE = ':methodPOST:path/'.length + 64;
const STATUS_SIZE = ':status200'.length + 32;

/** Large heads and small batches. */
const tight: Partial<LinkLimits> = {
  batchPacked: 131_072,
  batchUnpacked: 131_072,
  headBytes: 2 ** 30,
  fields: 100_000,
};

/** As good as random, so that no codec makes it shorter. */
const value = Buffer.from(
  noise(10_000).map((byte) => (byte < 0x22 || byte === 0x7f ? byte + 0x80 : byte)),
).toString('latin1');

/** Fields that count for so many bytes. */
function fieldsOf(bytes: number): Fields {
  const raw: string[] = [];
  for (let left = bytes; left > 0; ) {
    const length = left > 11_000 ? 10_000 : left;
    const at = (raw.length * 17) % 9_000;
    raw.push(
      'x',
      (value.slice(at) + value.slice(0, at)).slice(0, length - 33).padEnd(length - 33, 'y'),
    );
    left -= length;
  }
  return new Fields(raw);
}

interface Ends {
  readonly client: Pool;
  readonly server: TransportServer;
}

async function ends(
  options: LinkOptions,
  handle: (exchange: ServerExchange) => void,
): Promise<Ends> {
  const { server, url } = await serve(handle, { ...options, limits: tight });
  return { server, client: pool(url, { ...options, limits: tight }) };
}

describe.each(['none', 'deflate', 'zstd'] as const)(
  'a message that fits no batch (W-123), %s',
  (codec) => {
    const codecs = [codec];

    test.each([0, BODY])(
      'as a request with %i bytes of body is refused before it is sent',
      async (bodyBytes) => {
        const { client, server } = await ends({ codecs }, (exchange) => {
          const size = exchange.headers.raw.reduce((sum, text) => sum + text.length + 16, 0);
          exchange.respond(OK, Buffer.from(`${size} ${exchange.inlineLength}`), undefined);
        });
        const body = noise(bodyBytes);
        const call = (bytes: number) => client.call(post('/', fieldsOf(bytes), { body }));
        const largest = ROOM - bodyBytes - POST_SIZE;
        for (const bytes of [largest - 1, largest, largest, 20_000]) {
          expect(await (await call(bytes)).text()).toBe(`${bytes} ${bodyBytes}`);
        }
        for (const bytes of [largest + 1, 100 * ROOM]) {
          expect(await outcome(call(bytes))).toBe('HEAD_LIMIT no');
        }
        expect(client.stats().limitHits.get('HEAD_LIMIT')).toBe(2);
        expect(await (await call(largest)).text()).toBe(`${largest} ${bodyBytes}`);
        expect(server.stats().limitHits.size).toBe(0);
        expect(server.stats().requests).toBe(5);
      },
    );

    test('as a response ends its stream, which was handled', async () => {
      const { client, server } = await ends({ codecs }, (exchange) => {
        exchange.respond(
          new ResponseHead(200, fieldsOf(Number(exchange.path.slice(1)))),
          noise(BODY),
          undefined,
        );
      });
      const call = (bytes: number) => client.call({ head: new RequestHead('GET', `/${bytes}`) });
      const largest = ROOM - BODY - STATUS_SIZE;
      for (const bytes of [largest - 1, largest, largest, 20_000]) {
        expect((await call(bytes)).inlineLength).toBe(BODY);
      }
      for (const bytes of [largest + 1, 100 * ROOM]) {
        expect(await outcome(call(bytes))).toBe('INTERNAL yes');
      }
      expect(server.stats().limitHits.get('HEAD_LIMIT')).toBe(2);
      expect((await call(largest)).inlineLength).toBe(BODY);
      expect(client.stats().limitHits.size).toBe(0);
    });

    test('as trailers ends its stream, and those that fit go into a batch of their own behind data', async () => {
      const { client, server } = await ends({ codecs }, async (exchange) => {
        const body = await Promise.resolve(exchange.bytes()).catch(() => undefined);
        const size = exchange.trailers?.raw.reduce((sum, text) => sum + text.length + 16, 0);
        exchange.respond(OK, Buffer.from(`${body?.length} ${size}`), undefined);
      });
      const call = (bytes: number) => {
        const stream = { source: pieces(content(60_000)), trailers: () => fieldsOf(bytes) };
        return client.call({ head: new RequestHead('POST', '/'), stream });
      };
      for (const bytes of [ROOM - 1, ROOM]) {
        expect(await (await call(bytes)).text()).toBe(`60000 ${bytes}`);
      }
      expect(await outcome(call(ROOM + 1))).toBe('HEAD_LIMIT maybe');
      expect(await (await call(ROOM)).text()).toBe(`60000 ${ROOM}`);
      expect([...server.stats().limitHits.keys(), ...client.stats().limitHits.keys()]).toEqual([]);
    });
  },
);
