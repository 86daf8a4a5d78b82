import { Fields, RequestHead, ResponseHead, TpError } from '@tp/wire';
import { describe, expect, test } from 'vitest';
import type { ServerExchange } from './server-exchange.ts';
import { content, pieces, Source } from './test/content.ts';
import { drain, get, OK, pool, post, serve } from './test/ends.ts';
import { eventually, turns } from './test/eventually.ts';
import { failure, outcome } from './test/failure.ts';
import { memoryPair } from './test/memory-connection.ts';
import { acceptOpen, openScripted, scriptedServer } from './test/scripted-peer.ts';

const plain = { codecs: ['none'] as const };
const ok = (exchange: ServerExchange) => exchange.respond(OK, undefined, undefined);

describe('a link that is lost', () => {
  test('fails what was written as "maybe", and sends what was not on the next link (W-104)', async () => {
    const server = await scriptedServer();
    const pairs = [memoryPair(), memoryPair()];
    let dialled = 0;
    const { server: real } = await serve((exchange) => {
      if (exchange.path !== '/never') ok(exchange);
    });
    for (const [, far] of pairs) real.accept(far);
    const client = pool('teleport://memory:1', {
      ...plain,
      dial: async () => pairs[dialled++]?.[0] ?? Promise.reject(new Error('no more')),
    });
    await client.ready();
    const written = outcome(client.call(get('/never')));
    await turns();
    const near = pairs[0]?.[0];
    near?.stick();
    const stuck = outcome(client.call(get('/stuck-in-the-socket')));
    await turns();
    const queued = client.call(get('/queued'));
    await turns();
    near?.destroy();
    expect(await written).toBe('LINK_LOST maybe');
    expect(await stuck).toBe('LINK_LOST maybe');
    expect((await queued).status).toBe(200);
    expect(real.stats().requests).toBe(2);
    server.close();
  });

  test('does not repeat a body that was read from its source', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, plain);
    const source = new Source(1_000_000);
    const call = outcome(client.call(post('/', [], { stream: { source } })));
    const peer = await acceptOpen(server);
    await peer.next('request');
    peer.say((encoder) => encoder.goaway(0, 'NO_ERROR', true));
    expect(await call).toBe('CLOSED no');
    await eventually(() => source.returned);
  });

  test('a call is given to three links at most', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, plain);
    const call = outcome(client.call(get('/')));
    for (let link = 0; link < 3; link++) {
      const peer = await acceptOpen(server);
      await peer.next('request');
      peer.say((encoder) => encoder.goaway(0, 'NO_ERROR', true));
    }
    expect(await call).toBe('CLOSED no');
  });

  test('in the middle of a body fails both readers, and tells the source', async () => {
    const source = new Source(10_000_000);
    const seen: ServerExchange[] = [];
    const { url } = await serve((exchange) => {
      seen.push(exchange);
      exchange.respond(OK, undefined, { source });
    });
    const [near, far] = memoryPair();
    const upload = new Source(10_000_000);
    const { server } = await serve((exchange) => {
      seen.push(exchange);
      exchange.respond(OK, undefined, { source });
    });
    server.accept(far);
    const client = pool(url, { ...plain, dial: async () => near });
    const response = await client.call(post('/', [], { stream: { source: upload } }));
    const reads = [outcome(drain(response.body)), outcome(drain(seen[0]?.body ?? pieces()))];
    near.destroy();
    expect(await Promise.all(reads)).toEqual(['LINK_LOST yes', 'LINK_LOST maybe']);
    await eventually(() => source.returned && upload.returned);
    expect(seen[0]?.signal.aborted).toBe(true);
  });
});

