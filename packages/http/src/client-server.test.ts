import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createClient, createServer, Fields, isTpError, type Request, TpError } from './index.ts';
import { certificate, key } from './test/certificate.ts';
import { failure, pair } from './test/pair.ts';
import { shiftedClock } from './test/shifted-clock.ts';

/** A handler that has begun, and does not end before its signal fires. */
function untilAborted() {
  const { promise: begun, resolve: begin } = Promise.withResolvers<Request>();
  const { promise: ended, resolve: end } = Promise.withResolvers<unknown>();
  const handler = (request: Request) =>
    new Promise<never>((_resolve, reject) => {
      request.signal.addEventListener('abort', () => {
        end(request.signal.reason);
        reject(request.signal.reason);
      });
      begin(request);
    });
  return { handler, begun, ended };
}

test('a handler sees the method, target and fields as they were sent', async () => {
  await using both = await pair((request) => ({
    body: JSON.stringify([request.method, request.path, request.headers.raw, request.peer]),
  }));
  const response = await both.client.request({
    method: 'M-SEARCH',
    path: '*?a=%20&b=ü'.replace('ü', '%C3%BC'),
    headers: ['X-B', '1', 'x-a', '', 'X-b', '2'],
  });
  expect(response.json()).toEqual([
    'M-SEARCH',
    '*?a=%20&b=%C3%BC',
    ['X-B', '1', 'x-a', '', 'X-b', '2'],
    expect.stringMatching(/^127\.0\.0\.1:\d+$/),
  ]);
});

test('a request is GET, and a response 200 without fields, by default', async () => {
  await using both = await pair((request) => ({ body: request.method }));
  const response = await both.client.request({ path: '/' });
  expect([response.status, response.reason, response.headers.size, response.text()]).toEqual([
    200,
    '',
    0,
    'GET',
  ]);
});

test.each([
  ['an object', { 'X-One': '1', 'x-many': ['2', '3'], 'x-none': undefined }],
  ['a flat list', ['X-One', '1', 'x-many', '2', 'x-many', '3']],
  ['Fields', new Fields(['X-One', '1', 'x-many', '2', 'x-many', '3'])],
])('fields are taken from %s', async (_name, headers) => {
  await using both = await pair((request) => ({
    headers,
    body: JSON.stringify(request.headers.raw),
  }));
  const expected = ['X-One', '1', 'x-many', '2', 'x-many', '3'];
  const response = await both.client.request({ path: '/', headers });
  expect(response.json()).toEqual(expected);
  expect(response.headers.raw).toEqual(expected);
  expect(response.headers.get('X-ONE')).toBe('1');
  expect(response.headers.getAll('x-MANY')).toEqual(['2', '3']);
});

test('names that objects have are fields like any other', async () => {
  await using both = await pair((request) => ({ headers: request.headers }));
  const headers = ['__proto__', 'a', 'constructor', 'b', 'hasOwnProperty', 'c'];
  const response = await both.client.request({ path: '/', headers });
  expect(response.headers.raw).toEqual(headers);
});

test('a reason is carried where it differs from the usual one', async () => {
  await using both = await pair(({ path }) => ({
    status: 404,
    reason: path === '/own' ? 'Gone Fishing' : 'Not Found',
  }));
  expect(await both.client.request({ path: '/own' })).toMatchObject({
    status: 404,
    reason: 'Gone Fishing',
  });
  expect(await both.client.request({ path: '/' })).toMatchObject({ status: 404, reason: '' });
});

test('many requests at once are each answered with their own response', async () => {
  await using both = await pair(async (request) => {
    if (Number(request.path.slice(1)) % 3 === 0) await new Promise(setImmediate);
    return { body: request.path };
  });
  const paths = Array.from({ length: 2000 }, (_, i) => `/${i}`);
  const texts = await Promise.all(
    paths.map(async (path) => (await both.client.request({ path })).text()),
  );
  expect(texts).toEqual(paths);
  expect(both.client.pending).toBe(0);
});

