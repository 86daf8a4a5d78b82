import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Server as NetServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { Agent, fetch, request } from 'undici';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type AdaptiveDispatcherOptions,
  createAdaptiveDispatcher,
  createNodeServer,
  createServer,
  type Dispatching,
  type DispatchOptions,
  fromListener,
  type NodeServer,
  type TlsNodeServer,
} from '../index.ts';
import { certificate, key } from '../test/certificate.ts';
import { shiftedClock } from '../test/shifted-clock.ts';

const tls = { cert: certificate, key };
const TEN_MINUTES = 600_000;

/** Answers with how a request came, and notes it. `connection` is a field that only HTTP has. */
function echo() {
  const handled: string[] = [];
  const listener: RequestListener = async (req, res) => {
    let body = '';
    for await (const piece of req) body += String(piece);
    const way = req.headers.connection === undefined ? 'tp' : 'http';
    handled.push(`${way} ${req.method} ${req.url} ${body}`.trimEnd());
    res.end(way);
  };
  return { handled, listener };
}

/** Listens on loopback; what is not stopped before ends with the test. */
async function started(server: Server | NodeServer | TlsNodeServer | NetServer, port = 0) {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const stop = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    if ('closeAllConnections' in server) server.closeAllConnections();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  /** Lets what is under way end, and says goodbye on links. */
  const drain = (): Promise<unknown> => new Promise((resolve) => server.close(resolve));
  onTestFinished(() => (server.listening ? stop() : undefined));
  return { port: address.port, url: `http://127.0.0.1:${address.port}`, stop, drain };
}

/** A dispatcher on a clock that a test may put forward. */
function adaptive(options: Partial<AdaptiveDispatcherOptions> = {}) {
  const clock = shiftedClock();
  const fallback = new Agent({ connect: { ca: certificate } });
  const dispatcher = createAdaptiveDispatcher({
    fallback,
    ...options,
    client: { clock, tls: { ca: certificate }, ...options.client },
  });
  onTestFinished(async () => {
    await dispatcher.destroy();
    await fallback.destroy();
  });
  const ask = async (url: string, init: Partial<DispatchOptions> = {}): Promise<string> => {
    const response = await dispatcher.request({
      origin: new URL(url).origin,
      path: new URL(url).pathname,
      method: 'GET',
      ...init,
    });
    return response.body.text();
  };
  return { clock, dispatcher, ask };
}

describe('an origin', () => {
  test('that speaks HTTP only is asked over HTTP, and tried once', async () => {
    const { handled, listener } = echo();
    const server = createHttpServer(listener);
    let strange = 0;
    server.on('clientError', (_error, socket) => {
      strange++;
      socket.destroy();
    });
    const { url } = await started(server);
    const { dispatcher, ask } = adaptive();
    expect(dispatcher.wayTo(url)).toBeUndefined();
    const ways = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(`${url}/${i}`)));
    for (let i = 20; i < 30; i++) ways.push(await ask(`${url}/${i}`));
    expect(new Set(ways)).toEqual(new Set(['http']));
    expect(handled.length).toBe(30);
    expect(strange).toBe(1);
    expect(dispatcher.wayTo(url)).toBe('http');
  });

  test('that speaks tp only is asked over tp', async () => {
    const { handled, listener } = echo();
    const server = createServer(fromListener(listener));
    const address = await server.listen('teleport://127.0.0.1:0');
    onTestFinished(() => server.close());
    const { dispatcher, ask } = adaptive();
    const url = address.replace('teleport:', 'http:');
    expect(await ask(`${url}/a`, { method: 'POST', body: 'first' })).toBe('tp');
    expect(handled).toEqual(['tp POST /a first']);
    expect(dispatcher.wayTo(url)).toBe('teleport');
  });

  test('that speaks both on one port is asked over tp', async () => {
    const { handled, listener } = echo();
    const { url } = await started(createNodeServer(listener));
    const { ask } = adaptive();
    await Promise.all(Array.from({ length: 20 }, (_, i) => ask(`${url}/${i}`)));
    expect(handled.length).toBe(20);
    expect(handled.every((line) => line.startsWith('tp '))).toBe(true);
  });

  test('of https is found by ALPN: with tp', async () => {
    const { handled, listener } = echo();
    const { url } = await started(createNodeServer(listener, { tls }));
    const { ask } = adaptive();
    expect(await ask(url.replace('http:', 'https:'))).toBe('tp');
    expect(handled).toEqual(['tp GET /']);
  });

  test('of https is found by ALPN: without tp', async () => {
    const { handled, listener } = echo();
    const { url } = await started(createHttpsServer(tls, listener));
    const { dispatcher, ask, clock } = adaptive();
    const origin = url.replace('http:', 'https:');
    expect(await ask(origin)).toBe('http');
    expect(handled).toEqual(['http GET /']);
    clock.forward(TEN_MINUTES - 1000);
    expect(dispatcher.wayTo(origin)).toBe('http');
  });

  test('beyond this machine is not asked in plain text', async () => {
    const { listener } = echo();
    const { url } = await started(createHttpServer(listener));
    const agent = new Agent();
    const real: Dispatching = agent;
    const { dispatcher, ask } = adaptive({
      fallback: {
        dispatch: (options, handler) => real.dispatch({ ...options, origin: url }, handler),
      },
    });
    expect(await ask('http://192.0.2.1/')).toBe('http');
    expect(dispatcher.wayTo('http://192.0.2.1')).toBe('http');
    await agent.destroy();
  });

  test('may have its teleport somewhere else, or none', async () => {
    const { handled, listener } = echo();
    const { url } = await started(createHttpServer(listener));
    const server = createServer(fromListener(listener));
    const address = await server.listen('teleport://127.0.0.1:0');
    onTestFinished(() => server.close());
    const there = adaptive({ teleport: (origin) => (origin.origin === url ? address : undefined) });
    expect(await there.ask(url)).toBe('tp');
    const nowhere = adaptive({ teleport: () => undefined });
    expect(await nowhere.ask(url)).toBe('http');
    expect(handled.length).toBe(2);
  });

  test('where nothing listens fails as over HTTP, and is tried again soon', async () => {
    const { port, url, stop } = await started(createHttpServer());
    await stop();
    const { ask, clock, dispatcher } = adaptive();
    const refused = await ask(url).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'ECONNREFUSED' });
    const { listener } = echo();
    await started(createNodeServer(listener), port);
    clock.forward(10_000);
    await ask(url);
    while (dispatcher.wayTo(url) !== 'teleport') await turn();
    expect(await ask(url)).toBe('tp');
  });
});

