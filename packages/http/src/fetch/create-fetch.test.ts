import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  createClient,
  createDispatcher,
  createFetch,
  fromFetch,
  type Handler,
  isTpError,
  type Request as LeanRequest,
  UndiciError,
} from '../index.ts';
import { pair } from '../test/pair.ts';

const encode = new TextEncoder();

/** Answers with what it was asked. */
const echo: Handler = async (request) => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    method: request.method,
    path: request.path,
    host: request.headers.get('host'),
    type: request.headers.get('content-type'),
    length: request.headers.get('content-length'),
    text: await request.text(),
  }),
});

/** What a `fetch` rejects with, down to the error of tp. */
async function causes(promise: Promise<unknown>): Promise<{ outer: Error; inner: UndiciError }> {
  const outer: unknown = await promise.catch((error: unknown) => error);
  if (outer instanceof TypeError && outer.cause instanceof UndiciError) {
    if (isTpError(outer.cause.cause)) return { outer, inner: outer.cause };
  }
  throw new Error('expected an error of fetch', { cause: outer });
}

/** A handler that waits until its request is cancelled. */
function waiting() {
  const reached = Promise.withResolvers<LeanRequest>();
  const stopped = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    stopped: stopped.promise,
    watch(request: LeanRequest): void {
      request.signal.addEventListener('abort', () => stopped.resolve());
      reached.resolve(request);
    },
  };
}

describe('the URL', () => {
  test.each<
    [name: string, input: string | URL, base: string | undefined, host: string, path: string]
  >([
    ['a path', '/a?b#c', undefined, 'localhost', '/a?b'],
    ['a path under a base', 'a', 'http://api.example/v1/', 'api.example', '/v1/a'],
    ['another authority', 'http://b.example:81/x', 'http://api.example/v1/', 'b.example:81', '/x'],
    ['another scheme', 'https://b.example/', undefined, 'b.example', '/'],
    ['a URL', new URL('http://b.example/u'), undefined, 'b.example', '/u'],
    ['dots and escapes', '/a/../%7e?q=%20', undefined, 'localhost', '/%7e?q=%20'],
  ])('%s asks for what it says', async (_name, input, base, host, path) => {
    await using both = await pair(echo);
    const fetch = createFetch(both.client, base === undefined ? {} : { baseUrl: base });
    expect(await (await fetch(input)).json()).toMatchObject({ host, path, method: 'GET' });
  });

  test('that is none is refused as by fetch', async () => {
    await using both = await pair(echo);
    const fetch = createFetch(both.client, { baseUrl: 'http://a.example' });
    await expect(fetch('http://')).rejects.toThrow(TypeError);
    expect(() => createFetch(both.client, { baseUrl: 'nothing' })).toThrow(TypeError);
  });

  test('data: needs no peer', async () => {
    await using both = await pair(echo);
    expect(await (await createFetch(both.client)('data:,hello')).text()).toBe('hello');
  });
});

test('a Request is taken, as input and as init', async () => {
  await using both = await pair(echo);
  const fetch = createFetch(both.client);
  const request = new Request('http://a.example/r', { method: 'PUT', body: 'text' });
  expect(await (await fetch(request.clone())).json()).toMatchObject({
    method: 'PUT',
    path: '/r',
    host: 'a.example',
    text: 'text',
  });
  expect(await (await fetch(request.clone(), { method: 'POST' })).json()).toMatchObject({
    method: 'POST',
    text: 'text',
  });
  expect(await (await fetch('/other', request)).json()).toMatchObject({
    method: 'PUT',
    path: '/other',
    host: 'localhost',
    text: 'text',
  });
});

test('the request of a fetch handler can be passed on', async () => {
  await using behind = await pair(echo);
  const fetch = createFetch(behind.client);
  await using front = await pair(fromFetch((request) => fetch(request)));
  const response = await createFetch(front.client)('/on', { method: 'POST', body: 'text' });
  expect(await response.json()).toMatchObject({ method: 'POST', path: '/on', text: 'text' });
});

const form = new FormData();
form.append('a', 'b');

test.each<[name: string, body: RequestInit['body'], expected: Record<string, unknown>]>([
  ['text', 'grün', { type: 'text/plain;charset=UTF-8', length: '5', text: 'grün' }],
  ['bytes', encode.encode('ab'), { length: '2', text: 'ab' }],
  [
    'parameters',
    new URLSearchParams({ a: 'b c' }),
    { type: 'application/x-www-form-urlencoded;charset=UTF-8', text: 'a=b+c' },
  ],
  ['a blob', new Blob(['ab'], { type: 'x/y' }), { type: 'x/y', length: '2', text: 'ab' }],
  [
    'a form',
    form,
    { type: expect.stringMatching(/^multipart\/form-data/), text: expect.stringContaining('"a"') },
  ],
])('a body may be %s', async (_name, body, expected) => {
  await using both = await pair(echo);
  const response = await createFetch(both.client)('/', { method: 'POST', body: body ?? null });
  expect(await response.json()).toMatchObject(expected);
});

test('streams go both ways at once', async () => {
  await using both = await pair((request) => ({ body: request.body }));
  const there = new TransformStream<Uint8Array, Uint8Array>();
  const writer = there.writable.getWriter();
  const response = await createFetch(both.client)('/', {
    method: 'POST',
    body: there.readable,
    duplex: 'half',
  });
  const reader = response.body?.getReader();
  for (const text of ['one', 'two']) {
    await writer.write(encode.encode(text));
    const { value } = (await reader?.read()) ?? {};
    expect(Buffer.from(value ?? []).toString()).toBe(text);
  }
  await writer.close();
  expect((await reader?.read())?.done).toBe(true);
});