describe('before the response', () => {
  test('1xx heads come in order', async () => {
    await using both = await pair((request) => {
      request.inform(102);
      request.inform(103, { link: '</a.css>; rel=preload' });
      return { body: 'x' };
    });
    const seen: unknown[] = [];
    const response = await both.client.request({
      path: '/',
      onInformation: (status, headers) => seen.push([status, headers.raw]),
    });
    expect(seen).toEqual([
      [102, []],
      [103, ['link', '</a.css>; rel=preload']],
    ]);
    expect(response.text()).toBe('x');
  });

  test.each([99, 101, 200])('%i is no status to inform with', async (status) => {
    await using both = await pair((request) => {
      request.inform(status);
      return {};
    });
    const error = await failure(both.client.request({ path: '/' }));
    expect(error.processed).toBe('yes');
  });

  test('a client that throws on information cancels its request', async () => {
    const { handler, ended } = untilAborted();
    await using both = await pair((request) => {
      request.inform(102);
      return handler(request);
    });
    const cause = new Error('no');
    const onInformation = () => {
      throw cause;
    };
    const error = await failure(both.client.request({ path: '/', onInformation }));
    expect(error).toMatchObject({ code: 'CANCEL', cause });
    expect(await ended).toMatchObject({ code: 'CANCEL' });
  });
});

describe('a signal', () => {
  test('stops the handler, and rejects with CANCEL and its reason as the cause', async () => {
    const { handler, begun, ended } = untilAborted();
    await using both = await pair(handler);
    const controller = new AbortController();
    const failed = failure(both.client.request({ path: '/', signal: controller.signal }));
    await begun;
    const reason = new Error('changed my mind');
    controller.abort(reason);
    expect(await failed).toMatchObject({ code: 'CANCEL', processed: 'maybe', cause: reason });
    expect(await ended).toMatchObject({ code: 'CANCEL' });
  });

  test('that has fired already sends nothing', async () => {
    let handled = 0;
    await using both = await pair(() => {
      handled++;
      return {};
    });
    const signal = AbortSignal.abort();
    const error = await failure(both.client.request({ path: '/', signal }));
    expect(error).toMatchObject({ code: 'CANCEL', processed: 'no' });
    await both.client.request({ path: '/' });
    expect(handled).toBe(1);
  });

  test('that fires after the response changes nothing', async () => {
    await using both = await pair(() => ({ body: 'x' }));
    const controller = new AbortController();
    const response = await both.client.request({ path: '/', signal: controller.signal });
    controller.abort();
    expect(response.text()).toBe('x');
  });
});

describe('a deadline', () => {
  test('travels, stops the handler, and rejects with DEADLINE', async () => {
    const { handler, begun, ended } = untilAborted();
    const clock = shiftedClock();
    await using both = await pair(handler, {}, { clock });
    const failed = failure(both.client.request({ path: '/', deadlineMs: 60_000 }));
    const request = await begun;
    expect(request.remainingMs).toBeGreaterThan(0);
    expect(request.remainingMs).toBeLessThanOrEqual(60_000);
    clock.forward(61_000);
    expect(await failed).toMatchObject({ code: 'DEADLINE', processed: 'maybe' });
    expect(await ended).toMatchObject({ code: 'DEADLINE' });
    expect(request.remainingMs).toBe(0);
  });

  test('stops the handler by the clock of the server, too', async () => {
    const { handler, begun, ended } = untilAborted();
    const clock = shiftedClock();
    await using both = await pair(handler, { clock });
    const failed = failure(both.client.request({ path: '/', deadlineMs: 60_000 }));
    await begun;
    clock.forward(61_000);
    expect(await ended).toMatchObject({ code: 'DEADLINE' });
    expect((await failed).code).toBe('DEADLINE');
  });

  test('that was not set is undefined for the handler', async () => {
    await using both = await pair((request) => ({ body: String(request.remainingMs) }));
    expect((await both.client.request({ path: '/' })).text()).toBe('undefined');
  });

  test('covers the body', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('first');
      await new Promise(() => {});
    }
    const clock = shiftedClock();
    await using both = await pair(() => ({ body: endless() }), {}, { clock });
    const response = await both.client.request({ path: '/', deadlineMs: 60_000 });
    clock.forward(61_000);
    expect((await failure(Promise.resolve(response.bytes()))).code).toBe('DEADLINE');
  });

  test('of the client itself is TIMEOUT, until the head', async () => {
    const { handler, begun, ended } = untilAborted();
    const clock = shiftedClock();
    await using both = await pair(handler, {}, { clock, requestTimeoutMs: 60_000 });
    const failed = failure(both.client.request({ path: '/' }));
    await begun;
    clock.forward(61_000);
    expect(await failed).toMatchObject({ code: 'TIMEOUT', processed: 'maybe' });
    expect(await ended).toMatchObject({ code: 'TIMEOUT' });
  });
});

