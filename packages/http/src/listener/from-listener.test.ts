import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { fromListener, type RequestListener } from '../index.ts';
import { failure, gather, pair } from '../test/pair.ts';
import { shiftedClock } from '../test/shifted-clock.ts';

const boom = new Error('boom');

const failing: readonly [name: string, listener: (res: ServerResponse) => unknown][] = [
  [
    'throws',
    () => {
      throw boom;
    },
  ],
  [
    'throws after it has written',
    (res) => {
      res.write('part');
      throw boom;
    },
  ],
  [
    'throws after it has ended',
    (res) => {
      res.end('whole');
      throw boom;
    },
  ],
  [
    'rejects',
    async () => {
      await Promise.resolve();
      throw boom;
    },
  ],
];

test.each(failing)(
  'a listener that %s is answered 500, told to onError, and its socket is closed',
  async (_name, listener) => {
    const told: unknown[] = [];
    const { promise: closed, resolve } = Promise.withResolvers<boolean>();
    const wrapped = (_req: IncomingMessage, res: ServerResponse) => {
      res.on('close', () => resolve(res.destroyed));
      return listener(res);
    };
    await using both = await pair(fromListener(wrapped), { onError: (error) => told.push(error) });
    const response = await both.client.request({ path: '/' });
    expect([response.status, response.text()]).toEqual([500, '']);
    expect(told).toEqual([boom]);
    expect(await closed).toBe(true);
  },
);

test('a listener whose promise rejects in mid-body fails the body, and is told to onError', async () => {
  const told: unknown[] = [];
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  await using both = await pair(
    fromListener(async (_req, res) => {
      res.write('part');
      await reached;
      throw boom;
    }),
    { onError: (error) => told.push(error) },
  );
  const response = await both.client.request({ path: '/' });
  reach();
  const error = await failure(gather(response.body));
  expect(error).toMatchObject({ code: 'INTERNAL', processed: 'yes' });
  expect(told).toEqual([boom]);
});

const destroying: readonly [name: string, listener: RequestListener][] = [
  ['its response', (_req, res) => void res.destroy()],
  ['its response with an error', (_req, res) => void res.destroy(new Error('secret'))],
  ['its request', (req) => void req.destroy()],
  ['its socket', (req) => void req.socket.destroy()],
  ['its socket, by ending it', (req) => void req.socket.end()],
];

test.each(destroying)(
  'a listener that destroys %s before the head is INTERNAL, processed "yes"',
  async (_name, listener) => {
    await using both = await pair(fromListener(listener));
    const error = await failure(both.client.request({ path: '/' }));
    expect(error).toMatchObject({ code: 'INTERNAL', processed: 'yes' });
    expect(error.message).not.toContain('secret');
  },
);

test.each(destroying)(
  'a listener that destroys %s in mid-body fails the body with INTERNAL',
  async (_name, listener) => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    await using both = await pair(
      fromListener((req, res) => {
        res.write('part');
        arrived.then(() => listener(req, res));
      }),
    );
    const response = await both.client.request({ path: '/' });
    arrive();
    expect(await failure(gather(response.body))).toMatchObject({
      code: 'INTERNAL',
      processed: 'yes',
    });
  },
);

test('a response that ends in one turn goes whole; one that does not is streamed', async () => {
  await using both = await pair(
    fromListener((req, res) => {
      if (req.url === '/large') res.end(Buffer.alloc(65_537, 1));
      else if (req.url === '/limit') res.end(Buffer.alloc(65_536, 1));
      else if (req.url === '/turns') res.write('a', () => setImmediate(() => res.end('b')));
      else {
        res.write('a');
        Promise.resolve().then(() => res.end('b'));
      }
    }),
  );
  const kinds: boolean[] = [];
  for (const path of ['/', '/limit', '/turns', '/large']) {
    const response = await both.client.request({ path });
    const bytes = response.bytes();
    kinds.push(bytes instanceof Uint8Array);
    await bytes;
  }
  expect(kinds).toEqual([true, true, false, false]);
});

test('a listener that waits for drain writes no faster than the client takes it', async () => {
  let written = 0;
  const piece = Buffer.alloc(16_384);
  await using both = await pair(
    fromListener((req, res) => {
      if (req.url === '/ping') {
        res.end('pong');
        return;
      }
      const write = () => {
        do written += piece.length;
        while (!res.destroyed && res.write(piece) && written < 16_777_216);
      };
      res.on('drain', write);
      write();
    }),
    { limits: { streamBuffer: 65_536 } },
    { limits: { streamWindow: 262_144, streamWindowMax: 262_144 } },
  );
  const response = await both.client.request({ path: '/' });
  // Round trips behind it: what could be sent without credit has been sent by then.
  for (let i = 0; i < 50; i++) await both.client.request({ path: '/ping' });
  expect(written).toBeLessThanOrEqual(524_288);
  const before = written;
  let taken = 0;
  for await (const { length } of response.body) {
    taken += length;
    if (taken > 1_048_576) break;
  }
  expect(written).toBeGreaterThan(before);
});