test('a response has its status, its reason, its fields and its decoded body', async () => {
  await using both = await pair(() => ({
    status: 203,
    reason: 'Indeed',
    headers: ['Set-Cookie', 'a=1', 'set-cookie', 'b=2', 'X-A', '1', 'Content-Encoding', 'gzip'],
    body: gzipSync('unpacked'),
  }));
  const response = await createFetch(both.client)('/path');
  expect([response.status, response.statusText, response.url]).toEqual([
    203,
    'Indeed',
    'http://localhost/path',
  ]);
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  expect(response.headers.get('x-a')).toBe('1');
  expect(await response.text()).toBe('unpacked');
});

describe('a redirect', () => {
  const redirecting: Handler = (request) => {
    const [, target] = request.path.split('?to=');
    if (target === undefined) return echo(request);
    return { status: 307, headers: { location: decodeURIComponent(target) } };
  };
  const to = (target: string) => `/?to=${encodeURIComponent(target)}`;

  test('within the origin is followed, with its body', async () => {
    await using both = await pair(redirecting);
    const response = await createFetch(both.client)(to('/there'), { method: 'POST', body: 'b' });
    expect(response.redirected).toBe(true);
    expect(await response.json()).toMatchObject({ path: '/there', method: 'POST', text: 'b' });
  });

  test('to another origin is not sent to the peer', async () => {
    await using both = await pair(redirecting);
    const { inner } = await causes(createFetch(both.client)(to('http://other.example/')));
    expect(inner).toMatchObject({ code: 'UND_ERR_INVALID_ARG', processed: 'no' });
    expect(inner.message).toContain('http://other.example');
  });

  test('to an origin that is listed is followed over the client', async () => {
    await using both = await pair(redirecting);
    const fetch = createFetch(both.client, {
      origins: ['http://localhost', 'http://other.example'],
    });
    const response = await fetch(to('http://other.example/x'));
    expect(await response.json()).toMatchObject({ host: 'other.example', path: '/x' });
    await causes(fetch('http://third.example/'));
  });

  test('to another origin goes elsewhere when that is said', async () => {
    await using both = await pair(redirecting);
    await using other = await pair(() => ({ body: 'elsewhere' }));
    const fetch = createFetch(both.client, { elsewhere: createDispatcher(other.client) });
    expect(await (await fetch(to('http://other.example/'))).text()).toBe('elsewhere');
  });

  test('is shown when it is asked for so', async () => {
    await using both = await pair(redirecting);
    const response = await createFetch(both.client)(to('/there'), { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([307, '/there']);
  });
});

describe('an abort', () => {
  test('before the head rejects with its reason, and stops the handler', async () => {
    const { watch, reached, stopped } = waiting();
    await using both = await pair((request) => {
      watch(request);
      return new Promise(() => {});
    });
    const leaving = new AbortController();
    const call = createFetch(both.client)('/', { signal: leaving.signal });
    const ended = expect(call).rejects.toMatchObject({ name: 'AbortError' });
    await reached;
    leaving.abort();
    await ended;
    await stopped;
  });

  test('within the body fails the body, and stops the handler', async () => {
    const { watch, stopped } = waiting();
    await using both = await pair((request) => {
      watch(request);
      return {
        body: (async function* () {
          yield encode.encode('part');
          await stopped;
        })(),
      };
    });
    const leaving = new AbortController();
    const response = await createFetch(both.client)('/', { signal: leaving.signal });
    const text = expect(response.text()).rejects.toMatchObject({ name: 'AbortError' });
    leaving.abort();
    await text;
    await stopped;
  });

  test('of the body alone stops the handler', async () => {
    const { watch, stopped } = waiting();
    await using both = await pair((request) => {
      watch(request);
      return {
        body: (async function* () {
          for (;;) yield new Uint8Array(16 * 1024);
        })(),
      };
    });
    const response = await createFetch(both.client)('/');
    await response.body?.cancel();
    await stopped;
  });

  test('that came first sends nothing', async () => {
    let asked = 0;
    await using both = await pair(() => {
      asked++;
      return {};
    });
    const fetch = createFetch(both.client);
    await expect(fetch('/', { signal: AbortSignal.abort() })).rejects.toThrow(DOMException);
    await fetch('/');
    expect(asked).toBe(1);
  });
});

test('a peer that cannot be reached fails as in fetch, with processed "no"', async () => {
  await using closing = await pair(() => ({}));
  await closing.server.close();
  await using client = createClient(closing.address, { requestTimeoutMs: 50 });
  const { outer, inner } = await causes(createFetch(client)('/', { method: 'POST', body: 'x' }));
  expect(outer.message).toBe('fetch failed');
  expect(inner.processed).toBe('no');
});

test('a body that breaks off is terminated, with the error as cause', async () => {
  await using both = await pair(
    () => ({
      body: (async function* () {
        yield encode.encode('part');
        throw new Error('broken');
      })(),
    }),
    { onError: () => {} },
  );
  const response = await createFetch(both.client)('/');
  const { outer, inner } = await causes(response.text());
  expect(outer.message).toBe('terminated');
  expect(inner).toMatchObject({ code: 'UND_ERR_SOCKET', processed: 'yes' });
});

test('a fetch that stands in for the global one asks the platform for the real one', async () => {
  await using both = await pair(echo);
  const before = globalThis.fetch;
  globalThis.fetch = createFetch(both.client);
  try {
    expect(await (await fetch('/global')).json()).toMatchObject({ path: '/global' });
    const second = createFetch(both.client);
    expect(await (await second('/second')).json()).toMatchObject({ path: '/second' });
  } finally {
    globalThis.fetch = before;
  }
});
