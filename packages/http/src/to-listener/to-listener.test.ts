import { once } from 'node:events';
import { Agent, createServer as createHttpServer, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { fromListener, type Handler, isTpError, TpError, toListener } from '../index.ts';
import { type Asked, endToEnd, handlerOverTp, overHttp } from '../test/observe.ts';

const quiet = { onError: () => {} };

/** A handler behind Node's own server on loopback; its port. */
async function serve(handler: Handler, options: Parameters<typeof toListener>[1] = quiet) {
  const server = createHttpServer(toListener(handler, options));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Sends text to a port, and gives all that comes back until the other end closes. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(text);
  return Buffer.concat(await socket.toArray()).toString('latin1');
}

async function* pieces(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}

const echo: Handler = async (one) => ({
  body: JSON.stringify([one.method, one.path, endToEnd(one.headers.raw), await one.text()]),
});

const cases: Record<string, [Handler, Asked]> = {
  'a whole body': [
    () => ({ headers: { 'X-A': ['1', '2'], 'content-TYPE': 'a/b' }, body: 'text' }),
    {},
  ],
  'a body of bytes': [() => ({ body: Buffer.alloc(100_000, 'é') }), {}],
  'an empty answer': [() => ({}), {}],
  'a status with a phrase of its own': [() => ({ status: 299, reason: 'Fine', body: 'x' }), {}],
  'a stream': [() => ({ body: pieces('one', '', 'two') }), {}],
  'a stream of declared length': [
    () => ({ headers: { 'Content-Length': '6' }, body: pieces('one', 'two') }),
    {},
  ],
  'a stream with trailers': [
    () => ({ body: pieces('one'), trailers: () => ({ 'X-End': ['1', '2'] }) }),
    {},
  ],
  'a whole body with trailers': [() => ({ body: 'one', trailers: () => ['X-End', '1'] }), {}],
  HEAD: [() => ({ headers: { 'content-length': '1000' }, body: 'dropped' }), { method: 'HEAD' }],
  '204': [() => ({ status: 204, headers: { 'x-a': '1' }, body: pieces('dropped') }), {}],
  '304': [() => ({ status: 304, headers: { etag: '"a"', 'content-length': '5' } }), {}],
  'heads of information': [
    (one) => {
      one.inform(103, { link: '</a.css>; rel=preload', 'X-A': '1' });
      one.inform(102);
      one.inform(103, ['Link', '</b.css>']);
      return { body: 'then' };
    },
    {},
  ],
  'a request with fields in any case and more than once': [
    echo,
    { path: '/a/../b//c?x=%41&"', headers: ['Host', 'h', 'X-a', '1', 'x-A', '2', 'Cookie', 'a'] },
  ],
  'an upload': [
    echo,
    {
      method: 'POST',
      headers: ['Host', 'h', 'Content-Length', '6'],
      body: [Buffer.from('one'), Buffer.from('two')],
    },
  ],
  'trailers of an upload': [
    async (one) => {
      const early = one.trailers;
      await one.bytes();
      return { body: JSON.stringify([early ?? null, one.trailers?.raw]) };
    },
    { method: 'PUT', headers: ['Host', 'h'], body: [Buffer.from('x')], trailers: { 'x-sum': '1' } },
  ],
  'an upload that is not read': [
    () => ({ status: 403, body: 'no' }),
    { method: 'POST', headers: ['Host', 'h'], body: [Buffer.from('x')] },
  ],
  'a bug': [
    () => {
      throw new Error('a bug');
    },
    {},
  ],
  'a stream that fails': [
    () => ({
      body: (async function* () {
        yield Buffer.from('one');
        throw new Error('a bug');
      })(),
    }),
    {},
  ],
  'a stream that is too short': [
    () => ({ headers: { 'content-length': '9' }, body: pieces('one') }),
    {},
  ],
  'a stream that is too long': [
    () => ({ headers: { 'content-length': '2' }, body: pieces('one', 'two') }),
    {},
  ],
};

test.each(Object.entries(cases))(
  '%s: HTTP shows what tp shows',
  async (_name, [handler, asked]) => {
    const listener = toListener(handler, quiet);
    const http = await overHttp((req, res) => listener(req, res), asked);
    const tp = await handlerOverTp(handler, asked);
    // What frames a body stands in the head of HTTP/1.1, and in records of tp.
    const unframed = (raw: readonly string[]): string[] =>
      endToEnd(raw).filter((_, i) => !/^content-length$/i.test(raw[i - (i % 2)] ?? ''));
    expect({ ...http, headers: unframed(http.headers) }).toEqual({
      ...tp,
      headers: unframed(tp.headers),
    });
    expect(http.failed).toBe(/stream that (fails|is)/.test(_name));
  },
);

test('the signal fires when the client goes away, and what it sent no longer comes', async () => {
  const seen: unknown[] = [];
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const port = await serve(async (one) => {
    one.signal.addEventListener('abort', () => seen.push(['signal', one.signal.reason.code]));
    try {
      await one.bytes();
    } catch (error) {
      seen.push(['body', isTpError(error) && error.code]);
    }
    await turn();
    resolve();
    return {};
  });
  const socket = connect(port, '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx', () => socket.destroy());
  await over;
  expect(seen.sort()).toEqual([
    ['body', 'CANCEL'],
    ['signal', 'CANCEL'],
  ]);
});

test('a stream is read as the client takes it, and stopped when it goes away', async () => {
  let made = 0;
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const port = await serve(() => ({
    body: (async function* () {
      try {
        for (;;) {
          made++;
          yield Buffer.alloc(64 * 1024);
        }
      } finally {
        stop();
      }
    })(),
  }));
  const out = request({ port, agent: false });
  out.end();
  const [response]: IncomingMessage[] = await once(out, 'response');
  let before = -1;
  // Until nothing more is made, as the client does not read.
  while (made !== before) {
    before = made;
    for (let i = 0; i < 50; i++) await turn();
  }
  expect(made).toBeLessThan(1_000);
  response?.destroy();
  await stopped;
});

test('an upload is read as the handler takes it, and the connection goes on when it does not', async () => {
  const port = await serve(async (one) => {
    if (one.path === '/first')
      for await (const piece of one.body) return { body: `${piece.length > 0}` };
    return { body: 'next' };
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const ask = async (path: string, size: number): Promise<[string, boolean]> => {
    const out = request({ port, agent, path, method: 'PUT' });
    out.end(Buffer.alloc(size));
    const [response]: IncomingMessage[] = await once(out, 'response');
    return [Buffer.concat((await response?.toArray()) ?? []).toString(), out.reusedSocket];
  };
  expect(await ask('/first', 3_000_000)).toEqual(['true', false]);
  expect(await ask('/second', 10)).toEqual(['next', true]);
});

test.each([
  ['OVERLOADED', 503, '1'],
  ['REFUSED', 503, '1'],
  ['DEADLINE', 504, undefined],
  ['BODY_LIMIT', 413, undefined],
  ['BODY_LENGTH', 400, undefined],
  ['INTERNAL', 500, undefined],
] as const)('a handler that throws %s is answered %i', async (code, status, retryAfter) => {
  const errors: unknown[] = [];
  const fail: Handler = () => {
    throw new TpError({ code, message: 'inner workings', processed: 'no' });
  };
  const port = await serve(fail, { onError: (error) => errors.push(error) });
  const response = await fetch(`http://127.0.0.1:${port}/`);
  expect([response.status, response.headers.get('retry-after') ?? undefined]).toEqual([
    status,
    retryAfter,
  ]);
  expect(await response.text()).toBe(`${status} ${code}\n`);
  expect(errors).toEqual([]);
});

test('a handler that throws CANCEL breaks off', async () => {
  const port = await serve(() => {
    throw new TpError({ code: 'CANCEL', message: 'no', processed: 'yes' });
  });
  expect(await exchange(port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n')).toBe('');
});

test('other errors go to onError with their request, those of streams too', async () => {
  const errors: unknown[] = [];
  const bug: Handler = ({ path }) => {
    if (path === '/now') throw new Error('now');
    return {
      body: new ReadableStream({
        pull() {
          throw new Error('later');
        },
      }),
    };
  };
  const port = await serve(bug, {
    onError: (error, { path }) => errors.push([path, error instanceof Error && error.message]),
  });
  expect((await fetch(`http://127.0.0.1:${port}/now`)).status).toBe(500);
  await expect(fetch(`http://127.0.0.1:${port}/later`).then((one) => one.text())).rejects.toThrow();
  expect(errors).toEqual([
    ['/now', 'now'],
    ['/later', 'later'],
  ]);
});

const unsendable: Record<string, Handler> = {
  'a status that is none': () => ({ status: 99 }),
  'a value with a line break': () => ({ headers: { 'x-a': 'b\r\nx-c: d' }, body: 'x' }),
  'a name that is none': () => ({ headers: ['x a', '1'] }),
  'a phrase with a line break': () => ({ reason: 'a\r\nb' }),
  'a body of another length': () => ({ headers: { 'content-length': '2' }, body: 'abc' }),
  'information with a line break': (one) => {
    one.inform(103, { link: '</a>\r\nHTTP/1.1 200 OK' });
    return { body: 'x' };
  },
};

test.each(Object.entries(unsendable))(
  '%s is answered 500, and none of it is written',
  async (_name, handler) => {
    const said = await exchange(
      await serve(handler),
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
    );
    expect(said).toMatch(/^HTTP\/1\.1 500 /);
    expect(said).not.toMatch(/x-c|200 OK|abc/);
  },
);

test('bytes() gathers no more than it may', async () => {
  const port = await serve(async (one) => ({ body: await one.bytes() }), {
    ...quiet,
    maxBufferedBodyBytes: 10,
  });
  const post = (size: number) =>
    fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'x'.repeat(size) });
  expect(await (await post(10)).text()).toBe('x'.repeat(10));
  expect((await post(11)).status).toBe(413);
});

test('HTTP/1.0 gets a stream until the connection ends, without chunks, trailers and information', async () => {
  const port = await serve((one) => {
    one.inform(103, { link: '</a>' });
    return {
      headers: { trailer: 'x-end' },
      body: pieces('one', 'two'),
      trailers: () => ({ 'x-end': '1' }),
    };
  });
  expect(await exchange(port, 'GET / HTTP/1.0\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 200 OK\r\nDate: .*\r\nConnection: close\r\n\r\nonetwo$/,
  );
});

test('a response that waits behind another one is not announced before its turn', async () => {
  const { promise: first, resolve } = Promise.withResolvers<void>();
  const port = await serve(async (one) => {
    if (one.path === '/1') await first;
    one.inform(103, { link: '</a>' });
    if (one.path === '/2') setImmediate(resolve);
    return { body: one.path };
  });
  const said = await exchange(
    port,
    'GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
  );
  expect(said.match(/HTTP\/1\.1 \d+|\/[12]$/gm)).toEqual([
    'HTTP/1.1 103',
    'HTTP/1.1 200',
    'HTTP/1.1 200',
    '/2',
  ]);
});

test('a handler sees who asks, and what a proxy of tp says is left of the deadline', async () => {
  const port = await serve(({ peer, peerIdentity, remainingMs, oneWay, hasBody }) => ({
    body: JSON.stringify([peer, peerIdentity ?? null, (remainingMs ?? -1) > 0, oneWay, hasBody]),
  }));
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    headers: { 'x-tp-remaining-ms': '60000' },
  });
  expect(await response.json()).toEqual([
    expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    null,
    true,
    false,
    false,
  ]);
});

test('what was wrapped twice is what it was', () => {
  const handler: Handler = () => ({});
  const listener = () => {};
  expect(fromListener(toListener(handler))).toBe(handler);
  expect(toListener(fromListener(listener))).toBe(listener);
  expect(toListener(handler)).not.toBe(toListener(handler));
});