describe('a handler that fails', () => {
  const boom = new Error('boom');
  const failing = {
    throws: () => {
      throw boom;
    },
    rejects: () => Promise.reject(boom),
  };

  test.each(Object.entries(failing))(
    'and %s is answered 500 and told to onError, with its request',
    async (_name, handler) => {
      const told: unknown[] = [];
      await using both = await pair(handler, {
        onError: (error, request) => told.push(error, request.path),
      });
      const response = await both.client.request({ path: '/broken' });
      expect([response.status, response.headers.raw, response.text()]).toEqual([
        500,
        ['content-length', '0'],
        '',
      ]);
      expect(told).toEqual([boom, '/broken']);
    },
  );

  test.each(['no', 'maybe', 'yes'] as const)(
    'with a TpError refuses with its code and processed "%s"',
    async (processed) => {
      const told: unknown[] = [];
      await using both = await pair(
        async () => {
          throw new TpError({ code: 'OVERLOADED', message: 'come back later', processed });
        },
        { onError: (error) => told.push(error) },
      );
      const error = await failure(both.client.request({ path: '/' }));
      expect(error).toMatchObject({ code: 'OVERLOADED', processed, message: 'come back later' });
      expect(told).toEqual([]);
    },
  );

  test.each([
    ['a status below 200', { status: 199 }],
    ['a status above 599', { status: 600 }],
    ['a status that is no whole number', { status: 200.5 }],
    ['a field name with a space', { headers: { 'a b': '1' } }],
    ['a field value with a line break', { headers: { a: '1\r\nb: 2' } }],
    ['a reason with a line break', { reason: 'a\nb' }],
  ])('with %s is INTERNAL, processed "yes"', async (_name, answer) => {
    await using both = await pair(() => answer);
    const error = await failure(both.client.request({ path: '/' }));
    expect(error).toMatchObject({ code: 'INTERNAL', processed: 'yes' });
  });

  test('with a flat list of odd length is answered 500 and told to onError', async () => {
    const told: unknown[] = [];
    await using both = await pair(() => ({ headers: ['a'] }), {
      onError: (error) => told.push(error),
    });
    expect((await both.client.request({ path: '/' })).status).toBe(500);
    expect(told).toEqual([expect.any(TypeError)]);
  });
});

test.each([
  ['a method that is no token', { method: 'GET /', path: '/' }],
  ['an empty method', { method: '', path: '/' }],
  ['an empty path', { path: '' }],
  ['a path with a space', { path: '/a b' }],
  ['a path with a line break', { path: '/\r\nx: y' }],
  ['a path beyond ISO 8859-1', { path: '/世' }],
  ['a field name with a colon', { path: '/', headers: { 'a:b': '1' } }],
  ['an empty field name', { path: '/', headers: ['', '1'] }],
  ['a field value with NUL', { path: '/', headers: { a: 'b\0' } }],
  ['a field value with a line break', { path: '/', headers: { a: '1\r\nb: 2' } }],
  ['a field value with a space in front', { path: '/', headers: { a: ' b' } }],
  ['a field value beyond ISO 8859-1', { path: '/', headers: { a: '世' } }],
  ['a flat list of odd length', { path: '/', headers: ['a'] }],
])(
  'a request with %s is INVALID_ARGUMENT, processed "no", and harms no other',
  async (_name, request) => {
    const handled: string[] = [];
    await using both = await pair(({ path }) => {
      handled.push(path);
      return {};
    });
    const before = both.client.request({ path: '/before' });
    const failed = failure(both.client.request(request));
    const after = both.client.request({ path: '/after' });
    expect(await failed).toMatchObject({ code: 'INVALID_ARGUMENT', processed: 'no' });
    await Promise.all([before, after]);
    expect(handled).toEqual(['/before', '/after']);
  },
);