describe('what a server refuses', () => {
  test('more streams than it allows: REFUSED no, at the limit and not before (W-036)', async () => {
    const { server, url } = await serve(() => {}, { limits: { streams: 3 } });
    const peer = await openScripted(url);
    for (let id = 1; id <= 3; id++) {
      peer.say((encoder) => encoder.request(id, get('/').head, undefined, false, 0));
    }
    await turns();
    expect(peer.heard('cancel')).toEqual([]);
    peer.say((encoder) => encoder.request(4, get('/').head, undefined, false, 0));
    expect(await peer.next('cancel')).toMatchObject({ id: 4, code: 'REFUSED', processed: 'no' });
    expect(server.stats().limitHits.get('maxConcurrentStreams')).toBe(1);
  });

  test('more handlers than may run, a cancelled one counted until it returns', async () => {
    const running: ServerExchange[] = [];
    const { server, url } = await serve((exchange) => running.push(exchange), {
      limits: { maxRunningHandlers: 2 },
    });
    const client = pool(url);
    const abort = new AbortController();
    const cancelled = outcome(client.call(get('/', { signal: abort.signal })));
    client.call(get('/')).catch(() => {});
    await eventually(() => running.length === 2);
    abort.abort();
    await cancelled;
    await eventually(() => running[0]?.over === true);
    expect(await outcome(client.call(get('/')))).toBe('REFUSED no');
    expect(server.stats().limitHits.get('maxRunningHandlers')).toBe(1);
    running[0]?.respond(OK, undefined, undefined);
    const third = client.call(get('/'));
    await eventually(() => running.length === 3);
    for (const exchange of running) ok(exchange);
    expect((await third).status).toBe(200);
  });

  test('more bytes of bodies than handlers may hold', async () => {
    const { server, url } = await serve(() => {}, { limits: { maxRunningBytes: 1000 } });
    const client = pool(url);
    client.call(post('/', [], { body: content(999) })).catch(() => {});
    client.call(post('/', [], { body: content(1) })).catch(() => {});
    expect(await outcome(client.call(post('/', [], { body: content(1) })))).toBe('REFUSED no');
    expect(server.stats().limitHits.get('maxRunningBytes')).toBe(1);
  });

  test("a handler's own error reaches the client with its code and its proof (W-092)", async () => {
    const { url } = await serve((exchange) => {
      if (exchange.path === '/next') return ok(exchange);
      exchange.refuse(
        new TpError({ code: 'UPSTREAM', message: 'the origin is down', processed: 'no' }),
      );
    });
    const client = pool(url);
    expect(await failure(client.call(get('/')))).toMatchObject({
      code: 'UPSTREAM',
      processed: 'no',
      message: 'the origin is down',
    });
    expect((await client.call(get('/next'))).status).toBe(200);
  });
});

describe('what cannot be sent', () => {
  const bad: [string, RequestHead, string][] = [
    [
      'a value with a line end',
      new RequestHead('GET', '/', new Fields(['a', 'b\r\nc: d'])),
      'INVALID_ARGUMENT no',
    ],
    [
      'a name that is no token',
      new RequestHead('GET', '/', new Fields(['a b', ''])),
      'INVALID_ARGUMENT no',
    ],
    ['a method that is no token', new RequestHead('G T', '/'), 'INVALID_ARGUMENT no'],
    ['an empty path', new RequestHead('GET', ''), 'INVALID_ARGUMENT no'],
    [
      'a head above the limit',
      new RequestHead('GET', '/', new Fields(['a', 'b'.repeat(16_384), 'c', 'd'.repeat(16_384)])),
      'HEAD_LIMIT no',
    ],
  ];

  test.each(bad)(
    '%s fails its call alone, and the link goes on (W-062)',
    async (_name, head, how) => {
      const { url } = await serve(ok);
      const client = pool(url);
      const calls = [
        client.call(get('/before')),
        client.call({ head }),
        client.call(get('/after')),
      ];
      expect(await outcome(Promise.resolve(calls[1]))).toBe(how);
      for (const call of [calls[0], calls[2]]) expect((await call)?.status).toBe(200);
      expect(client.stats().links).toHaveLength(1);
      expect(client.pending).toBe(0);
    },
  );

  test('a response, a 1xx head or trailers that may not be sent end their exchange with INTERNAL', async () => {
    const wrong = new Fields(['a', '\n']);
    const { url } = await serve((exchange) => {
      if (exchange.path === '/response')
        exchange.respond(new ResponseHead(200, wrong), undefined, undefined);
      else if (exchange.path === '/status')
        exchange.respond(new ResponseHead(42), undefined, undefined);
      else if (exchange.path === '/inform') exchange.inform(103, wrong);
      else if (exchange.path === '/trailers') {
        exchange.respond(OK, undefined, { source: pieces(), trailers: () => wrong });
      } else if (exchange.path === '/throws') {
        const trailers = () => {
          throw new Error('no trailers');
        };
        exchange.respond(OK, undefined, { source: pieces(), trailers });
      } else ok(exchange);
    });
    const client = pool(url);
    for (const path of ['/response', '/status']) {
      expect(await outcome(client.call(get(path)))).toBe('INTERNAL yes');
    }
    expect(await outcome(client.call(get('/inform')))).toBe('INTERNAL maybe');
    for (const path of ['/trailers', '/throws']) {
      const response = await client.call(get(path));
      expect(await outcome(drain(response.body))).toBe('INTERNAL yes');
    }
    expect((await client.call(get('/next'))).status).toBe(200);
    expect(client.stats().requests).toBe(6);
  });

  test("the client's own trailers that may not be sent fail its call", async () => {
    const { url } = await serve(
      (exchange) =>
        void drain(exchange.body).then(
          () => ok(exchange),
          () => {},
        ),
    );
    const client = pool(url);
    const trailers = () => new Fields(['a', '\n']);
    expect(
      await outcome(client.call(post('/', [], { stream: { source: pieces(), trailers } }))),
    ).toBe('INVALID_ARGUMENT maybe');
    expect((await client.call(get('/next'))).status).toBe(200);
  });
});
