import { ResponseHead } from '@tp/wire';
import { expect, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { content, pieces } from '../test/content.ts';
import { bodyOf, get, OK, pool, post, serve } from '../test/ends.ts';
import { told } from '../test/events.ts';
import { eventually } from '../test/eventually.ts';
import { failure } from '../test/failure.ts';
import { acceptOpen, openScripted, scriptedServer } from '../test/scripted-peer.ts';

function ok(exchange: ServerExchange): void {
  exchange.respond(OK, undefined, undefined);
}

test('a link tells of its opening, its leaving and its orderly end, on both sides', async () => {
  const [open, draining, error, close] = [
    told('tp:link:open'),
    told('tp:link:draining'),
    told('tp:link:error'),
    told('tp:link:close'),
  ];
  const { server, url } = await serve(ok);
  const client = pool(url);
  await client.call(get('/'));
  const [near, far] = [client.stats().links[0], server.stats().links[0]];
  expect(open).toHaveLength(2);
  expect(open).toContainEqual({
    side: 'client',
    link: near?.link,
    peer: url,
    peerIdentity: undefined,
  });
  expect(open).toContainEqual({
    side: 'server',
    link: far?.link,
    peer: far?.peer,
    peerIdentity: undefined,
  });
  expect(near?.link).not.toBe(far?.link);
  await client.close();
  await eventually(() => close.length === 2);
  expect(draining).toEqual([{ side: 'client', link: near?.link, peer: url }]);
  expect(close.map((event) => event.error.code)).toEqual(['CLOSED', 'CLOSED']);
  expect(close.map((event) => event.stats.requests)).toEqual([1, 1]);
  expect(error).toEqual([]);
});

test('a link that ends for an error says for which, ours or the peer’s', async () => {
  const error = told('tp:link:error');
  const { url } = await serve(ok);
  const peer = await openScripted(url);
  peer.say((encoder) => encoder.response(1, OK, undefined, false));
  await eventually(() => error.length === 1);
  expect(error).toMatchObject([{ side: 'server', error: { code: 'PROTOCOL' } }]);

  const server = await scriptedServer();
  const client = pool(server.url);
  const acceptor = await acceptOpen(server);
  await client.ready();
  acceptor.say((encoder) => encoder.goaway(0, 'ENHANCE_YOUR_CALM', true, 'too much'));
  await eventually(() => error.length === 2);
  expect(error[1]).toMatchObject({ side: 'client', peer: server.url });
  expect(error[1]?.error).toMatchObject({ code: 'ENHANCE_YOUR_CALM', message: /too much/ });
});

test('a peer that cannot be reached is told of once an attempt', async () => {
  const unreachable = told('tp:pool:unreachable');
  const { server, url } = await serve(ok);
  await server.close();
  await failure(pool(url).ready());
  expect(unreachable).toMatchObject([{ peer: url, error: { code: 'UNREACHABLE' } }]);
});

test('each call that starts ends once, well or with its error, on both sides', async () => {
  const [start, end, error] = [told('tp:call:start'), told('tp:call:end'), told('tp:call:error')];
  const { url } = await serve((exchange) => {
    if (exchange.path === '/early') {
      exchange.respond(new ResponseHead(403), undefined, undefined);
    } else if (exchange.path === '/streamed') {
      exchange.respond(OK, undefined, { source: pieces(content(100_000)) });
    } else if (exchange.path === '/wait') {
      exchange.signal.addEventListener('abort', () => ok(exchange));
    } else ok(exchange);
  });
  const client = pool(url);
  await client.call(get('/whole'));
  await bodyOf(client.call(get('/streamed')));
  await client.call(post('/early', [], { stream: { source: pieces(content(2_000_000)) } }));
  const leaving = new AbortController();
  const waits = failure(client.call(get('/wait', { signal: leaving.signal })));
  await eventually(() => start.length === 8);
  leaving.abort();
  await waits;
  await eventually(() => end.length + error.length === 8);

  const seen = (side: 'client' | 'server') => ({
    start: start.filter((event) => event.side === side).map((event) => event.path),
    end: end.filter((event) => event.side === side).map(({ path, status }) => [path, status]),
    error: error
      .filter((event) => event.side === side)
      .map((event) => [event.path, event.error.code]),
  });
  const expected = {
    start: ['/whole', '/streamed', '/early', '/wait'],
    end: [
      ['/whole', 200],
      ['/streamed', 200],
      ['/early', 403],
    ],
    error: [['/wait', 'CANCEL']],
  };
  expect(seen('client')).toEqual(expected);
  expect(seen('server')).toEqual(expected);
  const started = new Set(start.map((event) => event.call));
  expect(new Set([...end, ...error].map((event) => event.call))).toEqual(started);
  expect(started.size).toBe(8);
  for (const event of end.filter(({ side }) => side === 'client')) expect(event.peer).toBe(url);
});

test('a call tells between which batches of its link it was written and answered', async () => {
  const seen: string[] = [];
  const note = (what: string) => (event: { side: string; link: number }) => {
    if (event.side === 'client') seen.push(`${what} ${event.link}`);
  };
  const [written, answered] = [
    told('tp:call:written', note('written')),
    told('tp:call:answered', note('answered')),
  ];
  told('tp:batch:sent', note('sent'));
  told('tp:batch:received', note('received'));
  const { url } = await serve(ok);
  const client = pool(url);
  await client.ready();
  seen.length = 0;
  await Promise.all([client.call(get('/1')), client.call(get('/2'))]);
  const link = client.stats().links[0]?.link;
  expect(seen).toEqual(
    ['written', 'written', 'sent', 'received', 'answered', 'answered'].map(
      (one) => `${one} ${link}`,
    ),
  );
  for (const events of [written, answered]) {
    expect(events.map(({ path, peer }) => [path, peer])).toEqual([
      ['/1', url],
      ['/2', url],
    ]);
  }
});

test('a call that finds nobody has its start and its error too', async () => {
  const [start, error] = [told('tp:call:start'), told('tp:call:error')];
  const { server, url } = await serve(ok);
  await server.close();
  await failure(pool(url).call(get('/')));
  expect(start).toMatchObject([{ side: 'client', method: 'GET', path: '/', peer: undefined }]);
  expect(error).toMatchObject([{ call: start[0]?.call, error: { code: 'UNREACHABLE' } }]);
});

test('limits tell of each hit, with the link that reached it', async () => {
  const hits = told('tp:limit:hit');
  const { url } = await serve(ok);
  const client = pool(url, { limits: { maxPendingRequests: 1 } });
  const waiting = [client.call(get('/')), client.call(get('/'))];
  await Promise.allSettled(waiting);
  expect(hits).toEqual([
    { side: 'client', limit: 'maxPendingRequests', link: undefined, peer: undefined },
  ]);
  await Promise.allSettled([client.call(get('/')), client.call(get('/'))]);
  const link = client.stats().links[0]?.link;
  expect(hits[1]).toEqual({ side: 'client', limit: 'maxPendingRequests', link, peer: url });
});

test('batches tell what they were before packing and on the wire', async () => {
  const [sent, received] = [told('tp:batch:sent'), told('tp:batch:received')];
  const { server, url } = await serve(ok);
  const client = pool(url);
  for (let i = 0; i < 5; i++) await client.call(get(`/${'x'.repeat(1000)}`));
  await client.close();
  await eventually(() => server.stats().links.length === 0);
  const sum = (events: typeof sent, side: string, of: 'unpackedBytes' | 'wireBytes') =>
    events.filter((event) => event.side === side).reduce((all, event) => all + event[of], 0);
  const [near, far] = [client.stats(), server.stats()];
  expect(sum(sent, 'client', 'unpackedBytes')).toBe(near.unpackedBytesOut);
  expect(sum(sent, 'client', 'wireBytes')).toBe(near.wireBytesOut);
  expect(sum(sent, 'server', 'wireBytes')).toBe(far.wireBytesOut);
  expect(sum(received, 'server', 'unpackedBytes')).toBe(near.unpackedBytesOut);
  expect(sum(received, 'server', 'wireBytes')).toBeLessThan(near.wireBytesOut);
  expect(sum(received, 'client', 'unpackedBytes')).toBe(far.unpackedBytesOut);
  expect(near.unpackedBytesOut).toBeGreaterThan(2 * near.wireBytesOut);
});
