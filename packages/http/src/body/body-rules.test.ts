import { createPool, createTransportServer, type OutgoingStream } from '@tp/transport';
import { RequestHead, ResponseHead } from '@tp/wire';
import { describe, expect, test, vi } from 'vitest';
import { type Body, createClient, createServer, Fields, type ResponseInit } from '../index.ts';
import { failure, gather, pair } from '../test/pair.ts';
import { relayTo } from '../test/relay.ts';

async function* pieces(...all: string[]): AsyncGenerator<Uint8Array> {
  for (const piece of all) yield Buffer.from(piece);
}

describe('what is sent', () => {
  const wrong: readonly [name: string, length: string, body: () => Body | null][] = [
    ['a string that is longer', '2', () => 'abc'],
    ['bytes that are fewer', '4', () => Buffer.from('abc')],
    ['a string counted in characters', '1', () => 'ü'],
    ['no body', '1', () => null],
    ['64 KiB and 1', '65536', () => Buffer.alloc(65_537)],
  ];

  test.each(wrong)(
    'a request with %s than its content-length is INVALID_ARGUMENT, processed "no"',
    async (_name, length, body) => {
      let handled = 0;
      await using both = await pair(() => {
        handled++;
        return {};
      });
      const headers = { 'Content-Length': length };
      const call = both.client.request({ method: 'POST', path: '/', headers, body: body() });
      expect(await failure(call)).toMatchObject({ code: 'INVALID_ARGUMENT', processed: 'no' });
      expect(handled).toBe(0);
    },
  );

  test.each(wrong)(
    'a response with %s than its content-length is INTERNAL, processed "yes"',
    async (_name, length, body) => {
      await using both = await pair(() => ({
        headers: { 'content-length': length },
        body: body(),
      }));
      const error = await failure(both.client.request({ path: '/' }));
      expect(error).toMatchObject({ code: 'INTERNAL', processed: 'yes' });
    },
  );

  test.each([
    ['not a number', ['content-length', '0x3']],
    ['negative', ['content-length', '-3']],
    ['empty', ['content-length', '']],
    ['a list', ['content-length', '3, 3']],
    ['said twice, differently', ['content-length', '3', 'Content-Length', '4']],
  ])('a content-length that is %s is INVALID_ARGUMENT', async (_name, headers) => {
    await using both = await pair(() => ({}));
    for (const body of ['abc', pieces('abc')]) {
      const error = await failure(both.client.request({ method: 'PUT', path: '/', headers, body }));
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', processed: 'no' });
    }
  });

  test.each([
    ['once', ['content-length', '3']],
    ['twice, equally', ['content-length', '3', 'Content-Length', '3']],
  ])('a true content-length, said %s, passes unchanged', async (_name, headers) => {
    await using both = await pair(async (request) => ({
      headers: request.headers,
      body: await request.bytes(),
    }));
    for (const body of ['abc', pieces('a', 'bc')]) {
      const response = await both.client.request({ method: 'PUT', path: '/', headers, body });
      expect(response.headers.raw).toEqual(headers);
      expect(await response.text()).toBe('abc');
    }
  });

  test.each([
    ['longer', pieces('ab', 'cd')],
    ['shorter', pieces('ab')],
  ])(
    'a streamed request that turns out %s than declared is INVALID_ARGUMENT',
    async (_name, body) => {
      await using both = await pair(async (request) => ({ body: await request.bytes() }));
      const headers = { 'content-length': '3' };
      const error = await failure(both.client.request({ method: 'PUT', path: '/', headers, body }));
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', processed: 'maybe' });
    },
  );

  test.each([
    ['longer', () => pieces('ab', 'cd')],
    ['shorter', () => pieces('ab')],
  ])('a streamed response that turns out %s than declared is INTERNAL', async (_name, body) => {
    await using both = await pair(() => ({ headers: { 'content-length': '3' }, body: body() }));
    const outcome = both.client.request({ path: '/' }).then(({ body: found }) => gather(found));
    expect(await failure(outcome)).toMatchObject({ code: 'INTERNAL', processed: 'yes' });
  });

  const bodiless: readonly [name: string, method: string, response: ResponseInit][] = [
    ['HEAD', 'HEAD', { headers: ['Content-Length', '1000'], body: 'ignored' }],
    ['HEAD, with a stream', 'HEAD', { body: pieces('ignored'), trailers: () => ({ a: '1' }) }],
    ['HEAD, with a 404', 'HEAD', { status: 404, body: 'ignored' }],
    ['204', 'GET', { status: 204, body: 'ignored' }],
    ['304', 'GET', { status: 304, headers: ['Content-Length', '1000', 'etag', '"1"'] }],
    ['304, with a stream', 'GET', { status: 304, body: pieces('ignored') }],
  ];

  test.each(bodiless)(
    'a response to %s goes without a body, its head unchanged',
    async (_name, method, init) => {
      await using both = await pair(() => init);
      const response = await both.client.request({ method, path: '/' });
      expect(response.status).toBe(init.status ?? 200);
      expect(response.headers.raw).toEqual(Fields.from(init.headers).raw);
      expect(await gather(response.body)).toHaveLength(0);
      expect(await response.text()).toBe('');
      expect(response.trailers).toBeUndefined();
    },
  );
});

