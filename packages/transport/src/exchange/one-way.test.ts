import { describe, expect, test } from 'vitest';
import { content, pieces } from '../test/content.ts';
import { get, OK, pool, post, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { outcome } from '../test/failure.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { memoryPair } from '../test/memory-connection.ts';
import { acceptOpen, openScripted, scriptedServer } from '../test/scripted-peer.ts';
import type { ServerExchange } from './server-exchange.ts';

const plain = { codecs: ['none'] as const };

describe('send()', () => {
  test('hands over a request that wants no answer; the handler runs, and its answer is dropped (W-124)', async () => {
    const seen: ServerExchange[] = [];
    const { server, url } = await serve((exchange) => {
      seen.push(exchange);
      exchange.inform(103);
      exchange.respond(OK, content(1000), undefined);
    });
    const client = pool(url);
    expect(await client.send(post('/log', [], { body: content(10) }))).toBeUndefined();
    expect((await client.call(get('/next'))).status).toBe(200);
    expect(seen.map(({ path, oneWay }) => [path, oneWay])).toEqual([
      ['/log', true],
      ['/next', false],
    ]);
    expect([client.pending, client.stats().requests, server.stats().requests]).toEqual([0, 2, 2]);
  });

  test('resolves when the record is handed to the connection, not before', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, plain);
    let isSent = false;
    const sent = client.send(get('/')).then(() => {
      isSent = true;
    });
    const peer = await server.accept();
    await turns();
    expect(isSent).toBe(false);
    peer.greet();
    await sent;
    expect(await peer.next('request')).toMatchObject({ id: 1, oneWay: true, more: false });
  });

  test('fails as "no" when it cannot be written: expired, aborted, closed, nobody there, not legal', async () => {
    const clock = new FakeClock();
    const server = await scriptedServer();
    const client = pool(server.url, { ...plain, clock });
    const abort = new AbortController();
    const late = outcome(client.send({ ...get('/'), deadlineMs: 100 }));
    const aborted = outcome(client.send({ ...get('/'), signal: abort.signal }));
    abort.abort();
    clock.advance(108);
    expect([await late, await aborted]).toEqual(['DEADLINE no', 'CANCEL no']);
    const stream = { source: pieces() };
    expect(await outcome(client.send({ ...get('/'), ...{ stream } }))).toBe('INVALID_ARGUMENT no');
    const long = { ...get('/'), body: content(65_537) };
    expect(await outcome(client.send(long))).toBe('INVALID_ARGUMENT no');
    const nowhere = pool('teleport://127.0.0.1:1', plain);
    expect(await outcome(nowhere.send(get('/')))).toBe('UNREACHABLE no');
    await nowhere.close();
    expect(await outcome(nowhere.send(get('/')))).toBe('CLOSED no');
    const real = pool((await serve(() => {})).url);
    expect(await outcome(real.send(get('')))).toBe('INVALID_ARGUMENT no');
  });

  test('goes to the next link when the link drains before it was written, and is never written twice (W-127)', async () => {
    const clock = new FakeClock();
    const server = await scriptedServer();
    const client = pool(server.url, { ...plain, clock, maxBatchDelayMs: 50 });
    const peer = await acceptOpen(server);
    await client.ready();
    await turns();
    const sent = client.send(get('/log'));
    peer.say((encoder) => encoder.goaway(0, 'NO_ERROR', true));
    await eventually(() => client.stats().links.length === 0);
    clock.advance(500);
    const next = await acceptOpen(server);
    await turns();
    clock.advance(500);
    await sent;
    await next.next('request');
    next.socket.destroy();
    await eventually(() => client.stats().links.length === 0);
    clock.advance(500);
    const third = await acceptOpen(server);
    await turns();
    expect([peer, next, third].map((each) => each.heard('request').length)).toEqual([0, 1, 0]);
  });

  test('counts as pending while it waits: above maxPendingRequests it is OVERFLOW', async () => {
    const [near, far] = memoryPair();
    const { server } = await serve(() => {});
    server.accept(far);
    const limits = { maxPendingRequests: 2 };
    const client = pool('teleport://memory:1', { ...plain, limits, dial: async () => near });
    await client.ready();
    near.stick();
    await client.send(get('/in-the-connection'));
    const sent = [1, 2, 3].map(() => outcome(client.send(get('/'))));
    expect(await sent[2]).toBe('OVERFLOW no');
    near.destroy();
  });
});

describe('a server', () => {
  test('drops what it has no room for, in silence, and counts it (W-125)', async () => {
    const seen: ServerExchange[] = [];
    const { server, url } = await serve((exchange) => seen.push(exchange), {
      limits: { maxRunningHandlers: 1 },
    });
    const peer = await openScripted(url);
    peer.say((encoder) => {
      for (let id = 1; id <= 3; id++)
        encoder.request(id, get('/').head, undefined, false, 0, false, true);
      encoder.ping(1);
    });
    await peer.next('pong');
    await turns();
    expect(seen).toHaveLength(1);
    expect(server.stats().limitHits.get('maxRunningHandlers')).toBe(2);
    expect(peer.said.filter(({ kind }) => kind === 'cancel' || kind === 'response')).toEqual([]);
  });

  test('that is serial handles them in turn, also when their link has ended (W-126)', async () => {
    const seen: ServerExchange[] = [];
    const { url } = await serve((exchange) => seen.push(exchange), { serial: true });
    const client = pool(url);
    await Promise.all(['/1', '/2'].map((path) => client.send(get(path))));
    await eventually(() => seen.length === 1);
    await client.close();
    await turns();
    expect(seen[0]?.signal.aborted).toBe(false);
    seen[0]?.respond(OK, undefined, undefined);
    await eventually(() => seen.length === 2);
  });

  test.each([
    ['its link has ended', false],
    ['the server has closed', true],
  ])('stops a handler at its deadline when %s, and not before (W-126)', async (_name, closes) => {
    const clock = new FakeClock();
    const seen: ServerExchange[] = [];
    const { server, url } = await serve((exchange) => seen.push(exchange), { clock });
    const peer = await openScripted(url);
    peer.say((encoder) => {
      encoder.request(1, get('/').head, undefined, false, 100, false, true);
      encoder.request(2, get('/endless').head, undefined, false, 0, false, true);
    });
    await eventually(() => seen.length === 2);
    const signals = seen.map(({ signal }) => signal);
    peer.socket.destroy();
    await eventually(() => server.stats().links.length === 0);
    if (closes) await server.close();
    clock.advance(99);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
    clock.advance(10);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(signals[0]?.reason).toMatchObject({ code: 'DEADLINE', processed: 'maybe' });
    expect(seen[0]?.remainingMs).toBe(0);
    clock.advance(1e6);
    expect(signals[1]?.aborted).toBe(false);
  });
});
