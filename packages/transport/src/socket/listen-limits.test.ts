import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { DEFAULT_LINK_LIMITS } from '../limits.ts';
import { testCertificate } from '../test/certificate.ts';
import { folder, get, OK, pool, serve } from '../test/ends.ts';
import { told } from '../test/events.ts';
import { eventually, turns } from '../test/eventually.ts';
import { outcome } from '../test/failure.ts';
import { type MemoryConnection, memoryPair } from '../test/memory-connection.ts';
import { dialScripted, openScripted, speakOn } from '../test/scripted-peer.ts';
import { parseAddress } from './address.ts';

const ok = (exchange: ServerExchange) => exchange.respond(OK, undefined, undefined);

/** A connection to a port on which nothing is said. */
async function silent(url: string): Promise<Socket> {
  const address = parseAddress(url);
  if (address.kind === 'unix') return expect.fail('not a port');
  const socket = connect({ host: address.host, port: address.port });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  socket.resume();
  await once(socket, 'connect');
  return socket;
}

test('the default of maxLinks is what the process may open, less a tenth', () => {
  const report: unknown = process.report.getReport();
  const soft = /"open_files":\{"soft":(\d+)/.exec(JSON.stringify(report))?.[1];
  expect(DEFAULT_LINK_LIMITS.maxLinks).toBe(Math.floor(Number(soft) * 0.9));
});

test.each([
  ['TCP', () => 'teleport://127.0.0.1:0'],
  ['a unix socket', () => `teleport+unix:${folder()}/socket`],
])(
  'above maxLinks connections are closed as they come, and taken again when there is room: %s',
  async (_name, at) => {
    const failed = told('tp:link:error');
    const { server, url } = await serve(ok, { limits: { maxLinks: 2 } }, at());
    const clients = [pool(url), pool(url)];
    for (const client of clients) await client.call(get('/'));
    const [first] = clients;
    const refused = pool(url);
    expect(await outcome(refused.call(get('/')))).toBe('UNREACHABLE no');
    await refused.close();
    expect(server.stats().links).toHaveLength(2);
    const hits = server.stats().limitHits.get('maxLinks') ?? 0;
    expect(hits).toBeGreaterThanOrEqual(1);
    expect(failed.filter(({ side }) => side === 'server')[0]?.error).toMatchObject({
      code: 'REFUSED',
    });
    await first?.close();
    await eventually(() => server.stats().links.length === 1);
    expect((await pool(url).call(get('/'))).status).toBe(200);
    expect((await clients[1]?.call(get('/')))?.status).toBe(200);
  },
);

test('limitLinks changes maxLinks while a server runs; links that stand go on', async () => {
  const { server, url } = await serve(ok, { limits: { maxLinks: 1 } });
  const first = pool(url);
  await first.call(get('/'));
  expect(await outcome(pool(url).call(get('/')))).toBe('UNREACHABLE no');
  server.limitLinks(2);
  expect((await pool(url).call(get('/'))).status).toBe(200);
  expect(await outcome(pool(url).call(get('/')))).toBe('UNREACHABLE no');
  server.limitLinks(1);
  expect((await first.call(get('/'))).status).toBe(200);
  expect(server.stats().links).toHaveLength(2);
});

test('maxLinks holds over all listeners, and for connections that were accepted elsewhere', async () => {
  const { server, url } = await serve(ok, { limits: { maxLinks: 3 } });
  const second = await server.listen('teleport://127.0.0.1:0');
  for (const at of [url, second, url]) await openScripted(at);
  for (let i = 0; i < 300; i++) {
    const [, far] = memoryPair();
    server.accept(far);
    expect(far.closed).toBe(true);
  }
  const peer = await dialScripted(second);
  await peer.end();
  expect(server.stats().links).toHaveLength(3);
  expect(server.stats().limitHits.get('maxLinks')).toBe(301);
});

/** Connections from these ends, in this order; gives those that stand. */
function comingFrom(remotes: readonly string[], maxHandshakes: number) {
  return serve(ok, { limits: { maxHandshakes } }).then(({ server }) => {
    const all = remotes.map((remote) => {
      const [near, far] = memoryPair(remote);
      server.accept(far);
      return { near, far };
    });
    const stand = () =>
      all
        .map(({ far }) => far)
        .filter(({ closed }: MemoryConnection) => !closed)
        .map(({ remote }) => remote);
    return { server, all, stand };
  });
}

test.each([
  [2, 0],
  [3, 0],
  [4, 1],
  [300, 297],
])(
  'of %i connections without a hello, where 3 may be, %i are closed: the oldest',
  async (count, hits) => {
    const remotes = Array.from({ length: count }, (_, i) => `10.0.0.${i}:1`);
    const { server, stand } = await comingFrom(remotes, 3);
    expect(stand()).toEqual(remotes.slice(-3));
    expect(server.stats().limitHits.get('maxHandshakes') ?? 0).toBe(hits);
  },
);

test('who opens many connections does so at his own expense', async () => {
  const { stand } = await comingFrom(['b:1', 'a:1', 'a:2', 'a:3', 'a:4', 'a:5'], 3);
  expect(stand()).toEqual(['b:1', 'a:4', 'a:5']);
});

test('a connection whose hello has come, or that has ended, counts no more', async () => {
  const { server, all, stand } = await comingFrom(['a:1', 'a:2'], 2);
  const [first, second] = all;
  if (first === undefined || second === undefined) return expect.fail('two came');
  speakOn(first.near).greet();
  second.near.destroy();
  await turns();
  for (const remote of ['c:1', 'c:2']) server.accept(memoryPair(remote)[1]);
  await turns();
  expect(stand()).toEqual(['a:1']);
  expect(server.stats().links).toHaveLength(3);
  expect(server.stats().limitHits.has('maxHandshakes')).toBe(false);
});

test('TLS handshakes that do not come count as well', async () => {
  const { server, url } = await serve(
    ok,
    { tls: testCertificate, limits: { maxHandshakes: 2 } },
    'teleports://127.0.0.1:0',
  );
  const [first, second] = [await silent(url), await silent(url)];
  const ended = once(first, 'close');
  const third = await silent(url);
  await ended;
  expect([second.destroyed, third.destroyed]).toEqual([false, false]);
  expect(server.stats().limitHits.get('maxHandshakes')).toBe(1);
  const client = pool(url, { tls: { ca: testCertificate.cert } });
  expect((await client.call(get('/'))).status).toBe(200);
});

test('above maxLinks nobody is shaken hands with on TLS', async () => {
  const { server, url } = await serve(
    ok,
    { tls: testCertificate, limits: { maxLinks: 1 } },
    'teleports://127.0.0.1:0',
  );
  await pool(url, { tls: { ca: testCertificate.cert } }).call(get('/'));
  const late = await silent(url);
  if (!late.closed) await once(late, 'close');
  expect(late.bytesRead).toBe(0);
  expect(server.stats().limitHits.get('maxLinks')).toBe(1);
});
