import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, Server } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import {
  createClient,
  createNodeServer,
  fromFetch,
  type NodeServer,
  type RequestListener,
  type TlsNodeServer,
  toListener,
} from '../index.ts';
import { certificate, key } from '../test/certificate.ts';
import { failure } from '../test/pair.ts';
import { shiftedClock } from '../test/shifted-clock.ts';

const tls = { cert: certificate, key };

/** Listens on loopback until the test is over. */
async function listening<S extends NodeServer | TlsNodeServer>(
  server: S,
): Promise<{ server: S; port: number }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, port: address.port };
}

function clientOf(port: number, scheme = 'teleport'): ReturnType<typeof createClient> {
  const client = createClient(`${scheme}://127.0.0.1:${port}`, { tls: { ca: certificate } });
  onTestFinished(() => client.close());
  return client;
}

/** One request over HTTP/1.1. */
async function overHttp(port: number, path: string): Promise<string> {
  return (
    await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })
  ).text();
}

/** A bare connection; what comes on it, as text, when it has ended. */
function bare(port: number): { socket: Socket; said: Promise<string> } {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  const { promise: said, resolve } = Promise.withResolvers<string>();
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  socket.on('close', () => resolve(text));
  return { socket, said };
}

const hello: RequestListener = (req, res) => {
  res.end(`${req.method} ${req.url}`);
};

test('one listener is served on one port over HTTP and over tp', async () => {
  const { server, port } = await listening(createNodeServer(hello));
  expect(await overHttp(port, '/http')).toBe('GET /http');
  expect(await (await clientOf(port).request({ path: '/tp' })).text()).toBe('GET /tp');
  expect(server.teleport.stats().links).toHaveLength(1);
});

test('listeners of the server serve both, as do those for expectations', async () => {
  const { server, port } = await listening(createNodeServer());
  server.on('request', hello);
  server.on('checkContinue', (_req, res) => res.writeHead(403).end('no'));
  expect(await overHttp(port, '/http')).toBe('GET /http');
  const client = clientOf(port);
  expect(await (await client.request({ path: '/tp' })).text()).toBe('GET /tp');
  const refused = await client.request({ path: '/tp', headers: { expect: '100-continue' } });
  expect([refused.status, await refused.text()]).toEqual([403, 'no']);
});