describe('a server that changes', () => {
  test('to speak tp too is found when HTTP has had its time, and nobody waits for it', async () => {
    const { handled, listener } = echo();
    const before = await started(createHttpServer(listener));
    const { ask, clock, dispatcher } = adaptive();
    const { url, port } = before;
    expect(await ask(`${url}/1`)).toBe('http');
    await before.stop();
    await started(createNodeServer(listener), port);
    expect(await ask(`${url}/2`)).toBe('http');
    clock.forward(TEN_MINUTES);
    expect(await ask(`${url}/3`)).toBe('http');
    while (dispatcher.wayTo(url) !== 'teleport') await turn();
    expect(await ask(`${url}/4`)).toBe('tp');
    expect(handled).toEqual(['http GET /1', 'http GET /2', 'http GET /3', 'tp GET /4']);
  });

  test.each([
    ['a GET', {}],
    ['a POST', { method: 'POST', body: 'once' }],
    ['a POST whose body is a stream', { method: 'POST', body: ['on', 'ce'] }],
  ] as const)(
    'to HTTP only loses nothing: %s',
    async (_name, {
      method = 'GET',
      body = '',
    }: { method?: 'GET' | 'POST'; body?: string | readonly string[] }) => {
      const { handled, listener } = echo();
      const before = await started(createNodeServer(listener));
      const { ask, dispatcher } = adaptive();
      const { url, port } = before;
      const init = () => ({ method, body: typeof body === 'string' ? body : pieces(body) });
      expect(await ask(`${url}/1`, init())).toBe('tp');
      await before.drain();
      await started(createHttpServer(listener), port);
      const ways = await Promise.all(Array.from({ length: 5 }, () => ask(`${url}/2`, init())));
      expect(ways).toEqual(Array(5).fill('http'));
      expect(dispatcher.wayTo(url)).toBe('http');
      const sent = `${method} /2 ${[body].flat().join('')}`.trimEnd();
      expect(handled.slice(1)).toEqual(Array(5).fill(`http ${sent}`));
    },
  );

  test('in mid-request does not get a POST twice', async () => {
    const handled: string[] = [];
    let stop = async (): Promise<void> => {};
    const before = await started(
      createNodeServer((req) => {
        handled.push(`tp ${req.method}`);
        void stop();
      }),
    );
    stop = before.stop;
    const { ask } = adaptive();
    const failed = await ask(before.url, { method: 'POST', body: 'x' }).catch((error) => error);
    expect(failed).toMatchObject({ code: 'UND_ERR_SOCKET', processed: 'maybe' });
    expect(handled).toEqual(['tp POST']);
  });
});