describe('an address', () => {
  test('of a unix socket is served', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tp-'));
    try {
      const address = `teleport+unix:${join(folder, 's')}`;
      await using both = await pair((request) => ({ body: request.peer ?? '' }), {}, {}, address);
      expect(both.address).toBe(address);
      expect((await both.client.request({ path: '/' })).text()).toBe('unix');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('of TLS is served to a client that trusts its certificate', async () => {
    const tls = { cert: certificate, key };
    await using both = await pair(
      () => ({ body: 'secret' }),
      { tls },
      { tls: { ca: certificate } },
      'teleports://localhost:0',
    );
    expect((await both.client.request({ path: '/' })).text()).toBe('secret');
  });

  test('of TLS is UNREACHABLE, processed "no", to a client that does not trust it', async () => {
    await using both = await pair(
      () => ({}),
      { tls: { cert: certificate, key } },
      {},
      'teleports://localhost:0',
    );
    const error = await failure(both.client.request({ path: '/' }));
    expect(error).toMatchObject({ code: 'UNREACHABLE', processed: 'no' });
  });

  test('where nobody listens is UNREACHABLE, processed "no"', async () => {
    const server = createServer(() => ({}));
    const address = await server.listen('teleport://127.0.0.1:0');
    await server.close();
    await using client = createClient(address);
    const error = await failure(client.request({ path: '/' }));
    expect(error).toMatchObject({ code: 'UNREACHABLE', processed: 'no' });
  });

  test.each(['http://127.0.0.1:80', 'teleport://127.0.0.1', ''])(
    '%j is INVALID_ARGUMENT',
    async (address) => {
      const attempt = (async () => createClient(address))();
      expect((await failure(attempt)).code).toBe('INVALID_ARGUMENT');
      expect((await failure(createServer(() => ({})).listen(address))).code).toBe(
        'INVALID_ARGUMENT',
      );
    },
  );

  test('may be one of several equal peers, and a server may listen at several', async () => {
    await using server = createServer(() => ({ body: 'x' }));
    const addresses = [
      await server.listen('teleport://127.0.0.1:0'),
      await server.listen('teleport://127.0.0.1:0'),
    ];
    expect(server.addresses).toEqual(addresses);
    await using client = createClient(addresses);
    await client.ready();
    await Promise.all(Array.from({ length: 10 }, () => client.request({ path: '/' })));
    expect(client.stats().links.map((link) => link.requests)).toEqual([5, 5]);
  });

  test('that answers 503 fast does not attract requests; 500 is an answer like any other', async () => {
    for (const [status, counts] of [
      [503, true],
      [500, false],
    ] as const) {
      await using bad = createServer(() => ({ status }));
      await using good = createServer(() => ({}));
      const addresses = [
        await bad.listen('teleport://127.0.0.1:0'),
        await good.listen('teleport://127.0.0.1:0'),
      ];
      await using client = createClient(addresses);
      await client.ready();
      for (let i = 0; i < 100; i++) await client.request({ path: '/' });
      const [health] = client.stats().health;
      expect(health?.failures === 0).toBe(!counts);
      if (counts) expect(bad.stats().requests).toBeLessThan(40);
    }
  });
});

describe('the end', () => {
  test('of a client waits for what is under way, and refuses what comes after', async () => {
    const { promise: answer, resolve: release } = Promise.withResolvers<{ body: string }>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    await using server = createServer(() => {
      begin();
      return answer;
    });
    const client = createClient(await server.listen('teleport://127.0.0.1:0'));
    const call = client.request({ path: '/' });
    await begun;
    const closed = client[Symbol.asyncDispose]();
    expect(await failure(client.request({ path: '/' }))).toMatchObject({
      code: 'CLOSED',
      processed: 'no',
    });
    release({ body: 'last' });
    expect((await call).text()).toBe('last');
    await closed;
  });

  test('of a server waits for what is under way', async () => {
    const { promise: answer, resolve: release } = Promise.withResolvers<{ body: string }>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const server = createServer(() => {
      begin();
      return answer;
    });
    await using client = createClient(await server.listen('teleport://127.0.0.1:0'));
    const call = client.request({ path: '/' });
    await begun;
    const closed = server[Symbol.asyncDispose]();
    release({ body: 'last' });
    expect((await call).text()).toBe('last');
    await closed;
  });
});

test('errors are known by isTpError, also from another copy of the package', () => {
  const foreign = Object.assign(new Error('x'), {
    name: 'TpError',
    code: 'CANCEL',
    processed: 'no',
  });
  expect([isTpError(foreign), isTpError(new Error('x')), isTpError({ code: 'CANCEL' })]).toEqual([
    true,
    false,
    false,
  ]);
});