test('HTTP that comes byte by byte, and pipelined requests in one piece, lose nothing', async () => {
  const { port } = await listening(createNodeServer(hello));
  const slow = bare(port);
  for (const char of 'POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx') {
    if (!slow.socket.write(char)) await once(slow.socket, 'drain');
    await turn();
  }
  expect(await slow.said).toMatch(/^HTTP\/1.1 200 OK.*POST \/a$/s);
  const quick = bare(port);
  quick.socket.write(
    'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  );
  expect((await quick.said).match(/GET \/\d/g)).toEqual(['GET /1', 'GET /2']);
});

test('a client that ends its side behind its request is answered', async () => {
  const { port } = await listening(createNodeServer(hello));
  const { socket, said } = bare(port);
  socket.end('GET /half HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  expect(await said).toContain('GET /half');
});

test('large uploads over HTTP arrive whole and in order, beside each other', async () => {
  const { port } = await listening(
    createNodeServer(async (req, res) => {
      const hash = createHash('sha256');
      for await (const piece of req) hash.update(piece);
      res.end(hash.digest('hex'));
    }),
  );
  const bodies = Array.from({ length: 8 }, () => randomBytes(1_500_000));
  const sums = bodies.map(async (body) => {
    const { socket, said } = bare(port);
    const head = `PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`;
    // In one write, so that the first bytes bring as many of the body with them as the socket holds.
    socket.write(Buffer.concat([Buffer.from(head), body]));
    return (await said).slice(-64);
  });
  expect(await Promise.all(sums)).toEqual(
    bodies.map((body) => createHash('sha256').update(body).digest('hex')),
  );
});

test('under TLS the two are told apart by ALPN', async () => {
  const { port } = await listening(createNodeServer(hello, { tls }));
  expect(await (await clientOf(port, 'teleports').request({ path: '/tp' })).text()).toBe('GET /tp');
  for (const ALPNProtocols of [['http/1.1'], ['h2', 'http/1.1'], undefined]) {
    const out = httpsRequest({
      port,
      host: '127.0.0.1',
      path: '/https',
      ca: certificate,
      agent: false,
      ...(ALPNProtocols === undefined ? {} : { ALPNProtocols }),
    });
    out.end();
    const [response]: IncomingMessage[] = await once(out, 'response');
    expect(String((await response?.toArray())?.[0])).toBe('GET /https');
  }
});

test.each([
  ['lean', toListener(({ path }) => ({ body: path }))],
  ['fetch', toListener(fromFetch((request) => new Response(new URL(request.url).pathname)))],
])('a %s handler serves both, too', async (_kind, listener) => {
  const { port } = await listening(createNodeServer(listener));
  expect(await overHttp(port, '/http')).toBe('/http');
  expect(await (await clientOf(port).request({ path: '/tp' })).text()).toBe('/tp');
});

test('a handler that shares the server with other listeners is asked with them', async () => {
  const { server, port } = await listening(createNodeServer(toListener(() => ({ body: 'ok' }))));
  const seen: unknown[] = [];
  server.prependListener('request', (req) => seen.push(req.url));
  expect(await overHttp(port, '/http')).toBe('ok');
  expect(await (await clientOf(port).request({ path: '/tp' })).text()).toBe('ok');
  expect(seen).toEqual(['/http', '/tp']);
});

test('a listener that rejects over tp is answered 500, and told to onError', async () => {
  const errors: unknown[] = [];
  const { port } = await listening(
    createNodeServer(() => Promise.reject(new Error('a bug')), {
      onError: (error) => errors.push(error),
    }),
  );
  expect((await clientOf(port).request({ path: '/' })).status).toBe(500);
  expect(errors).toMatchObject([{ message: 'a bug' }]);
});

test('what begins as a link and is none ends, and so does a connection that ends before it begins', async () => {
  const { server, port } = await listening(createNodeServer(hello));
  const wrong = bare(port);
  wrong.socket.write(Buffer.from('\xf4GET / HTTP/1.1\r\n\r\n', 'latin1'));
  expect(await wrong.said).not.toContain('HTTP/1.1 ');
  const silent = bare(port);
  silent.socket.end();
  await silent.said;
  const rude = bare(port);
  await once(rude.socket, 'connect');
  rude.socket.resetAndDestroy();
  await rude.said;
  const close = Promise.withResolvers<void>();
  server.close(() => close.resolve());
  await close.promise;
});

test('a connection that says nothing for the handshake timeout is closed and counted', async () => {
  const clock = shiftedClock();
  const { server, port } = await listening(createNodeServer(hello, { clock }));
  const { socket, said } = bare(port);
  await once(server, 'connection');
  clock.forward(4_999);
  expect(socket.destroyed).toBe(false);
  const late = bare(port);
  const [accepted]: Socket[] = await once(server, 'connection');
  late.socket.write('GET /late HTTP/1.1\r\nHost: a\r\n');
  while (accepted?.bytesRead === 0) await turn();
  clock.forward(1);
  expect(await said).toBe('');
  expect(server.teleport.stats().limitHits.get('handshakeTimeout')).toBe(1);
  // One that has begun has the time limits of its protocol.
  clock.forward(10_000);
  late.socket.write('Connection: close\r\n\r\n');
  expect(await late.said).toContain('GET /late');
  expect(server.teleport.stats().limitHits.get('handshakeTimeout')).toBe(1);
});

test('close lets calls under way end on both, calls back then, and lets nobody in', async () => {
  const waiting: (() => void)[] = [];
  const { promise: both, resolve } = Promise.withResolvers<void>();
  const { server, port } = await listening(
    createNodeServer((req, res) => {
      waiting.push(() => res.end(`late ${req.url}`));
      if (waiting.length === 2) resolve();
    }),
  );
  const client = clientOf(port);
  const http = overHttp(port, '/http');
  const tp = client.request({ path: '/tp' });
  const silent = bare(port);
  await both;
  const closed = Promise.withResolvers<void>();
  let isClosed = false;
  server.close(() => {
    isClosed = true;
    closed.resolve();
  });
  await silent.said;
  expect(isClosed).toBe(false);
  for (const end of waiting) end();
  expect(await http).toBe('late /http');
  expect(await (await tp).text()).toBe('late /tp');
  await closed.promise;
  expect(await failure(client.request({ path: '/', deadlineMs: 300 }))).toMatchObject({
    processed: 'no',
  });
});

test('closeAllConnections ends links and connections, whatever is under way', async () => {
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  let count = 0;
  const { server, port } = await listening(
    createNodeServer(() => {
      if (++count === 2) resolve();
    }),
  );
  const http = overHttp(port, '/http');
  const tp = failure(clientOf(port).request({ method: 'POST', path: '/tp' }));
  await begun;
  server.closeAllConnections();
  await expect(http).rejects.toThrow();
  expect(await tp).toMatchObject({ code: 'LINK_LOST', processed: 'maybe' });
});

const names = (request: { peerIdentity?: readonly string[] | undefined }) => ({
  body: JSON.stringify(request.peerIdentity ?? null),
});

/** One request over HTTPS. */
async function overHttps(port: number, own: { cert?: string; key?: string }): Promise<string> {
  const out = httpsRequest({ port, host: '127.0.0.1', ca: certificate, agent: false, ...own });
  out.end();
  const [response]: IncomingMessage[] = await once(out, 'response');
  return String(Buffer.concat((await response?.toArray()) ?? []));
}

test('certificates of clients are asked for and judged alike, and handlers see their names', async () => {
  const asking = { ...tls, ca: certificate, names: ['localhost'] };
  const { server, port } = await listening(createNodeServer(toListener(names), { tls: asking }));
  const client = createClient(`teleports://127.0.0.1:${port}`, {
    tls: { ca: certificate, ...tls },
  });
  onTestFinished(() => client.close());
  const expected = '["localhost","127.0.0.1"]';
  expect(await (await client.request({ path: '/' })).text()).toBe(expected);
  expect(await overHttps(port, tls)).toBe(expected);
  expect(
    await failure(clientOf(port, 'teleports').request({ path: '/', deadlineMs: 2_000 })),
  ).toMatchObject({
    processed: 'no',
  });
  await expect(overHttps(port, {})).rejects.toThrow();
  expect(server.teleport.stats().limitHits.get('peerIdentity')).toBeGreaterThanOrEqual(2);
});

test('tokens are for links alone', async () => {
  const { port } = await listening(createNodeServer(hello, { tokens: ['secret'] }));
  expect(await overHttp(port, '/http')).toBe('GET /http');
  expect(await failure(clientOf(port).request({ path: '/' }))).toMatchObject({
    code: 'UNREACHABLE',
  });
  const client = createClient(`teleport://127.0.0.1:${port}`, { token: 'secret' });
  onTestFinished(() => client.close());
  expect(await (await client.request({ path: '/tp' })).text()).toBe('GET /tp');
});

test.each([
  [undefined, false],
  [true, true],
])(
  'where insecure is %s, a link in plain text from another machine is served: %s',
  async (insecure, isServed) => {
    const { server, port } = await listening(
      createNodeServer(hello, insecure === undefined ? {} : { insecure }),
    );
    const warnings: string[] = [];
    const warned = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', warned);
    onTestFinished(() => {
      process.off('warning', warned);
    });
    // As if it had come over a network.
    server.prependListener('connection', (socket) => {
      Object.defineProperty(socket, 'localAddress', { value: '192.0.2.1' });
    });
    expect(await overHttp(port, '/http')).toBe('GET /http');
    const call = clientOf(port).request({ path: '/tp', deadlineMs: 2_000 });
    if (isServed) expect(await (await call).text()).toBe('GET /tp');
    else {
      expect((await failure(call)).processed).toBe('no');
      expect(server.teleport.stats().limitHits.get('plainText')).toBeGreaterThan(0);
    }
    await turn();
    expect(warnings.filter((text) => text.includes('insecure: true'))).toHaveLength(
      isServed ? 0 : 1,
    );
  },
);

test('a TLS handshake that fails is counted, and told to clientError as Node does', async () => {
  const { server, port } = await listening(createNodeServer(hello, { tls }));
  const { promise: told, resolve } = Promise.withResolvers<void>();
  server.on('clientError', (_error, socket) => {
    socket.destroy();
    resolve();
  });
  const { socket, said } = bare(port);
  socket.write('GET / HTTP/1.1\r\n\r\n');
  await told;
  await said;
  expect(server.teleport.stats().limitHits.get('tlsHandshake')).toBe(1);
});

test('certificates are reloaded for both, and what cannot be used changes nothing', async () => {
  const { server, port } = await listening(createNodeServer(hello, { tls }));
  expect(() => server.teleport.reloadTls({ cert: certificate, key: 'nonsense' })).toThrow(
    'cannot be used',
  );
  server.teleport.reloadTls(tls);
  expect(await overHttps(port, {})).toBe('GET /');
  expect(await (await clientOf(port, 'teleports').request({ path: '/tp' })).text()).toBe('GET /tp');
});

test('what Node’s server has works as ever: upgrades, clientError, limits, events and disposal', async () => {
  const server = createNodeServer(hello, { http: { requestTimeout: 1_234, maxHeaderSize: 2_000 } });
  expect(server).toBeInstanceOf(Server);
  expect(server.requestTimeout).toBe(1_234);
  server.on('upgrade', (_req, socket) => {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\r\nupgraded');
  });
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\n\r\nbad');
  });
  const { port } = await listening(server);
  const upgrade = bare(port);
  upgrade.socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
  expect(await upgrade.said).toContain('upgraded');
  const wrong = bare(port);
  wrong.socket.write('nonsense\r\n\r\n');
  expect(await wrong.said).toContain('bad');
  await server[Symbol.asyncDispose]();
  expect(server.listening).toBe(false);
});

test('a client that speaks both is given tp', async () => {
  const { port } = await listening(createNodeServer(hello, { tls }));
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    ca: certificate,
    ALPNProtocols: ['tp/1', 'http/1.1'],
  });
  await once(socket, 'secureConnect');
  expect(socket.alpnProtocol).toBe('tp/1');
  socket.destroy();
});
