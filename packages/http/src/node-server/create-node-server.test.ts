import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import {
  createClient,
  createNodeServer,
  type NodeServer,
  type RequestListener,
  type TlsNodeServer,
} from '../index.ts';
import { certificate, key } from '../test/certificate.ts';

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
    await new Promise(setImmediate);
  }
  expect(await slow.said).toMatch(/^HTTP\/1.1 200 OK.*POST \/a$/s);
  const quick = bare(port);
  quick.socket.write(
    'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  );
  expect((await quick.said).match(/GET \/\d/g)).toEqual(['GET /1', 'GET /2']);
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
