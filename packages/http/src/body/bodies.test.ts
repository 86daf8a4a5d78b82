import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Body } from '../index.ts';
import { failure, gather, pair } from '../test/pair.ts';

const KIB = 1024;

/** Bytes that do not repeat, so that a piece in the wrong place shows. */
function bytes(length: number): Buffer {
  const all = Buffer.alloc(length);
  for (let i = 0, state = 1; i < length; i++) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    all[i] = state >> 16;
  }
  return all;
}

async function* generated(all: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size);
}

const large = bytes(5 * KIB * KIB);
const kinds: readonly [name: string, make: () => Body | null, expected: Buffer][] = [
  ['null', () => null, Buffer.alloc(0)],
  ['an empty string', () => '', Buffer.alloc(0)],
  ['text beyond ASCII', () => 'grüße, 世界 🌍', Buffer.from('grüße, 世界 🌍')],
  ['no bytes', () => new Uint8Array(0), Buffer.alloc(0)],
  ['1 byte', () => bytes(1), bytes(1)],
  ['64 KiB', () => bytes(64 * KIB), bytes(64 * KIB)],
  ['64 KiB and 1', () => bytes(64 * KIB + 1), bytes(64 * KIB + 1)],
  ['5 MiB', () => large, large],
  ['a view of a larger buffer', () => large.subarray(7, 1007), large.subarray(7, 1007)],
  ['an async generator', () => generated(large, 100_000), large],
  ['a generator of nothing', () => generated(Buffer.alloc(0), 1), Buffer.alloc(0)],
  ['a generator with empty pieces', () => generatedWithGaps(), bytes(3)],
  ['a Node Readable', () => Readable.from(generated(large, 70_000)), large],
  ['a web ReadableStream', () => ReadableStream.from(generated(large, 70_000)), large],
];

async function* generatedWithGaps(): AsyncGenerator<Uint8Array> {
  for (const byte of bytes(3)) {
    yield new Uint8Array(0);
    yield Uint8Array.of(byte);
  }
}

describe.each(['zstd', 'deflate', 'none'] as const)('with codec %s', (codec) => {
  const options = {
    codecs: [codec],
    limits: { maxBufferedBodyBytes: 8 * KIB * KIB },
  };

  test.each(kinds)(
    '%s arrives as it was sent, in a request and in a response',
    async (_name, make, expected) => {
      await using both = await pair(
        async (request) => {
          const received = await request.bytes();
          return {
            headers: {
              'x-length': String(received.length),
              'x-equal': String(expected.equals(received)),
            },
            body: make(),
          };
        },
        options,
        options,
      );
      const response = await both.client.request({ method: 'POST', path: '/', body: make() });
      expect([...response.headers.raw]).toEqual([
        'x-length',
        String(expected.length),
        'x-equal',
        'true',
      ]);
      expect(expected.equals(await gather(response.body))).toBe(true);
      expect(response.trailers).toBeUndefined();
      const [link] = both.client.stats().links;
      expect([link?.codecIn, link?.codecOut]).toEqual([codec, codec]);
    },
  );

  test('trailers travel both ways', async () => {
    await using both = await pair(
      async (request) => {
        expect(request.trailers).toBeUndefined();
        const text = await request.text();
        const trailers = request.trailers;
        return {
          body: text,
          trailers: () => ['X-Back', trailers?.get('x-sum') ?? 'none', 'x-b', '2'],
        };
      },
      options,
      options,
    );
    const response = await both.client.request({
      method: 'POST',
      path: '/',
      body: 'abc',
      trailers: () => ({ 'X-Sum': '42' }),
    });
    expect(await response.text()).toBe('abc');
    expect(response.trailers?.raw).toEqual(['X-Back', '42', 'x-b', '2']);
  });
});

test('trailers without a body travel', async () => {
  await using both = await pair(() => ({ trailers: () => ({ 'x-end': '1' }) }));
  const response = await both.client.request({ path: '/' });
  expect(await response.text()).toBe('');
  expect(response.trailers?.raw).toEqual(['x-end', '1']);
});

