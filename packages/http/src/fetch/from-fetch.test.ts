import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type FetchHandler, fromFetch, type Response as LeanResponse } from '../index.ts';
import { failure, gather, pair } from '../test/pair.ts';

/** What a client gets of a handler's answer, and what the server was told of. */
async function answered<T>(
  handler: FetchHandler,
  look: (response: LeanResponse) => T | Promise<T>,
  method = 'GET',
): Promise<{ found: T; errors: unknown[] }> {
  const errors: unknown[] = [];
  await using both = await pair(fromFetch(handler), { onError: (error) => errors.push(error) });
  const found = await look(await both.client.request({ method, path: '/' }));
  return { found, errors };
}

test('a handler sees method, URL and fields of the request, and what tp knows besides', async () => {
  await using both = await pair(
    fromFetch(async (request, info) => {
      expect(request).toBeInstanceOf(Request);
      expect(Object.prototype.toString.call(request)).toBe('[object Request]');
      expect(request.constructor).toBe(Request);
      info.inform(103, { link: '</a.css>' });
      return Response.json({
        method: request.method,
        url: request.url,
        headers: [...request.headers],
        body: await request.json(),
        remaining: (info.remainingMs ?? 0) > 0,
        peer: info.peer,
        raw: info.headers.raw,
        path: info.path,
      });
    }),
  );
  const informed: number[] = [];
  const response = await both.client.request({
    method: 'POST',
    path: '/items/%C3%A9?q=a%20b&q=2',
    headers: ['Host', 'Shop.example:8080', 'X-A', '1', 'x-a', '2', 'Content-Type', 'text/x'],
    body: '{"a":1}',
    deadlineMs: 60_000,
    onInformation: (status) => informed.push(status),
  });
  expect(await response.json()).toEqual({
    method: 'POST',
    url: 'http://shop.example:8080/items/%C3%A9?q=a%20b&q=2',
    headers: [
      ['content-type', 'text/x'],
      ['host', 'Shop.example:8080'],
      ['x-a', '1, 2'],
    ],
    body: { a: 1 },
    remaining: true,
    peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    raw: ['Host', 'Shop.example:8080', 'X-A', '1', 'x-a', '2', 'Content-Type', 'text/x'],
    path: '/items/%C3%A9?q=a%20b&q=2',
  });
  expect(response.headers.raw).toEqual(['content-type', 'application/json']);
  expect(informed).toEqual([103]);
});

test.each<[string, (request: Request) => Promise<string>]>([
  ['whole', (request) => request.text()],
  ['piece by piece', (request) => new Response(request.body).text()],
])('a client that waits to go on is told so when its body is read %s, once', async (_how, read) => {
  await using both = await pair(fromFetch(async (request) => new Response(await read(request))));
  const { promise: told, resolve: goOn } = Promise.withResolvers<void>();
  const informed: number[] = [];
  const response = await both.client.request({
    method: 'POST',
    path: '/',
    headers: { expect: '100-Continue' },
    body: (async function* () {
      await told;
      yield* [Buffer.from('one, '), Buffer.from('two')];
    })(),
    onInformation: (status) => {
      informed.push(status);
      goOn();
    },
  });
  expect(await response.text()).toBe('one, two');
  expect(informed).toEqual([100]);
});

test('a client that waits to go on is not told so where nobody reads its body', async () => {
  await using both = await pair(fromFetch(() => new Response('no', { status: 413 })));
  const informed: number[] = [];
  const response = await both.client.request({
    method: 'POST',
    path: '/',
    headers: { expect: '100-continue' },
    body: new ReadableStream(),
    onInformation: (status) => informed.push(status),
  });
  expect([response.status, await response.text()]).toEqual([413, 'no']);
  expect(informed).toEqual([]);
});

const bytes = new TextEncoder().encode('body');

