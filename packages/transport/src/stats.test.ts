import { once } from 'node:events';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { parseAddress } from './address.ts';
import type { ServerExchange } from './server-exchange.ts';
import { testCertificate } from './test/certificate.ts';
import { content, pieces } from './test/content.ts';
import { bodyOf, get, OK, pool, post, serve } from './test/ends.ts';
import { eventually, turns } from './test/eventually.ts';
import { openScripted } from './test/scripted-peer.ts';

/** A relay that counts what passes it. */
async function counting(url: string): Promise<{ port: number; up: number; down: number }> {
  const address = parseAddress(url);
  if (address.kind === 'unix') throw new Error('a relay speaks TCP');
  const count = { port: 0, up: 0, down: 0 };
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connectSocket({ host: address.host, port: address.port });
    for (const socket of [near, far]) {
      socket.on('error', () => {});
      sockets.push(socket);
    }
    near.on('data', (chunk: Uint8Array) => {
      count.up += chunk.length;
    });
    far.on('data', (chunk: Uint8Array) => {
      count.down += chunk.length;
    });
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const bound = server.address();
  if (bound !== null && typeof bound === 'object') count.port = bound.port;
  return count;
}

async function echo(exchange: ServerExchange): Promise<void> {
  exchange.respond(OK, undefined, { source: pieces(await exchange.bytes()) });
}

test.each(['teleport', 'teleports'])(
  'over %s, both ends count what a relay between them counts, less what TLS adds',
  async (scheme) => {
    const handle = (exchange: ServerExchange) => void echo(exchange);
    const { server, url } = await serve(
      handle,
      { tls: testCertificate },
      `${scheme}://127.0.0.1:0`,
    );
    const relay = await counting(url);
    const client = pool(`${scheme}://127.0.0.1:${relay.port}`, {
      tls: { ca: testCertificate.cert },
    });
    for (const length of [10, 1000, 300_000]) {
      await bodyOf(client.call(post('/', [], { stream: { source: pieces(content(length)) } })));
    }
    await eventually(() => server.stats().wireBytesIn === client.stats().wireBytesOut);
    const [near, far] = [client.stats(), server.stats()];
    expect([far.wireBytesIn, far.wireBytesOut]).toEqual([near.wireBytesOut, near.wireBytesIn]);
    const added = [relay.up - near.wireBytesOut, relay.down - near.wireBytesIn];
    if (scheme === 'teleport') expect(added).toEqual([0, 0]);
    else for (const bytes of added) expect(bytes).toBeGreaterThan(0);
    expect(near.unpackedBytesOut).toBe(far.unpackedBytesIn);
    expect(near.unpackedBytesIn).toBe(far.unpackedBytesOut);
    expect(near.unpackedBytesOut).toBeGreaterThan(near.wireBytesOut);
    expect([near.requests, far.requests]).toEqual([3, 3]);
    expect(near.links).toMatchObject([
      { state: 'open', codecIn: 'zstd', codecOut: 'zstd', pending: 0 },
    ]);
  },
);

test('sums go on when links end', async () => {
  const { server, url } = await serve((exchange) => exchange.respond(OK, undefined, undefined));
  for (let i = 1; i <= 3; i++) {
    const client = pool(url);
    await client.call(get('/'));
    const before = client.stats();
    await client.close();
    expect(client.stats()).toMatchObject({ requests: 1, links: [], pending: 0 });
    expect(client.stats().wireBytesOut).toBeGreaterThanOrEqual(before.wireBytesOut);
    await eventually(() => server.stats().links.length === 0);
    expect(server.stats().requests).toBe(i);
  }
});

test('what a cancelled response would have taken in line is not counted on', async () => {
  const seen: ServerExchange[] = [];
  const { server, url } = await serve((exchange) => seen.push(exchange), { codecs: ['none'] });
  const peer = await openScripted(url);
  peer.socket.pause();
  peer.say((encoder) => {
    for (let id = 1; id <= 400; id++) encoder.request(id, get('/').head, undefined, false, 0);
  });
  await eventually(() => seen.length === 400);
  for (const exchange of seen) exchange.respond(OK, content(60_000), undefined);
  await turns();
  expect(server.stats().queueBytes).toBeGreaterThan(60_000);
  peer.say((encoder) => {
    for (let id = 1; id <= 400; id++) encoder.cancel(id, 'CANCEL', 'maybe');
  });
  await eventually(() => seen.every((exchange) => exchange.over));
  peer.socket.resume();
  await eventually(() => server.stats().queueBytes === 0);
});

test('what was read ahead of a streamed body counts as queued until it is sent', async () => {
  const arrived: ServerExchange[] = [];
  const { url } = await serve((exchange) => void arrived.push(exchange));
  const client = pool(url);
  await client.ready();
  const body = content(1024 * 1024);
  const response = client.call(post('/upload', [], { stream: { source: pieces(body) } }));
  await eventually(() => arrived.length === 1 && client.stats().queueBytes >= 64 * 1024);

  const [exchange] = arrived;
  if (exchange === undefined) throw new Error('the request has arrived');
  await echo(exchange);
  expect(Buffer.compare(await bodyOf(response), body)).toBe(0);
  expect(client.stats().queueBytes).toBe(0);
});
