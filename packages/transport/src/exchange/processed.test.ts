import { Fields, RequestHead, ResponseHead, TpError } from '@tp/wire';
import { describe, expect, test } from 'vitest';
import { content, pieces, Source } from '../test/content.ts';
import { drain, get, OK, pool, post, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { failure, outcome } from '../test/failure.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { memoryPair } from '../test/memory-connection.ts';
import { acceptOpen, openScripted, scriptedServer } from '../test/scripted-peer.ts';
import type { ServerExchange } from './server-exchange.ts';

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

/** How far a call has come when it ends. */
const phases = [
  'waits for a link',
  'is in line',
  'is written',
  'is informed',
  'is answered',
] as const;
type Phase = (typeof phases)[number];

/** A POST that has come so far, over a scripted peer. */
async function callThat(phase: Phase) {
  const clock = new FakeClock();
  const server = await scriptedServer();
  const client = pool(server.url, {
    ...plain,
    clock,
    maxBatchDelayMs: phase === 'is in line' ? 60_000 : 0,
    limits: { drainTimeoutMs: 50, maxPendingRequests: 1 },
  });
  const abort = new AbortController();
  const call = () =>
    client.call(post('/order', [], { deadlineMs: 100, signal: abort.signal, body: content(3) }));
  if (phase === 'waits for a link') {
    const ended = outcome(call());
    return { ended, client, clock, abort, peer: await server.accept() };
  }
  const peer = await acceptOpen(server);
  await client.ready();
  await turns();
  const made = call();
  if (phase === 'is in line') return { ended: outcome(made), client, clock, abort, peer };
  await peer.next('request');
  if (phase === 'is informed')
    peer.say((encoder) => encoder.response(1, new ResponseHead(103), undefined, false));
  if (phase !== 'is answered') {
    const ended = outcome(made);
    await turns();
    return { ended, client, clock, abort, peer };
  }
  peer.say((encoder) => encoder.response(1, OK, undefined, true));
  const ended = outcome(drain((await made).body));
  return { ended, client, clock, abort, peer };
}

type Situation = Awaited<ReturnType<typeof callThat>>;

/** Ways to end, and what is true of a POST that ends so in each phase; a dash where it cannot. */
const endings: [string, (situation: Situation) => unknown, Record<Phase, string>][] = [
  [
    'its deadline passes',
    ({ clock }) => clock.advance(116),
    row('DEADLINE no', 'DEADLINE no', 'DEADLINE maybe', 'DEADLINE maybe', 'DEADLINE yes'),
  ],
  [
    'it is aborted',
    ({ abort }) => abort.abort(),
    row('CANCEL no', 'CANCEL no', 'CANCEL maybe', 'CANCEL maybe', 'CANCEL yes'),
  ],
  [
    'its connection ends',
    ({ peer, client, clock }) => {
      peer.socket.destroy();
      void eventually(() => client.stats().links.length === 0).then(() => clock.advance(116));
    },
    // What was not written waits for the next link, until its deadline.
    row('-', 'DEADLINE no', 'LINK_LOST maybe', 'LINK_LOST maybe', 'LINK_LOST yes'),
  ],
  [
    'the client closes, and has waited long enough',
    ({ client, clock }) => {
      void client.close();
      clock.advance(50);
    },
    row('CANCEL no', 'CANCEL no', 'CANCEL maybe', 'CANCEL maybe', 'CANCEL yes'),
  ],
  [
    'the peer cancels it and says NO',
    ({ peer }) => peer.say((encoder) => encoder.cancel(1, 'REFUSED', 'no')),
    row('-', '-', 'REFUSED no', 'REFUSED no', 'REFUSED yes'),
  ],
  [
    'the peer cancels it and says MAYBE',
    ({ peer }) => peer.say((encoder) => encoder.cancel(1, 'INTERNAL', 'maybe')),
    row('-', '-', 'INTERNAL maybe', 'INTERNAL maybe', 'INTERNAL yes'),
  ],
  [
    'the peer cancels it and says YES',
    ({ peer }) => peer.say((encoder) => encoder.cancel(1, 'UPSTREAM', 'yes')),
    row('-', '-', 'UPSTREAM yes', 'UPSTREAM yes', 'UPSTREAM yes'),
  ],
  [
    'the peer breaks a rule of its stream',
    ({ peer }) => peer.say((encoder) => encoder.trailers(1, new Fields(['a', 'b'.repeat(9)]))),
    row('-', '-', 'PROTOCOL maybe', 'PROTOCOL maybe', '-'),
  ],
  [
    'the link ends with an error, its id taken',
    ({ peer }) => {
      peer.say((encoder) => encoder.goaway(1, 'INTERNAL', true));
      peer.socket.end();
    },
    row('-', '-', 'INTERNAL maybe', 'INTERNAL maybe', 'INTERNAL yes'),
  ],
];

function row(...all: [string, string, string, string, string]): Record<Phase, string> {
  const [waiting, inLine, written, informed, answered] = all;
  return {
    'waits for a link': waiting,
    'is in line': inLine,
    'is written': written,
    'is informed': informed,
    'is answered': answered,
  };
}

describe.each(endings)('a POST when %s', (_name, end, outcomes) => {
  test.each(phases.filter((phase) => outcomes[phase] !== '-'))('and the call %s', async (phase) => {
    const situation = await callThat(phase);
    await end(situation);
    expect(await situation.ended).toBe(outcomes[phase]);
    situation.peer.socket.destroy();
    expect(situation.client.pending).toBe(0);
  });
});

test('a POST above the last id of a final Goaway was not processed: it is written on the next link (W-101)', async () => {
  const server = await scriptedServer();
  const client = pool(server.url, plain);
  const call = client.call(post('/order', [], { body: content(3) }));
  const peer = await acceptOpen(server);
  await peer.next('request');
  peer.say((encoder) => encoder.goaway(0, 'NO_ERROR', true));
  const next = await acceptOpen(server);
  await next.next('request');
  next.say((encoder) => encoder.response(1, OK, undefined, false));
  expect((await call).status).toBe(200);
});

test('what a body of a response is too long for fails as "yes"', async () => {
  const { url } = await serve((exchange) =>
    exchange.respond(OK, undefined, { source: pieces(content(1001)) }),
  );
  const buffered = pool(url, { limits: { maxBufferedBodyBytes: 1000 } });
  const gathered = (await buffered.call(get('/'))).bytes();
  expect(await outcome(Promise.resolve(gathered))).toBe('BODY_LIMIT yes');
  const streamed = pool(url, { limits: { maxBodyBytes: 1000 } });
  expect(await outcome(drain((await streamed.call(get('/'))).body))).toBe('BODY_LIMIT yes');
});

test('a body that breaks a rule while its handler works is "maybe", behind its answer "yes" (W-092)', async () => {
  const { url } = await serve(
    (exchange) => {
      if (exchange.path === '/answers')
        exchange.respond(OK, undefined, { source: new Source(1_000_000) });
    },
    { limits: { maxBodyBytes: 10 } },
  );
  const peer = await openScripted(url);
  peer.say((encoder) => {
    encoder.request(1, post('/works', [], {}).head, undefined, true, 0);
    encoder.data(1, content(11), false);
  });
  expect(await peer.next('cancel')).toMatchObject({ code: 'BODY_LIMIT', processed: 'maybe' });
  peer.say((encoder) => encoder.request(2, post('/answers', [], {}).head, undefined, true, 0));
  await peer.next('data');
  peer.say((encoder) => encoder.data(2, content(11), false));
  expect(await peer.next('cancel')).toMatchObject({ code: 'BODY_LIMIT', processed: 'yes' });
});