async function* pieces(texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

test('a peer that says nothing to a handshake is asked over HTTP when it has had its time', async () => {
  const { promise: tried, resolve } = Promise.withResolvers<void>();
  const server = createTcpServer((socket) => {
    socket.on('data', (bytes) => {
      if (!String(bytes).startsWith('GET ')) resolve();
      else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nhttp');
    });
    socket.on('error', () => {});
  });
  const { url } = await started(server);
  const { ask, clock, dispatcher } = adaptive({ client: { limits: { handshakeTimeoutMs: 4000 } } });
  const asked = ask(url);
  await tried;
  clock.forward(4000);
  expect(await asked).toBe('http');
  clock.forward(TEN_MINUTES - 5000);
  expect(dispatcher.wayTo(url)).toBe('http');
});

test('what waits or runs ends when it is destroyed', async () => {
  const silent = await started(createTcpServer());
  const { promise: came, resolve } = Promise.withResolvers<void>();
  const slow = await started(createNodeServer(() => resolve()));
  const { ask, dispatcher } = adaptive();
  const failed = [silent.url, slow.url].map((url) => ask(url).catch((error: unknown) => error));
  await came;
  await dispatcher.destroy();
  const destroyed = { code: 'UND_ERR_DESTROYED' };
  expect(await Promise.all(failed)).toMatchObject([destroyed, destroyed]);
});

test('a request can be left while it waits for its way', async () => {
  const silent = await started(createTcpServer());
  const { dispatcher } = adaptive();
  const leaving = new AbortController();
  const { url } = silent;
  const asked = dispatcher.request({
    origin: url,
    path: '/',
    method: 'GET',
    signal: leaving.signal,
  });
  const failed = asked.catch((error: unknown) => error);
  leaving.abort(new Error('enough'));
  expect(await failed).toMatchObject({ message: 'enough' });
});

test('links to an origin that nobody asks are closed, and opened again', async () => {
  const { listener } = echo();
  const server = createServer(fromListener(listener));
  const address = await server.listen('teleport://127.0.0.1:0');
  onTestFinished(() => server.close());
  const url = address.replace('teleport:', 'http:');
  const { ask, clock, dispatcher } = adaptive();
  expect(await ask(url)).toBe('tp');
  expect(server.stats().links.length).toBe(1);
  clock.forward(59_000);
  expect(server.stats().links.length).toBe(1);
  clock.forward(1_000);
  while (server.stats().links.length > 0) await turn();
  expect(dispatcher.wayTo(url)).toBeUndefined();
  expect(await ask(url)).toBe('tp');
});

test('the origin that was used least recently is forgotten, and its links are closed', async () => {
  const { listener } = echo();
  const server = createServer(fromListener(listener));
  const urls: string[] = [];
  for (let i = 0; i < 3; i++) {
    urls.push((await server.listen('teleport://127.0.0.1:0')).replace('teleport:', 'http:'));
  }
  onTestFinished(() => server.close());
  const [first = '', second = '', third = ''] = urls;
  const { ask, dispatcher } = adaptive({ maxOrigins: 2 });
  for (const url of [first, second, first, third]) await ask(url);
  expect(urls.map((url) => dispatcher.wayTo(url))).toEqual(['teleport', undefined, 'teleport']);
  while (server.stats().links.length > 2) await turn();
});

test('undici and fetch take it', async () => {
  const { handled, listener } = echo();
  const both = await started(createNodeServer(listener));
  const http = await started(createHttpServer(listener));
  const { dispatcher } = adaptive();
  for (const { url } of [both, http]) {
    const fetched = await fetch(url, { method: 'POST', body: 'fetched', dispatcher });
    const requested = await request(url, { dispatcher });
    expect(await fetched.text()).toBe(await requested.body.text());
  }
  expect(handled).toEqual(['tp POST / fetched', 'tp GET /', 'http POST / fetched', 'http GET /']);
});

test('it takes no request once it is closed', async () => {
  const { listener } = echo();
  const { url } = await started(createNodeServer(listener));
  const { ask, dispatcher } = adaptive();
  const first = ask(url);
  const closed = dispatcher.close();
  const during = ask(url).catch((error: unknown) => error);
  expect(await during).toMatchObject({ code: 'UND_ERR_CLOSED', processed: 'no' });
  await closed;
  expect(await first).toBe('tp');
  const after = ask(url).catch((error: unknown) => error);
  expect(await after).toMatchObject({ code: 'UND_ERR_DESTROYED', processed: 'no' });
});
