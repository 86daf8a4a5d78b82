import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { createTransportServer, type TransportServer } from '../server.ts';
import { socketConnection } from '../socket/socket-connection.ts';
import { content, pieces, Source } from '../test/content.ts';
import { drain, Gate, get, OK, pool, post, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { failure, outcome } from '../test/failure.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { acceptOpen, openScripted, scriptedServer } from '../test/scripted-peer.ts';

const plain = { codecs: ['none'] as const };

/** Answers a few turns later, so that calls are under way at any time. */
function later(exchange: ServerExchange): void {
  void turns(3).then(() => exchange.respond(OK, Buffer.from(exchange.path), undefined));
}

/** One port in front of servers that take turns, as when a process is replaced. */
async function front(
  first: TransportServer,
): Promise<{ url: string; use(server: TransportServer): void }> {
  let current = first;
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    current.accept(socketConnection(socket, false));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const bound = server.address();
  const port = bound === null || typeof bound === 'string' ? 0 : bound.port;
  return {
    url: `teleport://127.0.0.1:${port}`,
    use: (next) => {
      current = next;
    },
  };
}

/** Calls without pause from many callers until told to stop; gives what went wrong. */
function load(client: ReturnType<typeof pool>): { done: number; stop(): Promise<unknown[]> } {
  const errors: unknown[] = [];
  let running = true;
  const state = { done: 0, stop };
  const callers = Array.from({ length: 50 }, async (_, caller) => {
    while (running) {
      const path = `/${caller}/${state.done}`;
      try {
        expect((await client.call(get(path))).text()).toBe(path);
      } catch (error) {
        errors.push(error);
      }
      state.done++;
    }
  });
  async function stop() {
    running = false;
    await Promise.all(callers);
    return errors;
  }
  return state;
}

describe('a server that closes under load', () => {
  test('and is replaced at the same place fails no call', async () => {
    const servers = Array.from({ length: 4 }, () => createTransportServer(later));
    const [first] = servers;
    if (first === undefined) return;
    const { url, use } = await front(first);
    const client = pool(url);
    const calls = load(client);
    for (const [index, server] of servers.slice(1).entries()) {
      await eventually(() => calls.done > 300 * (index + 1));
      use(server);
      await servers[index]?.close();
    }
    await eventually(() => calls.done > 1500);
    expect(await calls.stop()).toEqual([]);
    await client.close();
    await servers.at(-1)?.close();
  });

  test('while another server stands fails no call', async () => {
    const [one, two] = [await serve(later), await serve(later)];
    const client = pool([one.url, two.url]);
    await client.ready();
    const calls = load(client);
    await eventually(() => calls.done > 500);
    await one.server.close();
    await eventually(() => calls.done > 1500);
    expect(await calls.stop()).toEqual([]);
    expect(two.server.stats().requests).toBeGreaterThan(500);
  });

  test('answers what it took, to the last byte of the last answer, before it closes (W-102)', async () => {
    const seen = new Gate<ServerExchange>();
    const { server, url } = await serve((exchange) => seen.open(exchange), {
      limits: { drainTimeoutMs: 10_000 },
    });
    const client = pool(url);
    const call = client.call(get('/slow'));
    const exchange = await seen.passed;
    const closed = server.close();
    await eventually(() => client.stats().links.every(({ state }) => state === 'draining'));
    await turns();
    exchange.respond(OK, undefined, { source: pieces(content(300_000)) });
    expect(await drain((await call).body)).toBe(300_000);
    await closed;
  });

  test('does not wait for a call that its client cancels', async () => {
    const seen = new Gate<ServerExchange>();
    const { server, url } = await serve((exchange) => seen.open(exchange), {
      clock: new FakeClock(),
    });
    const peer = await openScripted(url);
    peer.say((encoder) => encoder.request(1, get('/').head, undefined, false, 0));
    await seen.passed;
    const closed = server.close();
    const { token } = await peer.next('ping');
    peer.say((encoder) => encoder.pong(token));
    expect(await peer.next('goaway')).toMatchObject({ final: false });
    expect(await peer.next('goaway')).toMatchObject({ final: true, lastId: 1, code: 'NO_ERROR' });
    peer.say((encoder) => encoder.cancel(1, 'CANCEL', 'maybe'));
    await closed;
    await peer.end();
  });

  test('drops requests above its last id, and their bodies, without harm to the rest (W-101)', async () => {
    const clock = new FakeClock();
    const handled: ServerExchange[] = [];
    const { server, url } = await serve((exchange) => handled.push(exchange), {
      clock,
      limits: { drainTimeoutMs: 10_000 },
    });
    const peer = await openScripted(url);
    peer.say((encoder) => encoder.request(1, get('/1').head, undefined, false, 0));
    await eventually(() => handled.length === 1);
    const closed = server.close();
    clock.advance(1000);
    await eventually(() => peer.heard('goaway').length === 2);
    peer.say((encoder) => {
      encoder.request(2, get('/2').head, undefined, true, 0);
      encoder.data(2, content(10), true);
      encoder.cancel(2, 'CANCEL', 'maybe');
    });
    peer.say((encoder) => encoder.ping(9));
    await peer.next('pong');
    handled[0]?.respond(OK, undefined, undefined);
    expect((await peer.next('response')).id).toBe(1);
    await closed;
    expect(handled).toHaveLength(1);
    expect(peer.heard('goaway').map(({ lastId }) => lastId)).toEqual([0, 1]);
  });

  test('ends what remains after drainTimeoutMs, and may be closed twice', async () => {
    const clock = new FakeClock();
    const seen = new Gate<ServerExchange>();
    const { server, url } = await serve((exchange) => seen.open(exchange), {
      clock,
      limits: { drainTimeoutMs: 3000 },
    });
    const call = outcome(pool(url).call(get('/')));
    await seen.passed;
    const closed = [server.close(), server.close()];
    clock.advance(2999);
    expect(server.stats().links).toHaveLength(1);
    clock.advance(1);
    await Promise.all(closed);
    expect(await call).toBe('CANCEL maybe');
  });
});

describe("a peer's goaway", () => {
  test('announced: the link takes no further call, those under way go on, the next link opens (W-100)', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, plain);
    const first = client.call(get('/first'));
    const old = await acceptOpen(server);
    await old.next('request');
    old.say((encoder) => encoder.goaway(0, 'NO_ERROR', false));
    const second = client.call(get('/second'));
    await eventually(() => client.stats().links.some(({ state }) => state === 'draining'));
    const next = await acceptOpen(server);
    const third = client.call(get('/third'));
    const paths = [...old.heard('request').slice(1), await next.next('request')];
    if (paths.length === 1) paths.push(await next.next('request'));
    expect(paths.map(({ head }) => head.path).sort()).toEqual(['/second', '/third']);
    for (const peer of [old, next]) {
      for (const { id, head } of peer.heard('request')) {
        peer.say((encoder) => encoder.response(id, OK, Buffer.from(head.path), false));
      }
    }
    const texts = await Promise.all(
      [first, second, third].map(async (call) => (await call).text()),
    );
    expect(texts).toEqual(['/first', '/second', '/third']);
    await old.end();
  });

  test('announced: a link whose last call the peer cancels closes as well (W-102)', async () => {
    const server = await scriptedServer();
    const call = outcome(pool(server.url, plain).call(get('/')));
    const peer = await acceptOpen(server);
    await peer.next('request');
    peer.say((encoder) => encoder.goaway(0, 'NO_ERROR', false));
    peer.say((encoder) => encoder.cancel(1, 'REFUSED', 'no'));
    expect(await call).toBe('REFUSED no');
    await peer.end();
  });

  test('final: calls above the last id were not processed and go to the next link (W-101)', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, plain);
    const calls = ['/1', '/2'].map((path) => client.call(get(path)));
    const streamed = client.call(post('/3', [], { stream: { source: new Source(10) } }));
    const lost = outcome(streamed);
    const old = await acceptOpen(server);
    for (let i = 0; i < 3; i++) await old.next('request');
    old.say((encoder) => encoder.goaway(1, 'NO_ERROR', true));
    expect(await lost).toBe('CLOSED no');
    const next = await acceptOpen(server);
    expect((await next.next('request')).head.path).toBe('/2');
    next.say((encoder) => encoder.response(1, OK, undefined, false));
    old.say((encoder) => encoder.response(1, OK, undefined, false));
    for (const call of calls) expect((await call).status).toBe(200);
    await old.end();
    expect(next.heard('request')).toHaveLength(1);
  });

  test('a last id that rises is PROTOCOL; the call below stays "maybe" (W-101)', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, plain);
    const call = outcome(client.call(get('/')));
    const peer = await acceptOpen(server);
    await peer.next('request');
    peer.say((encoder) => {
      encoder.goaway(1, 'NO_ERROR', true);
      encoder.goaway(2, 'NO_ERROR', true);
    });
    expect(await peer.next('goaway')).toMatchObject({ code: 'PROTOCOL', final: true });
    expect(await call).toBe('PROTOCOL maybe');
  });

  test('with a code says why the link ended (W-103)', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, plain);
    const call = failure(client.call(get('/')));
    const peer = await acceptOpen(server);
    await peer.next('request');
    peer.say((encoder) => encoder.goaway(1, 'ENHANCE_YOUR_CALM', true, 'too much'));
    peer.socket.end();
    expect(await call).toMatchObject({ code: 'ENHANCE_YOUR_CALM', processed: 'maybe' });
    expect((await call).message).toContain('too much');
  });
});