/** A peer that checks nothing: the transport alone. */
async function careless(
  status: number,
  headers: readonly string[],
  whole: string | undefined,
  stream: OutgoingStream | undefined,
) {
  const server = createTransportServer((exchange) => {
    const head = new ResponseHead(status, new Fields(headers));
    exchange.respond(head, whole === undefined ? undefined : Buffer.from(whole), stream);
  });
  const client = createClient(await server.listen('teleport://127.0.0.1:0'));
  return {
    client,
    async [Symbol.asyncDispose]() {
      await client.close();
      await server.close();
    },
  };
}

describe('what a careless server sends', () => {
  test.each([
    ['longer', ['content-length', '2']],
    ['shorter', ['content-length', '4']],
    ['of no length that is a number', ['content-length', 'x']],
  ])(
    'a whole body that is %s rejects with BODY_LENGTH, processed "yes"',
    async (_name, headers) => {
      await using peer = await careless(200, headers, 'abc', undefined);
      const error = await failure(peer.client.request({ path: '/' }));
      expect(error).toMatchObject({ code: 'BODY_LENGTH', processed: 'yes' });
    },
  );

  test('no body where one was declared rejects with BODY_LENGTH', async () => {
    await using peer = await careless(200, ['content-length', '1'], undefined, undefined);
    expect((await failure(peer.client.request({ path: '/' }))).code).toBe('BODY_LENGTH');
  });

  test.each([
    ['longer', '3'],
    ['shorter', '5'],
    ['not declared as empty', '0'],
  ])(
    'a streamed body that turns out %s fails where it is read with BODY_LENGTH',
    async (_name, length) => {
      for (const read of ['bytes', 'text', 'json', 'body'] as const) {
        await using peer = await careless(200, ['content-length', length], undefined, {
          source: pieces('ab', 'cd'),
        });
        const response = await peer.client.request({ path: '/' });
        expect([response.status, response.reason]).toEqual([200, '']);
        const reading = read === 'body' ? gather(response.body) : Promise.resolve(response[read]());
        expect(await failure(reading)).toMatchObject({ code: 'BODY_LENGTH', processed: 'yes' });
      }
    },
  );

  test.each([
    ['of the declared length is read', '4', 'abcd'],
    ['of another length fails', '3', 'BODY_LENGTH'],
    ['declared as empty fails', '0', 'BODY_LENGTH'],
  ])(
    'a streamed body that comes at once with its head, and is %s',
    async (_name, length, outcome) => {
      const server = createTransportServer((exchange) => {
        const head = new ResponseHead(200, new Fields(['content-length', length]));
        exchange.respond(head, undefined, { source: pieces('ab', 'cd') });
      });
      const relay = await relayTo(await server.listen('teleport://127.0.0.1:0'));
      const client = createClient(relay.address);
      await client.ready();
      relay.hold();
      const found = client
        .request({ path: '/' })
        .then((response) => response.text())
        .catch((error: unknown) => failure(Promise.reject(error)));
      while (server.stats().requests === 0 || server.stats().pending > 0) {
        await new Promise(setImmediate);
      }
      for (let before = -1; relay.held > before; ) {
        before = relay.held;
        await new Promise(setImmediate);
        await new Promise(setImmediate);
      }
      relay.release();
      const read = await found;
      expect(typeof read === 'string' ? read : read.code).toBe(outcome);
      await client.close();
      await server.close();
      await relay[Symbol.asyncDispose]();
    },
  );

  test('a streamed body with a content-length that is no number rejects at its head', async () => {
    await using peer = await careless(200, ['content-length', '1, 1'], undefined, {
      source: pieces('a'),
    });
    expect((await failure(peer.client.request({ path: '/' }))).code).toBe('BODY_LENGTH');
  });

  test('a streamed body of the declared length is read to its end, with its trailers', async () => {
    await using peer = await careless(200, ['content-length', '4'], undefined, {
      source: pieces('ab', 'cd'),
      trailers: () => new Fields(['x', '1']),
    });
    const response = await peer.client.request({ path: '/' });
    expect(await response.text()).toBe('abcd');
    expect(response.trailers?.raw).toEqual(['x', '1']);
  });

  test.each([
    [200, 'HEAD'],
    [204, 'GET'],
    [304, 'GET'],
  ])(
    'a body with %i to %s is dropped, and stopped where it is streamed',
    async (status, method) => {
      {
        await using peer = await careless(status, ['content-length', '9'], 'abc', undefined);
        const response = await peer.client.request({ method, path: '/' });
        expect(response.status).toBe(status);
        expect(response.headers.raw).toEqual(['content-length', '9']);
        expect(await response.bytes()).toHaveLength(0);
        expect(await gather(response.body)).toHaveLength(0);
      }
      const { promise: stopped, resolve } = Promise.withResolvers<void>();
      async function* endless() {
        try {
          for (;;) yield Buffer.alloc(10_000);
        } finally {
          resolve();
        }
      }
      await using peer = await careless(status, [], undefined, { source: endless() });
      const response = await peer.client.request({ method, path: '/' });
      expect(await response.text()).toBe('');
      await stopped;
    },
  );
});