test.each<[string, () => Response]>([
  ['text', () => new Response('body')],
  ['bytes', () => new Response(bytes)],
  ['an ArrayBuffer', () => new Response(bytes.buffer)],
  ['URLSearchParams', () => new Response(new URLSearchParams('body'))],
  ['JSON', () => Response.json({ a: 1 })],
  ['a clone', () => new Response('body').clone()],
  [
    'a stream whose end is there',
    () => new Response(new Blob(['x']).size === 1 ? endedStream('body') : null),
  ],
  ['64 KiB', () => new Response('x'.repeat(65_536))],
])('a response made of %s goes whole with its head', async (_what, make) => {
  const { found } = await answered(make, (response) => response.bytes());
  expect(found).toBeInstanceOf(Uint8Array);
  const whole = await answered(make, async (response) =>
    String(Buffer.from(await response.bytes())),
  );
  expect(whole.found).toBe(await make().text());
});

function endedStream(...texts: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const text of texts) controller.enqueue(Buffer.from(text));
      controller.close();
    },
  });
}

test.each<[string, () => Response]>([
  ['64 KiB and a byte', () => new Response('x'.repeat(65_537))],
  ['a Blob', () => new Response(new Blob(['a', 'b']))],
  ['a form', () => new Response(new FormData())],
  ['many pieces', () => new Response(endedStream(...Array(300).fill('x'.repeat(1_000))))],
  ['pieces that come later', () => new Response(ReadableStream.from(later('a', '', 'b')))],
])('a response made of %s comes to its end', async (_what, make) => {
  const { found } = await answered(make, async (response) => String(await gather(response.body)));
  const expected = await make().text();
  expect(found.replace(/formdata-undici-\d+/g, '')).toBe(
    expected.replace(/formdata-undici-\d+/g, ''),
  );
});

async function* later(...texts: string[]) {
  for (const text of texts) {
    await turn();
    yield Buffer.from(text);
  }
}

test('status, phrase and fields go out, each cookie by itself', async () => {
  const { found } = await answered(
    () => {
      const headers = new Headers({ 'X-B': '2', 'x-a': '1', connection: 'x-gone', 'x-gone': '1' });
      headers.append('set-cookie', 'a=1, b');
      headers.append('set-cookie', 'c=2');
      headers.append('x-a', 'é'.normalize('NFC'));
      return new Response('x', { status: 201, statusText: 'Made', headers });
    },
    ({ status, reason, headers }) => [status, reason, headers.raw],
  );
  expect(found).toEqual([
    201,
    'Made',
    [
      'content-type',
      'text/plain;charset=UTF-8',
      'set-cookie',
      'a=1, b',
      'set-cookie',
      'c=2',
      'x-a',
      '1, é',
      'x-b',
      '2',
    ],
  ]);
});

test.each<[string, string, (body: ReadableStream) => Response]>([
  ['HEAD', 'HEAD', (body) => new Response(body, { headers: { 'content-length': '9' } })],
  ['none', 'GET', () => new Response(null)],
  ['204', 'GET', () => new Response(null, { status: 204 })],
  ['304', 'GET', () => new Response(null, { status: 304 })],
])(
  '%s: a response without a body has none, and one that was given is stopped',
  async (what, method, make) => {
    const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
    const body = new ReadableStream({ cancel: stop });
    const { found, errors } = await answered(
      () => make(body),
      async (response) => [response.headers.get('content-length'), String(await response.bytes())],
      method,
    );
    expect(found).toEqual([what === 'HEAD' ? '9' : undefined, '']);
    if (what === 'HEAD') await stopped;
    expect(errors).toEqual([]);
  },
);

