import { once } from 'node:events';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { RoundTrip } from '../link/round-trip.ts';
import { createTransportServer } from '../server.ts';
import { parseAddress } from '../socket/address.ts';
import { testCertificate } from '../test/certificate.ts';
import { content, pieces } from '../test/content.ts';
import { bodyOf, get, OK, pool, post, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { acceptOpen, openScripted, scriptedServer } from '../test/scripted-peer.ts';
import { LinkCounters, type LinkStats } from './stats.ts';
import { Totals } from './totals.ts';

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

function ok(exchange: ServerExchange): void {
  exchange.respond(OK, undefined, undefined);
}

/** A link from there that has carried one request. */
function linkStats(peer: string): LinkStats {
  const counters = new LinkCounters({ side: 'server', link: 1, peer });
  counters.requests = 1;
  return counters.stats({
    state: 'closed',
    peerIdentity: undefined,
    ageMs: 0,
    idleMs: 0,
    pending: 0,
    queueBytes: 0,
    sendCredit: 0,
    receiveCredit: 0,
    roundTripMs: undefined,
    smoothedRoundTripMs: undefined,
    codecIn: 'none',
    codecOut: 'none',
    windowBytesIn: 0,
    windowBytesOut: 0,
  });
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

test('each peer has figures of its own, which go on when its links end', async () => {
  const [one, two] = [await serve(ok), await serve(ok)];
  const client = pool([one.url, two.url], { links: 2 });
  await client.ready();
  for (let i = 0; i < 9; i++)
    await Promise.all(Array.from({ length: 4 }, () => client.call(get('/'))));
  await one.server.close();
  await eventually(() => client.stats().peers[0]?.links === 0);
  const { peers, ...all } = client.stats();
  expect(peers.map(({ peer, links }) => [peer, links])).toEqual([
    [one.url, 0],
    [two.url, 2],
  ]);
  for (const figure of ['requests', 'wireBytesIn', 'wireBytesOut', 'batchesOut'] as const) {
    const each = peers.map((peer) => peer[figure]);
    expect(Math.min(...each)).toBeGreaterThan(0);
    expect(each.reduce((sum, one) => sum + one)).toBe(all[figure]);
  }
  expect(two.server.stats().peers).toMatchObject([{ peer: '127.0.0.1', links: 2 }]);
});

test('however many peers come by, figures are kept for 1,000 and the rest together', () => {
  const totals = new Totals('server');
  for (let i = 0; i < 1_500; i++) totals.add(linkStats(`10.0.${i >> 8}.${i & 255}:999`));
  const { peers, requests } = totals.with([linkStats('10.0.0.0:1'), linkStats('10.9.9.9:1')]);
  expect(requests).toBe(1_502);
  expect(peers).toHaveLength(1_001);
  expect(peers[0]).toMatchObject({ peer: '10.0.0.0', requests: 2, links: 1 });
  expect(peers.at(-1)).toMatchObject({ peer: 'others', requests: 501, links: 1 });
});

test('a link says how it stands: age, silence, round trip, credit, windows', async () => {
  const clock = new FakeClock();
  const { url } = await serve(ok, { codecs: ['deflate'], limits: { linkWindow: 300_000 } });
  const client = pool(url, { clock, codecs: ['deflate'], limits: { linkWindow: 200_000 } });
  await client.ready();
  clock.advance(50);
  await client.call(get('/'));
  clock.advance(25);
  expect(client.stats().links).toMatchObject([
    {
      side: 'client',
      state: 'open',
      ageMs: 75,
      idleMs: 25,
      roundTripMs: 0,
      smoothedRoundTripMs: 0,
      sendCredit: 300_000,
      receiveCredit: 200_000,
      codecOut: 'deflate',
      windowBytesIn: 32_768,
      windowBytesOut: 32_768,
    },
  ]);
});

test('the smoothed round trip moves by an eighth of the difference', () => {
  const roundTrip = new RoundTrip();
  expect(roundTrip.smoothedMs).toBeUndefined();
  roundTrip.measured(80, 0);
  roundTrip.measured(160, 0);
  expect([roundTrip.latestMs, roundTrip.smoothedMs]).toEqual([160, 90]);
});

test('figures are JSON as they are, limits by name too', async () => {
  const { server, url } = await serve(ok, { limits: { streams: 1 } });
  const client = pool(url, { limits: { maxPendingRequests: 1 } });
  await client.ready();
  const outcomes = await Promise.allSettled([client.call(get('/')), client.call(get('/'))]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  const said = JSON.parse(JSON.stringify(client.stats()));
  expect(said).toMatchObject({
    requests: 1,
    retries: 0,
    limitHits: { maxPendingRequests: 1 },
    links: [{ peer: url, limitHits: { maxPendingRequests: 1 } }],
    peers: [{ peer: url, links: 1, limitHits: { maxPendingRequests: 1 } }],
  });
  expect(said.ratioOut).toBe(said.unpackedBytesOut / said.wireBytesOut);
  expect(JSON.parse(JSON.stringify(createTransportServer(ok).stats()))).toMatchObject({
    ratioIn: 1,
    ratioOut: 1,
    limitHits: {},
  });
  expect(server.stats().requests).toBe(1);
});

test('what is written again is counted as a retry, of its link and in all', async () => {
  const server = await scriptedServer();
  const client = pool(server.url);
  const call = client.call(get('/'));
  const first = await acceptOpen(server);
  await first.next('request');
  first.say((encoder) => encoder.goaway(0, 'NO_ERROR', true));
  const second = await acceptOpen(server);
  const { id } = await second.next('request');
  second.say((encoder) => encoder.response(id, OK, undefined, false));
  expect((await call).status).toBe(200);
  expect(client.stats()).toMatchObject({ requests: 2, retries: 1, links: [{ retries: 1 }] });
});