describe('what a careless client sends', () => {
  async function ask(headers: readonly string[], whole: string | undefined, ...streamed: string[]) {
    const handled: string[] = [];
    const server = createServer(async (request) => {
      handled.push(request.method);
      return { body: await request.bytes() };
    });
    const pool = createPool([await server.listen('teleport://127.0.0.1:0')]);
    const outcome = await pool
      .call({
        head: new RequestHead('PUT', '/', new Fields(headers)),
        body: whole === undefined ? undefined : Buffer.from(whole),
        stream: streamed.length === 0 ? undefined : { source: pieces(...streamed) },
      })
      .then((response) => String(response.text()), failureOf);
    await pool.close();
    await server.close();
    return { outcome, handled };
  }
  const failureOf = (error: unknown) => failure(Promise.reject(error));

  test.each([
    ['longer', ['content-length', '2'], 'abc'],
    ['shorter', ['content-length', '4'], 'abc'],
    ['missing', ['content-length', '4'], undefined],
    ['declared in no number', ['content-length', '3x'], 'abc'],
  ])(
    'a whole body that is %s is refused with BODY_LENGTH, processed "no"',
    async (_name, headers, whole) => {
      const { outcome, handled } = await ask(headers, whole);
      expect(outcome).toMatchObject({ code: 'BODY_LENGTH', processed: 'no' });
      expect(handled).toEqual([]);
    },
  );

  test.each([
    ['longer', ['content-length', '3']],
    ['shorter', ['content-length', '5']],
  ])(
    'a streamed body that turns out %s fails where the handler reads it',
    async (_name, headers) => {
      const { outcome, handled } = await ask(headers, undefined, 'ab', 'cd');
      expect(outcome).toMatchObject({ code: 'BODY_LENGTH', processed: 'maybe' });
      expect(handled).toEqual(['PUT']);
    },
  );

  test('a streamed body of the declared length is handled', async () => {
    const { outcome } = await ask(['content-length', '4'], undefined, 'ab', 'cd');
    expect(outcome).toBe('abcd');
  });

  test('a streamed body declared in no number is refused, processed "no"', async () => {
    const { outcome, handled } = await ask(['content-length', '4,4'], undefined, 'ab', 'cd');
    expect(outcome).toMatchObject({ code: 'BODY_LENGTH', processed: 'no' });
    expect(handled).toEqual([]);
  });
});

test('a streamed request that waits its turn until all of it has come is as long as it says', async () => {
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  await using both = await pair(
    async (request) => {
      if (request.path === '/first') {
        begun.resolve();
        await goOn.promise;
      }
      return { body: await request.text() };
    },
    { serial: true },
  );
  const first = both.client.request({ path: '/first' });
  await begun.promise;
  const sent = Promise.withResolvers<void>();
  async function* body() {
    yield* pieces('ab', 'c');
    sent.resolve();
  }
  const headers = { 'content-length': '3' };
  const second = both.client.request({ method: 'PUT', path: '/', headers, body: body() });
  await sent.promise;
  await new Promise((resolve) => setImmediate(resolve));
  const third = both.client.request({ path: '/third' });
  await vi.waitUntil(() => both.server.stats().pending === 3);
  goOn.resolve();
  const answers = await Promise.all([first, second, third]);
  expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(['', 'abc', '']);
});