describe('closing a client', () => {
  test('takes no further call, waits for those under way, and says goaway (W-102)', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, { ...plain, limits: { drainTimeoutMs: 10_000 } });
    const call = client.call(get('/'));
    const peer = await acceptOpen(server);
    await peer.next('request');
    const closed = client.close();
    expect(await outcome(client.call(get('/late')))).toBe('CLOSED no');
    expect(await outcome(client.ready())).toBe('CLOSED no');
    peer.say((encoder) => encoder.response(1, OK, undefined, true));
    const read = call.then((response) => drain(response.body));
    peer.say((encoder) => encoder.data(1, content(5), true));
    expect(await read).toBe(5);
    await closed;
    await peer.end();
    expect(peer.heard('goaway')).toMatchObject([{ code: 'NO_ERROR', final: false }]);
  });

  test('ends what remains after drainTimeoutMs: on links, and calls that wait for one', async () => {
    const clock = new FakeClock();
    const server = await scriptedServer();
    const open = pool(server.url, { ...plain, clock, limits: { drainTimeoutMs: 2000 } });
    const written = outcome(open.call(get('/')));
    await (await acceptOpen(server)).next('request');
    const dialling = pool('teleport://nowhere:1', {
      clock,
      dial: () => new Promise(() => {}),
      limits: { drainTimeoutMs: 2000 },
    });
    const waiting = outcome(dialling.call(get('/')));
    const closed = Promise.all([open.close(), dialling.close()]);
    const ready = outcome(dialling.ready());
    clock.advance(2000);
    await closed;
    expect([await written, await waiting, await ready]).toEqual([
      'CANCEL maybe',
      'CANCEL no',
      'CLOSED no',
    ]);
  });
});