test.each<[string, FetchHandler, string]>([
  [
    'throws',
    () => {
      throw new Error('a bug');
    },
    'a bug',
  ],
  ['rejects', () => Promise.reject(new Error('a bug')), 'a bug'],
  [
    'answers with nothing',
    () => JSON.parse('{}').nothing,
    'answered with undefined; expected a Response',
  ],
  ['answers with something else', () => JSON.parse('{"body":null}'), 'expected a Response'],
  [
    'answers with a response that was read',
    async () => {
      const response = new Response('x');
      await response.text();
      return response;
    },
    'was read already',
  ],
  [
    'answers with a response that is being read',
    () => {
      const response = new Response('x');
      response.body?.getReader();
      return response;
    },
    'locked',
  ],
  [
    'answers with a stream that fails before its first piece',
    () =>
      new Response(
        new ReadableStream({
          pull() {
            throw new Error('a bug');
          },
        }),
      ),
    'a bug',
  ],
  [
    'answers with a stream of something else than bytes',
    () => {
      const { readable, writable } = new TransformStream();
      void writable.getWriter().write(1);
      return new Response(readable);
    },
    'gave number; expected Uint8Array',
  ],
  [
    'answers with a stream that fails in its middle',
    () => {
      async function* failing() {
        yield Buffer.from('x');
        throw new Error('a bug');
      }
      return new Response(ReadableStream.from(failing()));
    },
    '',
  ],
])(
  'a handler that %s is told to onError, and its client gets 500 or a broken body',
  async (_what, handler, message) => {
    const { found, errors } = await answered(handler, async (response) => {
      const read = await Promise.resolve(response.text()).then(
        () => 'whole',
        () => 'broken',
      );
      return [response.status, read];
    });
    expect(found).toEqual(message === '' ? [200, 'broken'] : [500, 'whole']);
    expect(errors).toHaveLength(1);
    expect(String(errors[0])).toContain(message);
  },
);

test('Response.error() fails the request', async () => {
  const errors: unknown[] = [];
  await using both = await pair(
    fromFetch(() => Response.error()),
    {
      onError: (error) => errors.push(error),
    },
  );
  expect(await failure(both.client.request({ path: '/' }))).toMatchObject({
    code: 'INTERNAL',
    processed: 'yes',
    message: expect.stringContaining('Response.error()'),
  });
  expect(errors).toEqual([]);
});

test('the head of a stream goes before its first piece, and each piece when it is there', async () => {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const events = new ReadableStream<Uint8Array>({
    start(own) {
      controller = own;
    },
  });
  await using both = await pair(
    fromFetch(() => new Response(events, { headers: { 'content-type': 'text/event-stream' } })),
  );
  const response = await both.client.request({ path: '/events' });
  const pieces = response.body[Symbol.asyncIterator]();
  for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
    const piece = pieces.next();
    controller?.enqueue(Buffer.from(text));
    expect(String(Buffer.from((await piece).value))).toBe(text);
  }
  controller?.close();
  expect((await pieces.next()).done).toBe(true);
});

test('a stream is read as the client takes it, and cancelled when it goes away', async () => {
  let made = 0;
  const { promise: cancelled, resolve: cancel } = Promise.withResolvers<void>();
  await using both = await pair(
    fromFetch(
      () =>
        new Response(
          new ReadableStream(
            {
              async pull(controller) {
                made++;
                await turn();
                controller.enqueue(new Uint8Array(64 * 1024));
              },
              cancel,
            },
            { highWaterMark: 0 },
          ),
        ),
    ),
  );
  const response = await both.client.request({ path: '/' });
  for (let before = -1; made !== before; ) {
    before = made;
    for (let i = 0; i < 50; i++) await turn();
  }
  expect(made).toBeLessThan(1_000);
  for await (const piece of response.body) {
    expect(piece.length).toBeGreaterThan(0);
    break;
  }
  await cancelled;
});

test('a response that comes after the client has gone is cancelled', async () => {
  const { promise: cancelled, resolve: cancel } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  await using both = await pair(
    fromFetch(async (request) => {
      begin();
      await new Promise((resolve) => request.signal.addEventListener('abort', resolve));
      return new Response(new ReadableStream({ cancel }));
    }),
  );
  const leaving = new AbortController();
  const call = failure(both.client.request({ path: '/', signal: leaving.signal }));
  await begun;
  leaving.abort();
  expect((await call).code).toBe('CANCEL');
  await cancelled;
});

test('a response of another realm is one, too', async () => {
  const { found } = await answered(
    () =>
      Object.create(new Response('x'), {
        status: { value: 202 },
        statusText: { value: '' },
        headers: { value: new Headers() },
        type: { value: 'default' },
        bodyUsed: { value: false },
        body: { value: endedStream('foreign') },
      }),
    async (response) => [response.status, await response.text()],
  );
  expect(found).toEqual([202, 'foreign']);
});