test('a whole body is there at once as bytes, text and JSON', async () => {
  await using both = await pair((request) => ({
    body: request.bytes() instanceof Uint8Array ? '{"a":"ü"}' : '',
  }));
  const response = await both.client.request({ method: 'POST', path: '/', body: 'x' });
  expect(Buffer.from('{"a":"ü"}').equals(await response.bytes())).toBe(true);
  expect(response.bytes()).toBeInstanceOf(Uint8Array);
  expect(response.text()).toBe('{"a":"ü"}');
  expect(response.json()).toEqual({ a: 'ü' });
});

test.each(['bytes', 'text', 'json'] as const)('a streamed body is promised as %s', async (form) => {
  await using both = await pair(() => ({ body: generated(Buffer.from('{"a":"ü"}'), 5) }));
  const response = await both.client.request({ path: '/' });
  const promised = response[form]();
  expect(promised).toBeInstanceOf(Promise);
  const expected = { bytes: Buffer.from('{"a":"ü"}'), text: '{"a":"ü"}', json: { a: 'ü' } };
  const found = await promised;
  expect(found instanceof Uint8Array ? Buffer.from(found) : found).toEqual(expected[form]);
});

test('a body that is no JSON fails where it is read', async () => {
  await using both = await pair(() => ({ body: 'no' }));
  const response = await both.client.request({ path: '/' });
  expect(() => response.json()).toThrow(SyntaxError);
});

test('what is gathered has a limit: BODY_LIMIT', async () => {
  await using both = await pair(
    () => ({ body: generated(bytes(100_001), 1000) }),
    {},
    {
      limits: { maxBufferedBodyBytes: 100_000 },
    },
  );
  const response = await both.client.request({ path: '/' });
  const error = await failure(Promise.resolve(response.bytes()));
  expect(error.code).toBe('BODY_LIMIT');
});

test('a source is read no faster than the receiver takes it', async () => {
  let given = 0;
  const piece = bytes(16 * KIB);
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      given += piece.length;
      yield piece;
    }
  }
  const limits = { streamWindow: 256 * KIB, linkWindow: 1024 * KIB };
  await using both = await pair(
    (request) => (request.path === '/endless' ? { body: endless() } : { body: 'pong' }),
    {},
    { limits },
  );
  const response = await both.client.request({ path: '/endless' });
  // Round trips behind it: what could be sent without credit has been sent by then.
  for (let i = 0; i < 50; i++) await both.client.request({ path: '/ping' });
  expect(given).toBeLessThanOrEqual(512 * KIB);
  const before = given;
  let taken = 0;
  for await (const { length } of response.body) {
    taken += length;
    if (taken > 1024 * KIB) break;
  }
  expect(given).toBeGreaterThan(before);
});

const sources: readonly [name: string, make: (stopped: () => void) => Body][] = [
  [
    'an async iterator',
    (stopped) => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: bytes(1000) }),
        async return() {
          stopped();
          return { done: true, value: undefined };
        },
      }),
    }),
  ],
  ['a Node Readable that is silent', (stopped) => new Readable({ read() {} }).on('close', stopped)],
  [
    'a web ReadableStream that is silent',
    (stopped) => new ReadableStream<Uint8Array>({ cancel: () => stopped() }),
  ],
];

