import { DEFAULT_LIMITS } from '@tp/wire';
import { describe, expect, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { createTransportServer } from '../server.ts';
import { content, pieces, Source, sha } from '../test/content.ts';
import { drain, Gate, get, OK, pool, post, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { failure } from '../test/failure.ts';
import { memoryPair } from '../test/memory-connection.ts';
import { acceptOpen, openScripted, scriptedServer } from '../test/scripted-peer.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** Small windows, so that tests need few bytes. */
const limits = { streamWindow: 32 * KIB, linkWindow: 64 * KIB, streamBuffer: 16 * KIB };
const options = { codecs: ['none'] as const, limits };

function ok(exchange: ServerExchange): void {
  exchange.respond(OK, undefined, undefined);
}

/** Waits until a source has rested for many turns. */
async function rest(source: Source): Promise<void> {
  for (let before = -1; before !== source.taken; ) {
    before = source.taken;
    await turns(30);
  }
}

describe('a reader that stops', () => {
  test('pauses a response within the window and what is read ahead; reading on goes on', async () => {
    const source = new Source(4 * MIB);
    const { url } = await serve((exchange) => {
      if (exchange.path === '/large') exchange.respond(OK, undefined, { source });
      else ok(exchange);
    }, options);
    const client = pool(url, options);
    const response = await client.call(get('/large'));
    await rest(source);
    expect(source.taken).toBeGreaterThanOrEqual(limits.streamWindow);
    expect(source.taken).toBeLessThanOrEqual(limits.streamWindow + limits.streamBuffer + 16 * KIB);
    expect((await client.call(get('/other'))).status).toBe(200);
    expect(await drain(response.body)).toBe(4 * MIB);
    expect(client.pending).toBe(0);
  });

  test('pauses a request likewise', async () => {
    const gate = new Gate();
    const { url } = await serve((exchange) => {
      if (exchange.path === '/other') return ok(exchange);
      void gate.passed.then(async () => {
        const length = await drain(exchange.body);
        exchange.respond(OK, Buffer.from(`${length}`), undefined);
      });
    }, options);
    const client = pool(url, options);
    const source = new Source(4 * MIB);
    const call = client.call(post('/large', [], { stream: { source } }));
    await rest(source);
    expect(source.taken).toBeLessThanOrEqual(limits.streamWindow + limits.streamBuffer + 16 * KIB);
    expect((await client.call(get('/other'))).status).toBe(200);
    gate.open();
    expect((await call).text()).toBe(`${4 * MIB}`);
  });

  test('does not stop other bodies, though it holds half of the link (W-044)', async () => {
    const { url } = await serve((exchange) => {
      exchange.respond(OK, undefined, { source: new Source(MIB) });
    }, options);
    const client = pool(url, {
      ...options,
      limits: { ...limits, linkWindow: 2 * limits.streamWindow + 4 * KIB },
    });
    const stopped = [await client.call(get('/1')), await client.call(get('/2'))];
    const third = await client.call(get('/3'));
    expect(await drain(third.body)).toBe(MIB);
    for (const response of stopped) expect(await drain(response.body)).toBe(MIB);
  });
});

test('responses that nobody reads, once complete, hold back no credit of the link', async () => {
  const { url } = await serve(
    (exchange) => exchange.respond(OK, undefined, { source: new Source(limits.streamWindow) }),
    options,
  );
  const client = pool(url, options);
  const unread = [];
  for (let i = 0; i < 10; i++) {
    unread.push(await client.call(get('/unread')));
    await eventually(() => client.pending === 0);
  }
  const whole = await client.call(get('/read'));
  expect(await drain(whole.body)).toBe(limits.streamWindow);
  for (const response of unread) expect(await drain(response.body)).toBe(limits.streamWindow);
});

test('requests whose bodies the handler does not read hold back no credit of the link', async () => {
  const { url } = await serve(ok, options);
  const client = pool(url, options);
  for (let i = 0; i < 10; i++) {
    const body = content(limits.streamWindow);
    const { status } = await client.call(post('/', [], { stream: { source: pieces(body) } }));
    expect(status).toBe(200);
    await eventually(() => client.pending === 0);
  }
});

test('a handler that leaves the body early may still answer; the rest is not wanted (W-035)', async () => {
  const { url } = await serve((exchange) => {
    void (async () => {
      for await (const piece of exchange.body) {
        expect(piece.length).toBeGreaterThan(0);
        break;
      }
      await turns();
      ok(exchange);
    })();
  }, options);
  const client = pool(url, options);
  for (let i = 0; i < 5; i++) {
    const source = new Source(MIB);
    const response = await client.call(post('/', [], { stream: { source } }));
    expect(response.status).toBe(200);
    await eventually(() => client.pending === 0);
    expect(source.returned).toBe(true);
  }
});

test('a call that comes while a large upload waits for the socket goes before the rest of it (W-022)', async () => {
  let uploaded = 0;
  let uploadedBefore: number | undefined;
  const server = createTransportServer((exchange) => {
    if (exchange.path === '/small') {
      uploadedBefore = uploaded;
      return ok(exchange);
    }
    void (async () => {
      for await (const piece of exchange.body) uploaded += piece.length;
      ok(exchange);
    })();
  });
  const [near, far] = memoryPair();
  server.accept(far);
  const client = pool('teleport://memory:1', { dial: async () => near, codecs: ['none'] });
  await client.ready();
  near.stick();
  const source = new Source(MIB);
  const upload = client.call(post('/large', [], { stream: { source } }));
  await rest(source);
  const small = client.call(get('/small'));
  near.unstick();
  expect((await small).status).toBe(200);
  expect((await upload).status).toBe(200);
  expect(uploadedBefore).toBeLessThan(100 * KIB);
  expect(uploaded).toBe(MIB);
});

test('two bodies share the link slice by slice, in turn (W-022)', async () => {
  const server = await scriptedServer();
  const client = pool(server.url, { codecs: ['none'] });
  for (const path of ['/a', '/b']) {
    const source = pieces(content(150 * KIB));
    client.call(post(path, [], { stream: { source } })).catch(() => {});
  }
  const peer = await acceptOpen(server);
  await eventually(() => peer.heard('data').filter(({ last }) => last).length === 2);
  const ids = peer.heard('data').map(({ id }) => id);
  expect(ids.slice(0, 18)).toEqual(Array.from({ length: 18 }, (_, i) => (i % 2) + 1));
});

describe('credit overdrawn (W-043)', () => {
  const small = { ...options, limits: { ...limits, linkWindow: 40 * KIB } };

  test("a stream's ends the stream with FLOW_CONTROL, and its counter counts", async () => {
    const { server, url } = await serve(() => {}, small);
    const peer = await openScripted(url);
    peer.say((encoder) => {
      encoder.request(1, get('/').head, undefined, true, 0);
      for (let i = 0; i < 2; i++) encoder.data(1, content(16 * KIB), false);
      encoder.data(1, content(1), false);
    });
    expect(await peer.next('cancel')).toMatchObject({ id: 1, code: 'FLOW_CONTROL' });
    expect(server.stats().limitHits.get('FLOW_CONTROL')).toBe(1);
    peer.say((encoder) => encoder.ping(1));
    await peer.next('pong');
  });

  test("the link's ends the link with FLOW_CONTROL", async () => {
    const { server, url } = await serve(() => {}, small);
    const peer = await openScripted(url);
    peer.say((encoder) => {
      for (const id of [1, 2]) {
        encoder.request(id, get('/').head, undefined, true, 0);
        encoder.data(id, content(16 * KIB), false);
      }
      encoder.data(1, content(8 * KIB + 1), false);
    });
    expect(await peer.next('goaway')).toMatchObject({
      code: 'FLOW_CONTROL',
      final: true,
      lastId: 2,
    });
    await peer.end();
    expect(server.stats().limitHits.get('linkWindow')).toBe(1);
  });

  test('credit that lifts a sum above 2^31 - 1 is FLOW_CONTROL, of the stream or of the link', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, { codecs: ['none'] });
    const call = client.call(post('/', [], { stream: { source: new Source(MIB) } }));
    const peer = await acceptOpen(server);
    await peer.next('data');
    peer.say((encoder) => {
      for (let i = 0; i < 2; i++) encoder.credit(1, 2 ** 31 - 1);
    });
    expect((await failure(call)).code).toBe('FLOW_CONTROL');
    expect(await peer.next('cancel')).toMatchObject({ id: 1, code: 'FLOW_CONTROL' });
    peer.say((encoder) => {
      for (let i = 0; i < 2; i++) encoder.credit(0, 2 ** 31 - 1);
    });
    expect(await peer.next('goaway')).toMatchObject({ code: 'FLOW_CONTROL', final: true });
  });
});

