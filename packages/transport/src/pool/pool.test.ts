import { describe, expect, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { content } from '../test/content.ts';
import { Dialling } from '../test/dialling.ts';
import { get, OK, pool, post, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { outcome, thrownBy } from '../test/failure.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { acceptOpen, scriptedServer } from '../test/scripted-peer.ts';
import { createPool } from './pool.ts';
import type { PoolOptions } from './pool-options.ts';

const ok = (exchange: ServerExchange) => exchange.respond(OK, undefined, undefined);

function scripted(options: PoolOptions = {}, peers: readonly string[] = ['teleport://a:1']) {
  const clock = new FakeClock();
  const dialling = new Dialling();
  const client = pool(peers, { clock, dial: dialling.dial, random: () => 0.5, ...options });
  return { clock, dialling, client };
}

describe('opening links', () => {
  test('calls wait while the first link is being opened, and go out in order', async () => {
    const paths: string[] = [];
    const { server } = await serve((exchange) => {
      paths.push(exchange.path);
      ok(exchange);
    });
    const { dialling, client } = scripted();
    const calls = ['/1', '/2', '/3'].map((path) => client.call(get(path)));
    await turns();
    expect([client.pending, dialling.attempts.length]).toEqual([3, 1]);
    dialling.latest.connect(server);
    for (const call of calls) expect((await call).status).toBe(200);
    expect(paths).toEqual(['/1', '/2', '/3']);
  });

  test('calls fail at once with UNREACHABLE no while nobody is there', async () => {
    const { clock, dialling, client } = scripted();
    const waiting = outcome(client.call(get('/')));
    const ready = outcome(client.ready());
    dialling.latest.fail();
    expect([await waiting, await ready]).toEqual(['UNREACHABLE no', 'UNREACHABLE no']);
    expect(await outcome(client.call(get('/')))).toBe('UNREACHABLE no');
    expect([dialling.attempts.length, client.pending]).toEqual([1, 0]);
    clock.advance(100);
    const next = outcome(client.call(get('/')));
    expect(dialling.attempts).toHaveLength(2);
    dialling.latest.fail();
    expect(await next).toBe('UNREACHABLE no');
  });

  test('attempts are 100 ms apart, then 1.6 times that, up to 10 s, each jittered by half', async () => {
    for (const [random, factor] of [
      [0, 0.5],
      [0.5, 1],
      [1, 1.5],
    ] as const) {
      const { clock, dialling } = scripted({ random: () => random });
      let wait = 100;
      for (let attempt = 1; attempt < 16; attempt++) {
        dialling.latest.fail();
        await turns(2);
        clock.advance(wait * factor - 0.1);
        expect(dialling.attempts).toHaveLength(attempt);
        clock.advance(0.2);
        expect(dialling.attempts).toHaveLength(attempt + 1);
        wait = Math.min(10_000, wait * 1.6);
      }
      expect(wait).toBe(10_000);
    }
  });

  test('a call shortens the wait to half a second', async () => {
    const { clock, dialling, client } = scripted();
    for (let attempt = 0; attempt < 15; attempt++) {
      dialling.latest.fail();
      await turns(2);
      if (attempt < 14) clock.advance(10_000);
    }
    const before = dialling.attempts.length;
    expect(await outcome(client.call(get('/')))).toBe('UNREACHABLE no');
    clock.advance(499);
    expect(dialling.attempts).toHaveLength(before);
    clock.advance(1);
    expect(dialling.attempts).toHaveLength(before + 1);
  });

  test('an attempt that hangs is given up after handshakeTimeoutMs', async () => {
    const { clock, dialling, client } = scripted();
    const call = outcome(client.call(get('/')));
    clock.advance(4999);
    expect(dialling.latest.signal.aborted).toBe(false);
    clock.advance(1);
    expect(dialling.latest.signal.aborted).toBe(true);
    expect(await call).toBe('UNREACHABLE no');
  });

  test('a peer that takes the connection and says nothing is given up likewise', async () => {
    const { dialling, client, clock } = scripted();
    const silent = { accept: () => {} };
    const call = outcome(client.call(get('/')));
    dialling.latest.connect({ ...(await serve(ok)).server, ...silent });
    await turns();
    clock.advance(5000);
    expect(await call).toBe('UNREACHABLE no');
    await turns();
    expect(client.stats().limitHits.get('handshakeTimeout')).toBe(1);
  });

  test('a link that was lost is replaced within 250 ms, one that lived shorter than a second after a longer wait', async () => {
    const { server } = await serve(ok);
    const { clock, dialling, client } = scripted();
    let link = dialling.latest.connect(server);
    await client.ready();
    clock.advance(1000);
    link.destroy();
    await turns();
    clock.advance(124.9);
    expect(dialling.attempts).toHaveLength(1);
    clock.advance(0.2);
    expect(dialling.attempts).toHaveLength(2);
    link = dialling.latest.connect(server);
    await client.ready();
    for (let wait = 100; wait < 1000; wait *= 1.6) {
      const before = dialling.attempts.length;
      link.destroy();
      await turns();
      clock.advance(wait - 0.1);
      expect(dialling.attempts).toHaveLength(before);
      const waiting = client.call(get('/'));
      clock.advance(0.2);
      expect(dialling.attempts).toHaveLength(before + 1);
      link = dialling.latest.connect(server);
      expect((await waiting).status).toBe(200);
    }
  });

  test('a link that was lost is replaced within 100 ms where a call waits for it', async () => {
    const { server } = await serve(ok);
    const { clock, dialling, client } = scripted();
    const link = dialling.latest.connect(server);
    await client.ready();
    clock.advance(1000);
    link.destroy();
    await turns();
    const waiting = client.call(get('/'));
    clock.advance(49.9);
    expect(dialling.attempts).toHaveLength(1);
    clock.advance(0.2);
    expect(dialling.attempts).toHaveLength(2);
    dialling.latest.connect(server);
    expect((await waiting).status).toBe(200);
  });

  test('a server that was killed and started again is found again', async () => {
    const first = await serve(ok);
    const client = pool(first.url);
    expect((await client.call(get('/'))).status).toBe(200);
    await first.server.close();
    const { url } = await serve(ok, {}, first.url);
    expect(url).toBe(first.url);
    for (;;) {
      const how = await client.call(get('/')).then(
        ({ status }) => `${status}`,
        (error) => `${error.code} ${error.processed}`,
      );
      if (how === '200') break;
      expect(how).toBe('UNREACHABLE no');
      await turns();
    }
  });
});

describe('choosing a link', () => {
  test('a call goes to the link with the fewest pending calls', async () => {
    const servers = [await scriptedServer(), await scriptedServer()];
    const client = pool(
      servers.map(({ url }) => url),
      { codecs: ['none'] },
    );
    const peers = await Promise.all(servers.map((server) => acceptOpen(server)));
    await client.ready();
    for (let i = 0; i < 6; i++) client.call(get(`/${i}`)).catch(() => {});
    await eventually(() => peers.every((peer) => peer.heard('request').length === 3));
    const [, second] = peers;
    second?.say((encoder) => {
      for (const id of [1, 2, 3]) encoder.response(id, OK, undefined, false);
    });
    await eventually(() => client.pending === 3);
    for (let i = 0; i < 3; i++) client.call(get(`/next/${i}`)).catch(() => {});
    await eventually(() => second?.heard('request').length === 6);
    expect(peers[0]?.heard('request')).toHaveLength(3);
  });

  test('`links` opens so many to each peer; ready() waits for all of them', async () => {
    const { server, url } = await serve(ok);
    const client = pool(url, { links: 3 });
    await client.ready();
    expect(client.stats().links).toHaveLength(3);
    await eventually(() => server.stats().links.length === 3);
  });

  test('no peers, or no whole number of links, is INVALID_ARGUMENT', () => {
    for (const make of [
      () => createPool([]),
      () => createPool(['teleport://a:1'], { links: 0 }),
      () => createPool(['teleport://a:1'], { links: 1.5 }),
      () => createPool(['nonsense']),
    ]) {
      expect(thrownBy(make)).toMatchObject({ code: 'INVALID_ARGUMENT', processed: 'no' });
    }
  });
});

describe('what waits is bounded', () => {
  test.each([1, 3])('maxPendingRequests %i: one more is OVERFLOW no', async (most) => {
    const { server, url } = await serve(() => {});
    const client = pool(url, { limits: { maxPendingRequests: most } });
    await client.ready();
    const calls = Array.from({ length: most + 1 }, () => outcome(client.call(get('/'))));
    expect(await calls.at(-1)).toBe('OVERFLOW no');
    expect([client.pending, client.stats().limitHits.get('maxPendingRequests')]).toEqual([most, 1]);
    await eventually(() => server.stats().requests === most);
  });

  test('the same holds for calls that wait for a link', async () => {
    const { dialling, client } = scripted({ limits: { maxPendingRequests: 2 } });
    const calls = [0, 1, 2].map(() => outcome(client.call(get('/'))));
    expect(await calls[2]).toBe('OVERFLOW no');
    dialling.latest.fail();
    expect(await Promise.all(calls.slice(0, 2))).toEqual(['UNREACHABLE no', 'UNREACHABLE no']);
  });

  test("the peer's limit of streams counts as well, so that it need not refuse", async () => {
    const { server, url } = await serve(() => {}, { limits: { streams: 2 } });
    const client = pool(url);
    await client.ready();
    const calls = [0, 1, 2].map(() => outcome(client.call(get('/'))));
    expect(await calls[2]).toBe('OVERFLOW no');
    await eventually(() => server.stats().requests === 2);
    expect(server.stats().limitHits.size).toBe(0);
  });

  test('maxPendingBytes: at the limit a call is taken, above it is OVERFLOW no; what is sent makes room', async () => {
    const { url } = await serve(ok);
    const client = pool(url, { limits: { maxPendingBytes: 1000 } });
    await client.ready();
    const fits = [999, 1].map((size) => client.call(post('/', [], { body: content(size) })));
    expect(await outcome(client.call(post('/', [], { body: content(1) })))).toBe('OVERFLOW no');
    for (const call of fits) expect((await call).status).toBe(200);
    expect((await client.call(post('/', [], { body: content(1000) }))).status).toBe(200);
    expect(await outcome(client.call(post('/', [], { body: content(1001) })))).toBe('OVERFLOW no');
    expect(client.stats().limitHits.get('maxPendingBytes')).toBe(2);
    expect(client.stats().queueBytes).toBe(0);
  });
});