describe.each(sources)('%s', (_name, make) => {
  test('is stopped when the client leaves a response', async () => {
    const { promise: stopped, resolve } = Promise.withResolvers<void>();
    await using both = await pair(() => ({ body: make(resolve) }));
    const leaving = new AbortController();
    const response = await both.client.request({ path: '/', signal: leaving.signal });
    leaving.abort();
    await stopped;
    expect((await failure(gather(response.body))).code).toBe('CANCEL');
  });

  test('is stopped when it answers HEAD', async () => {
    const { promise: stopped, resolve } = Promise.withResolvers<void>();
    await using both = await pair(() => ({
      headers: { 'content-length': '123' },
      body: make(resolve),
    }));
    const response = await both.client.request({ method: 'HEAD', path: '/' });
    await stopped;
    expect(response.headers.raw).toEqual(['content-length', '123']);
    expect(await response.bytes()).toHaveLength(0);
  });

  test('is stopped when the client aborts its request', async () => {
    const { promise: stopped, resolve } = Promise.withResolvers<void>();
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    await using both = await pair((request) => {
      arrive();
      return new Promise((_resolve, reject) => {
        request.signal.addEventListener('abort', () => reject(request.signal.reason));
      });
    });
    const leaving = new AbortController();
    const call = both.client.request({
      method: 'POST',
      path: '/',
      body: make(resolve),
      signal: leaving.signal,
    });
    const failed = failure(call);
    await arrived;
    leaving.abort();
    await stopped;
    expect(await failed).toMatchObject({ code: 'CANCEL', processed: 'maybe' });
  });
});

test('a Readable whose request is never sent is destroyed', async () => {
  await using both = await pair(() => ({}));
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const body = new Readable({ read() {} }).on('close', resolve);
  const signal = AbortSignal.abort();
  const error = await failure(both.client.request({ method: 'PUT', path: '/', body, signal }));
  expect(error).toMatchObject({ code: 'CANCEL', processed: 'no' });
  await closed;
});

test('a source of a request that fails ends the request with CANCEL, and names the cause', async () => {
  await using both = await pair(async (request) => ({ body: await request.text() }));
  const cause = new Error('disk on fire');
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield bytes(10);
    throw cause;
  }
  const error = await failure(both.client.request({ method: 'PUT', path: '/', body: failing() }));
  expect(error).toMatchObject({ code: 'CANCEL', processed: 'maybe', cause });
});

test('a source of a response that fails ends the response with INTERNAL, and is told to onError', async () => {
  const told: unknown[] = [];
  const cause = new Error('disk on fire');
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield bytes(100_000);
    throw cause;
  }
  await using both = await pair(() => ({ body: failing() }), {
    onError: (error) => told.push(error),
  });
  const response = await both.client.request({ path: '/' });
  const error = await failure(gather(response.body));
  expect(error).toMatchObject({ code: 'INTERNAL', processed: 'yes' });
  expect(told).toEqual([cause]);
});

test.each([
  ['a ReadableStream that is read elsewhere', 'INVALID_ARGUMENT', 'no', lockedStream()],
  ['a stream of text', 'CANCEL', 'maybe', Readable.from(['a', 'b'])],
])('%s is no body: %s, processed "%s"', async (_name, code, processed, body) => {
  await using both = await pair(async (request) => ({ body: await request.bytes() }));
  const error = await failure(both.client.request({ method: 'PUT', path: '/', body }));
  expect(error).toMatchObject({ code, processed });
});

function lockedStream(): ReadableStream<Uint8Array> {
  const stream = new ReadableStream<Uint8Array>();
  stream.getReader();
  return stream;
}

test.each([
  ['are no tokens', 'INVALID_ARGUMENT', 'INTERNAL', () => ({ 'not a token': '1' })],
  [
    'throw',
    'CANCEL',
    'INTERNAL',
    () => {
      throw new Error('no sum');
    },
  ],
  ['are too many', 'HEAD_LIMIT', 'HEAD_LIMIT', () => Array.from({ length: 66 }, (_, i) => `x${i}`)],
])(
  'trailers that %s fail their message and nothing else',
  async (_name, code, codeBack, trailers) => {
    await using both = await pair(
      async (request) => {
        await request.bytes();
        return request.path === '/back' ? { body: 'x', trailers } : { body: 'fine' };
      },
      { onError: () => {} },
    );
    const back = await both.client.request({ path: '/back' });
    expect(await failure(gather(back.body))).toMatchObject({ code: codeBack, processed: 'yes' });
    const error = await failure(
      both.client.request({ method: 'PUT', path: '/', body: 'x', trailers }),
    );
    expect(error.code).toBe(code);
    const after = await both.client.request({ path: '/' });
    expect(after.text()).toBe('fine');
    expect(both.client.stats().links).toHaveLength(1);
  },
);