test('a sender keeps to the credit of stream and link, byte by byte (W-042)', async () => {
  const server = await scriptedServer();
  const client = pool(server.url, { codecs: ['none'] });
  const bodies = [content(300), content(300)];
  for (const body of bodies) {
    client.call(post('/', [], { stream: { source: pieces(body) } })).catch(() => {});
  }
  const peer = await acceptOpen(server, {
    limits: { ...DEFAULT_LIMITS, streamWindow: 100, linkWindow: 150 },
  });
  const received = (id?: number) =>
    peer
      .heard('data')
      .filter((data) => id === undefined || data.id === id)
      .reduce((sum, { body }) => sum + body.length, 0);
  await eventually(() => received() === 150);
  await turns();
  expect([received(), received(1), received(2)]).toEqual([150, 100, 50]);
  peer.say((encoder) => encoder.credit(0, 1));
  await eventually(() => received() === 151);
  peer.say((encoder) => encoder.credit(1, 200));
  await turns();
  expect(received()).toBe(151);
  peer.say((encoder) => {
    encoder.credit(2, 200);
    encoder.credit(0, 10_000);
  });
  await eventually(() => peer.heard('data').filter(({ last }) => last).length === 2);
  for (const [index, body] of bodies.entries()) {
    const came = peer.heard('data').filter(({ id }) => id === index + 1);
    expect(sha(Buffer.concat(came.map((data) => data.body)))).toBe(sha(body));
  }
});