test('a listener may use its buffer again once the write is done', async () => {
  await using both = await pair(
    fromListener((_req, res) => {
      const buffer = Buffer.from('first ');
      res.write(buffer, () => {
        buffer.write('SECOND');
        res.end(buffer, () => buffer.fill('x'));
      });
    }),
  );
  const response = await both.client.request({ path: '/' });
  expect(await response.text()).toBe('first SECOND');
});

test('nothing of a connection is added to what the listener said', async () => {
  await using both = await pair(
    fromListener((req, res) => {
      if (req.url === '/own') res.setHeader('Date', 'today');
      res.end('x');
    }),
  );
  const plain = await both.client.request({ path: '/' });
  expect(plain.headers.raw).toEqual(['Content-Length', '1']);
  const own = await both.client.request({ path: '/own' });
  expect(own.headers.raw).toEqual(['Date', 'today', 'Content-Length', '1']);
});

test('a listener that declares another length than it writes is INTERNAL', async () => {
  await using both = await pair(
    fromListener((req, res) => {
      res.writeHead(200, { 'content-length': '5' });
      if (req.url === '/whole') res.end('abc');
      else res.write('abc', () => setImmediate(() => res.end()));
    }),
  );
  const whole = await failure(both.client.request({ path: '/whole' }));
  expect(whole).toMatchObject({ code: 'INTERNAL', processed: 'yes' });
  const streamed = await both.client.request({ path: '/streamed' });
  expect(await failure(gather(streamed.body))).toMatchObject({
    code: 'INTERNAL',
    processed: 'yes',
  });
});

test('a method that HTTP/1.1 parsers do not know, and any target, reach the listener', async () => {
  await using both = await pair(
    fromListener((req, res) => void res.end(`${req.method} ${req.url}`)),
  );
  const response = await both.client.request({ method: 'x-own', path: 'urn:any' });
  expect(response.text()).toBe('x-own urn:any');
});

test('a request with Upgrade comes to the listener as any other', async () => {
  await using both = await pair(fromListener((req, res) => void res.end(req.headers.upgrade)));
  const headers = { connection: 'upgrade', upgrade: 'websocket' };
  expect((await both.client.request({ path: '/', headers })).text()).toBe('websocket');
});

test('a request is read no faster than the listener reads', async () => {
  let given = 0;
  const { promise: begun, resolve: begin } = Promise.withResolvers<IncomingMessage>();
  await using both = await pair(
    fromListener((req, res) => {
      if (req.url === '/ping') {
        res.end('pong');
        return;
      }
      begin(req);
      req.on('end', () => res.end('all'));
    }),
    { limits: { streamWindow: 262_144 } },
  );
  const length = 4 * 1024 * 1024;
  async function* upload() {
    for (; given < length; given += 16_384) yield Buffer.alloc(16_384);
  }
  const call = both.client.request({ method: 'PUT', path: '/', body: upload() });
  const req = await begun;
  // Round trips behind it: what could be sent without credit has been sent by then.
  for (let i = 0; i < 50; i++) await both.client.request({ path: '/ping' });
  expect(given).toBeLessThanOrEqual(524_288);
  req.resume();
  expect((await call).text()).toBe('all');
  expect(given).toBe(length);
});

test('the deadline of the client closes request and response', async () => {
  const events: string[] = [];
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const clock = shiftedClock();
  await using both = await pair(
    fromListener((req, res) => {
      req.on('aborted', () => events.push('aborted'));
      res.on('close', () => {
        events.push(`close ${res.writableFinished}`);
        resolve();
      });
      begin();
    }),
    {},
    { clock },
  );
  const failed = failure(both.client.request({ path: '/', deadlineMs: 60_000 }));
  await begun;
  clock.forward(61_000);
  expect((await failed).code).toBe('DEADLINE');
  await closed;
  expect(events).toEqual(['aborted', 'close false']);
});

test('an answer ahead of the end of an upload stands, and stops the upload', async () => {
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  const body = new Readable({ read() {} }).on('close', resolve);
  body.push('first');
  const events: string[] = [];
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  await using both = await pair(
    fromListener((req, res) => {
      req.on('error', (error) => events.push(error.message));
      req.on('close', () => {
        events.push(`close ${req.complete}`);
        close();
      });
      res.writeHead(413).end('too much');
    }),
  );
  const response = await both.client.request({ method: 'PUT', path: '/', body });
  expect([response.status, response.text()]).toEqual([413, 'too much']);
  await stopped;
  await closed;
  expect(events).toEqual(['close false']);
});

