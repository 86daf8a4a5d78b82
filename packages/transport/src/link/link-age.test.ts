import { describe, expect, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { createPool } from '../pool/pool.ts';
import type { PoolOptions } from '../pool/pool-options.ts';
import { answer, Cluster } from '../test/cluster.ts';
import { content, pieces } from '../test/content.ts';
import { drain, Gate, get, OK, pool, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { thrownBy } from '../test/failure.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { acceptOpen, openScripted, scriptedServer } from '../test/scripted-peer.ts';

const MINUTE = 60_000;
/** Pings and time limits stay out of the way of clocks that jump. */
const NEVER = 2 ** 29;
const plain = { codecs: ['none'], random: () => 0.5 } as const;
const patient = { limits: { keepaliveMs: NEVER } };

async function one(options: PoolOptions = {}) {
  const cluster = new Cluster();
  const client = pool('teleport://a:1', {
    clock: cluster.clock,
    dial: cluster.dial,
    random: () => 0.5,
    codecs: ['none'],
    ...options,
    limits: {
      keepaliveMs: NEVER,
      requestTimeoutMs: NEVER,
      stallTimeoutMs: NEVER,
      ...options.limits,
    },
  });
  await client.ready();
  const states = () => client.stats().links.map(({ state }) => state);
  return { ...cluster, cluster, host: cluster.host('a'), client, states };
}

describe('maxLinkAgeMs', () => {
  test.each([
    [0, 0.9],
    [0.5, 1],
    [1, 1.1],
  ])('with a lot of %d a link is replaced after %d times that age', async (lot, factor) => {
    const { cluster, host, states } = await one({ maxLinkAgeMs: 10 * MINUTE, random: () => lot });
    cluster.clock.advance(10 * MINUTE * factor - 1);
    expect(host.dials).toBe(1);
    cluster.clock.advance(2);
    expect(host.dials).toBe(2);
    await eventually(() => host.connections[0]?.closed === true);
    expect(states()).toEqual(['open']);
    cluster.clock.advance(10 * MINUTE * factor - 1);
    expect(host.dials).toBe(2);
    cluster.clock.advance(2);
    expect(host.dials).toBe(3);
  });

  test('the new link opens before the old one drains; calls in line and under way end well on the old one', async () => {
    const { cluster, host, client, states } = await one({ maxLinkAgeMs: 10 * MINUTE });
    const held: ServerExchange[] = [];
    host.handle = (exchange) => held.push(exchange);
    const first = client.call(get('/first'));
    await eventually(() => held.length === 1);
    const old = host.connections[0];
    old?.stick();
    const stuck = client.call(get('/stuck'));
    await turns();
    const inLine = client.call(get('/in-line'));
    await turns();
    cluster.clock.advance(10 * MINUTE);
    await eventually(() => states().includes('draining'));
    expect(states().sort()).toEqual(['draining', 'open']);
    const next = client.call(get('/next'));
    await eventually(() => held.length === 2);
    expect(held[1]?.path).toBe('/next');
    old?.unstick();
    await eventually(() => held.length === 4);
    for (const exchange of held) exchange.respond(OK, Buffer.from(exchange.path), undefined);
    for (const call of [first, stuck, inLine, next]) expect((await call).status).toBe(200);
    await eventually(() => states().length === 1);
    expect(client.stats().retries).toBe(0);
  });

  test('the old link goes on while no new one can be opened', async () => {
    const { cluster, host, client, states } = await one({ maxLinkAgeMs: 10 * MINUTE });
    host.isUp = false;
    for (let i = 0; i < 20; i++) {
      cluster.clock.advance(10 * MINUTE);
      await turns(3);
      expect((await client.call(get('/'))).status).toBe(200);
    }
    expect(states()).toEqual(['open']);
    host.isUp = true;
    cluster.clock.advance(MINUTE);
    await eventually(() => host.connections.length === 2);
    await eventually(() => states().length === 1);
    expect((await client.call(get('/'))).status).toBe(200);
  });

  test.each([0, -1, NaN])('%d is INVALID_ARGUMENT', (maxLinkAgeMs) => {
    expect(thrownBy(() => createPool(['teleport://a:1'], { maxLinkAgeMs })).code).toBe(
      'INVALID_ARGUMENT',
    );
  });

  test('nobody says a request behind the Goaway of a link that leaves (W-106)', async () => {
    const clock = new FakeClock();
    const server = await scriptedServer();
    const client = pool(server.url, {
      clock,
      codecs: ['none'],
      ...patient,
      maxLinkAgeMs: MINUTE,
      random: () => 0.5,
    });
    const peer = await acceptOpen(server);
    await client.ready();
    clock.advance(MINUTE);
    const next = await server.accept();
    next.greet();
    const calls: Promise<unknown>[] = [];
    // There is a call in line whenever something comes.
    while (peer.heard('goaway').length === 0) {
      calls.push(client.call(get('/')));
      await turns(1);
    }
    calls.push(client.call(get('/')));
    await eventually(
      () => [peer, next].flatMap((one) => one.heard('request')).length === calls.length,
    );
    expect(peer.heard('request').length).toBeGreaterThan(0);
    const order = peer.said.map(({ kind }) => kind);
    expect(order.lastIndexOf('request')).toBeLessThan(order.indexOf('goaway'));
    for (const one of [peer, next]) {
      one.say((encoder) => {
        for (const { id } of one.heard('request')) encoder.response(id, OK, undefined, false);
      });
    }
    await Promise.all(calls);
    await peer.end();
  });
});

describe('idleTimeoutMs', () => {
  test.each([
    ['15 min', {}, 15 * MINUTE],
    ['as set', { limits: { idleTimeoutMs: 5000 } }, 5000],
  ])(
    'a link that carried nothing for so long leaves, and the next call opens it again: %s',
    async (_, options, ms) => {
      const { cluster, host, client, states } = await one(options);
      await client.call(get('/'));
      // Only the client's clock shall count: the server's links are told nothing by it here.
      cluster.clock.advance(ms - 1);
      await turns(3);
      expect(states()).toEqual(['open']);
      cluster.clock.advance(1);
      await eventually(() => states().length === 0);
      expect(client.stats().limitHits.get('idleTimeout')).toBe(1);
      expect(client.stats().health).toMatchObject([{ state: 'idle', links: 0, failures: 0 }]);
      cluster.clock.advance(10 * ms);
      await turns(3);
      expect(host.dials).toBe(1);
      expect((await client.call(get('/'))).status).toBe(200);
      expect(host.dials).toBe(2);
      await client.ready();
    },
  );

  test('a call begins the time anew, and one that is under way stops it', async () => {
    const { cluster, host, client, states } = await one();
    for (let i = 0; i < 5; i++) {
      cluster.clock.advance(14 * MINUTE);
      await client.call(get('/'));
    }
    expect(states()).toEqual(['open']);
    const held: ServerExchange[] = [];
    host.handle = (exchange) => held.push(exchange);
    const call = client.call(get('/', { deadlineMs: 1000 * MINUTE }));
    await eventually(() => held.length === 1);
    for (let i = 0; i < 50; i++) {
      cluster.clock.advance(MINUTE / 2);
      await turns(3);
    }
    expect(states()).toEqual(['open']);
    held[0]?.respond(OK, undefined, { source: pieces(content(100)) });
    expect(await drain((await call).body)).toBe(100);
    expect(client.stats().limitHits.get('idleTimeout')).toBe(undefined);
  });

  test('Infinity keeps an idle link', async () => {
    const { cluster, client } = await one({ limits: { idleTimeoutMs: Infinity } });
    expect(client.stats().links).toHaveLength(1);
    cluster.clock.advance(14 * MINUTE);
    expect(client.stats().links.map(({ state }) => state)).toEqual(['open']);
  });

  test('a server tells an idle link Goaway NO_ERROR, in two steps, and closes', async () => {
    const clock = new FakeClock();
    const { server, url } = await serve(answer, {
      clock,
      limits: { idleTimeoutMs: 60_000, keepaliveMs: NEVER },
    });
    const peer = await openScripted(url);
    peer.say((encoder) => encoder.request(1, get('/').head, undefined, false, 0));
    await peer.next('response');
    clock.advance(59_999);
    await turns();
    expect(peer.heard('goaway')).toEqual([]);
    clock.advance(1);
    expect(await peer.next('goaway')).toMatchObject({ final: false, code: 'NO_ERROR' });
    const pings = peer.heard('ping');
    peer.say((encoder) => encoder.pong(pings.at(-1)?.token ?? 0));
    expect(await peer.next('goaway')).toMatchObject({ final: true, lastId: 1, code: 'NO_ERROR' });
    await peer.end();
    expect(server.stats().limitHits.get('idleTimeout')).toBe(1);
  });

  test('a link that its server leaves as idle is opened again by the next call, not before', async () => {
    const clock = new FakeClock();
    const server = await scriptedServer();
    const client = pool(server.url, { ...plain, ...patient, clock });
    const peer = await acceptOpen(server);
    await client.ready();
    clock.advance(8 * MINUTE);
    peer.say((encoder) => encoder.goaway(0, 'NO_ERROR', false));
    await peer.end();
    clock.advance(MINUTE);
    await turns();
    expect(client.stats().health).toMatchObject([{ state: 'idle' }]);
    const call = client.call(get('/'));
    const next = await acceptOpen(server);
    await next.next('request');
    next.say((encoder) => encoder.response(1, OK, undefined, false));
    expect((await call).status).toBe(200);
  });
});

describe('what is on its way to a server whose link is idle', () => {
  const IDLE = 1_000;

  async function idling() {
    const clock = new FakeClock();
    const { server, url } = await serve(answer, { clock, limits: { idleTimeoutMs: IDLE } });
    const peer = await openScripted(url);
    await turns();
    return { clock, server, peer };
  }

  test('counts once a part of it has come', async () => {
    const { clock, server, peer } = await idling();
    peer.encoder.request(1, get('/').head, undefined, false, 0);
    const envelope = peer.sealed();
    peer.raw(envelope.subarray(0, 3));
    await eventually(() => server.stats().wireBytesIn === peer.socket.bytesWritten);
    clock.advance(10 * IDLE);
    await turns();
    expect(peer.heard('goaway')).toEqual([]);
    peer.raw(envelope.subarray(3));
    await peer.next('response');
    clock.advance(2 * IDLE);
    await peer.next('goaway');
    expect(server.stats().limitHits.get('idleTimeout')).toBe(1);
  });

  test('and so do one-way requests, which are no streams', async () => {
    const { clock, server, peer } = await idling();
    for (let id = 1; id <= 5; id++) {
      peer.say((encoder) => encoder.request(id, get('/').head, undefined, false, 0, false, true));
      await eventually(() => server.stats().requests === id);
      clock.advance(IDLE - 100);
      await turns();
    }
    expect(peer.heard('goaway')).toEqual([]);
    clock.advance(200);
    await peer.next('goaway');
  });

  test('counts while the server leaves: it says its last id when nothing has come for a second', async () => {
    const { clock, server, peer } = await idling();
    clock.advance(IDLE);
    await peer.next('goaway');
    for (let id = 1; id <= 5; id++) {
      clock.advance(900);
      peer.say((encoder) => encoder.request(id, get('/').head, undefined, false, 0));
      await peer.next('response');
    }
    expect(peer.heard('goaway')).toHaveLength(1);
    clock.advance(2_000);
    expect(await peer.next('goaway')).toMatchObject({ final: true, lastId: 5 });
    expect(server.stats().requests).toBe(5);
  });
});

describe('a link that is drained while calls come in', () => {
  test('sends them to other links at once', async () => {
    const servers = [await scriptedServer(), await scriptedServer()];
    const client = pool(
      servers.map(({ url }) => url),
      { codecs: ['none'] },
    );
    const [one, two] = await Promise.all(servers.map((server) => acceptOpen(server)));
    await client.ready();
    one?.say((encoder) => encoder.goaway(0, 'NO_ERROR', false));
    await eventually(() => client.stats().health[0]?.links === 0);
    const calls = [1, 2, 3].map(() => client.call(get('/')));
    await eventually(() => two?.heard('request').length === 3);
    two?.say((encoder) => {
      for (const id of [1, 2, 3]) encoder.response(id, OK, undefined, false);
    });
    for (const call of calls) expect((await call).status).toBe(200);
    servers[0]?.close();
  });

  test('lets them wait within their deadlines where there is no other', async () => {
    const clock = new FakeClock();
    const server = await scriptedServer();
    const client = pool(server.url, { ...plain, ...patient, clock });
    const peer = await acceptOpen(server);
    await client.ready();
    clock.advance(2000);
    peer.say((encoder) => encoder.goaway(0, 'NO_ERROR', false));
    await eventually(() => client.stats().health[0]?.links === 0);
    const gate = new Gate<string>();
    client.call(get('/', { deadlineMs: 50 })).catch((error) => gate.open(error.code));
    const longer = client.call(get('/', { deadlineMs: 5000 }));
    clock.advance(60);
    expect(await gate.passed).toBe('DEADLINE');
    const next = await acceptOpen(server);
    expect((await next.next('request')).timeoutMs).toBe(4940);
    next.say((encoder) => encoder.response(1, OK, undefined, false));
    expect((await longer).status).toBe(200);
  });
});