test('a body that is not as long as declared fails the request of the listener', async () => {
  const { promise: failed, resolve } = Promise.withResolvers<Error>();
  await using both = await pair(fromListener((req) => void req.on('error', resolve).resume()));
  const headers = { 'content-length': '10' };
  const body = Readable.from([Buffer.from('four')]);
  const call = failure(both.client.request({ method: 'PUT', path: '/', headers, body }));
  expect((await call).code).toBe('INVALID_ARGUMENT');
  expect((await failed).message).toBe('aborted');
});

test('events, sockets and responses of many requests at once stay apart', async () => {
  await using both = await pair(
    fromListener((req, res) => {
      const later = Number(req.url?.slice(1)) % 2 === 0 ? setImmediate : queueMicrotask;
      later(() => {
        res.setHeader('x-path', req.url ?? '');
        res.end(`${req.url} ${req.socket === res.socket}`);
      });
    }),
  );
  const paths = Array.from({ length: 500 }, (_, i) => `/${i}`);
  const answers = await Promise.all(
    paths.map(async (path) => {
      const response = await both.client.request({ path });
      return [response.headers.get('x-path'), await response.text()];
    }),
  );
  expect(answers).toEqual(paths.map((path) => [path, `${path} true`]));
});

test('a listener sees from the head whether there is a body, as over HTTP/1.1', async () => {
  await using both = await pair(
    fromListener((req, res) => {
      res.end(JSON.stringify([req.rawHeaders, req.headers['transfer-encoding'] ?? null]));
    }),
  );
  const seen = async (headers: readonly string[], body: string | null): Promise<unknown> =>
    (await both.client.request({ method: 'POST', path: '/', headers, body })).json();
  expect(await seen(['X-A', '1'], 'x')).toEqual([
    ['X-A', '1', 'Transfer-Encoding', 'chunked'],
    'chunked',
  ]);
  expect(await seen(['Content-Length', '1'], 'x')).toEqual([['Content-Length', '1'], null]);
  expect(await seen([], null)).toEqual([[], null]);
});

test('what a listener says of its connection stays there, with the fields that it names', async () => {
  await using both = await pair(
    fromListener((_req, res) => {
      res.writeHead(200, [
        ...['Connection', 'keep-alive, x-hop', 'X-Hop', '1', 'Keep-Alive', 'timeout=5'],
        ...['Transfer-Encoding', 'chunked', 'X-End', '2'],
      ]);
      res.end('whole');
    }),
  );
  const response = await both.client.request({ path: '/' });
  expect(response.headers.raw).toEqual(['X-End', '2']);
  expect(await response.text()).toBe('whole');
});

test('an event that a listener writes is with the client before the next one is written', async () => {
  const { promise: asked, resolve } = Promise.withResolvers<ServerResponse>();
  await using both = await pair(
    fromListener((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      resolve(res);
    }),
  );
  const response = await both.client.request({ path: '/events' });
  const pieces = response.body[Symbol.asyncIterator]();
  const res = await asked;
  for (let i = 0; i < 20; i++) {
    res.write(`data: ${i}\n\n`);
    const piece = await pieces.next();
    expect(String(Buffer.from(piece.value ?? []))).toBe(`data: ${i}\n\n`);
  }
  res.end();
  expect((await pieces.next()).done).toBe(true);
});

/** A listener that never answers, and what happens to it. */
function waitingListener(needsData: boolean) {
  const events: string[] = [];
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const listener: RequestListener = (req, res) => {
    req.on('aborted', () => events.push('aborted'));
    req.on('error', (error: NodeJS.ErrnoException) => events.push(`error ${error.code}`));
    req.socket.on('close', () => events.push('socket close'));
    res.on('finish', () => events.push('finish'));
    res.on('close', () => {
      events.push(`close ${res.writableFinished}`);
      setImmediate(end);
    });
    if (needsData) req.once('data', () => begin());
    else begin();
  };
  return { listener, events, begun, over };
}

test.each([
  ['before the head of the response', false],
  ['in mid-upload', true],
])(
  'a client that leaves %s closes request, response and socket as over HTTP',
  async (_when, uploads) => {
    const overHttp = waitingListener(uploads);
    const server = createHttpServer(overHttp.listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const socket = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1');
    socket.write(`PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ${uploads ? 9 : 0}\r\n\r\n`);
    if (uploads) socket.write('part');
    await overHttp.begun;
    socket.destroy();
    await overHttp.over;
    server.close();

    const overTp = waitingListener(uploads);
    await using both = await pair(fromListener(overTp.listener));
    const leaving = new AbortController();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from('part')),
    });
    const call = failure(
      both.client.request({
        method: 'PUT',
        path: '/',
        body: uploads ? body : null,
        signal: leaving.signal,
      }),
    );
    await overTp.begun;
    leaving.abort();
    expect((await call).code).toBe('CANCEL');
    await overTp.over;
    expect(overTp.events.sort()).toEqual(overHttp.events.sort());
    expect(overTp.events).toContain('close false');
  },
);
