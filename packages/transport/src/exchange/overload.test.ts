import { BatchEncoder, DEFAULT_LIMITS, PREFACE, portableBytes, sealPlain } from '@tp/wire';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../clock.ts';
import type { TransportServer } from '../server.ts';
import { get, OK, pool, post, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { outcome } from '../test/failure.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { memoryPair } from '../test/memory-connection.ts';
import { HELLO, openScripted } from '../test/scripted-peer.ts';
import type { ServerExchange } from './server-exchange.ts';

const ok = (exchange: ServerExchange) => exchange.respond(OK, undefined, undefined);

/** A clock on which time passes while handlers work, and no timer fires meanwhile. */
function workClock(): { clock: Clock; work(ms: number): void } {
  const still = new FakeClock();
  let passed = 0;
  const clock: Clock = {
    now: () => still.now() + passed,
    after: (ms, call) => still.after(ms, call),
    defer: (call) => still.defer(call),
    settle: (call) => still.settle(call),
  };
  const work = (ms: number) => {
    passed += ms;
  };
  return { clock, work };
}

describe('a deadline that passes while handlers before it run', () => {
  test('its request does not reach its handler: DEADLINE no (W-090)', async () => {
    const { clock, work } = workClock();
    const handled: string[] = [];
    const { url } = await serve(
      (exchange) => {
        handled.push(exchange.path);
        work(60);
        ok(exchange);
      },
      { clock },
    );
    const peer = await openScripted(url);
    peer.say((encoder) => {
      encoder.request(1, get('/1').head, undefined, false, 100);
      encoder.request(2, get('/2').head, undefined, false, 100);
      encoder.request(3, get('/3').head, undefined, false, 100);
      encoder.request(4, get('/4').head, undefined, false, 0);
      encoder.request(5, get('/5').head, undefined, true, 150);
    });
    await eventually(() => peer.heard('response').length === 3);
    await eventually(() => peer.heard('cancel').length === 2);
    expect(handled).toEqual(['/1', '/2', '/4']);
    expect(peer.heard('cancel')).toMatchObject([
      { id: 3, code: 'DEADLINE', processed: 'no' },
      { id: 5, code: 'DEADLINE', processed: 'no' },
    ]);
  });
});

describe('a server at its limit', () => {
  test('refuses the rest of many that come at once, each as "no", and answers those that it took', async () => {
    const running: ServerExchange[] = [];
    const { server, url } = await serve((exchange) => running.push(exchange), {
      limits: { maxRunningHandlers: 100, maxHandlerWaitMs: 1e9 },
    });
    const client = pool(url);
    await client.ready();
    const outcomes = new Map<string, number>();
    const calls = Array.from({ length: 10_000 }, () =>
      client.call(get('/')).then(
        ({ status }) => `${status}`,
        ({ code, processed }) => `${code} ${processed}`,
      ),
    );
    await eventually(() => server.stats().limitHits.get('maxRunningHandlers') === 9_900);
    await eventually(() => running.length === 100);
    for (const exchange of running) ok(exchange);
    for (const how of await Promise.all(calls)) outcomes.set(how, (outcomes.get(how) ?? 0) + 1);
    expect(Object.fromEntries(outcomes)).toEqual({ '200': 100, 'REFUSED no': 9_900 });
    expect(server.stats().limitHits.get('ENHANCE_YOUR_CALM')).toBeUndefined();
    expect(client.stats().links).toHaveLength(1);
  });

  test('says so ahead of responses that wait', async () => {
    const running: ServerExchange[] = [];
    const { url } = await serve((exchange) => running.push(exchange), {
      limits: { maxRunningHandlers: 1 },
    });
    const peer = await openScripted(url);
    peer.say((encoder) => encoder.request(1, get('/').head, undefined, false, 0));
    await eventually(() => running.length === 1);
    peer.say((encoder) => {
      for (let id = 2; id < 300; id++) encoder.request(id, get('/').head, undefined, false, 0);
    });
    await eventually(() => peer.heard('cancel').length === 298);
    const [first] = running;
    if (first !== undefined) ok(first);
    await peer.next('response');
    expect(peer.said.at(-1)).toMatchObject({ kind: 'response', id: 1 });
    expect(peer.heard('cancel').map(({ id }) => id)).toEqual(
      Array.from({ length: 298 }, (_, index) => index + 2),
    );
  });

  test.each([
    [3, false],
    [4, true],
    [300, true],
  ])(
    'a client that reads nothing may have as many refusals unread as streams: %i of 3 end its link: %s',
    async (refused, ends) => {
      const { server } = await serve(() => {}, {
        codecs: ['none'],
        limits: { maxRunningHandlers: 0, streams: 3 },
      });
      const peer = await deafDialer(server);
      // The first is written, and waits in the connection.
      for (let id = 1; id <= refused + 1; id++) {
        peer.ask(id);
        await turns(3);
      }
      expect(server.stats().limitHits.has('ENHANCE_YOUR_CALM')).toBe(ends);
      expect(server.stats().limitHits.has('maxQueuedControl')).toBe(ends);
    },
  );
});

/** A dialer in memory that asks and reads nothing. */
async function deafDialer(server: TransportServer): Promise<{ ask(id: number): void }> {
  const [near, far] = memoryPair();
  server.accept(far);
  near.start({ data: () => {}, drain: () => {}, close: () => {} });
  const encoder = new BatchEncoder({
    bytes: portableBytes,
    limits: DEFAULT_LIMITS,
    isSecret: () => false,
    inline: true,
  });
  const say = (write: (encoder: BatchEncoder) => void) => {
    write(encoder);
    near.write(sealPlain(encoder.records, portableBytes, true).slice());
    encoder.reset();
  };
  near.write(PREFACE);
  say(() => encoder.hello(HELLO));
  await turns();
  far.stick();
  return { ask: (id) => say(() => encoder.request(id, get('/').head, undefined, false, 0)) };
}

describe('handlers that compute for long', () => {
  test.each([
    ['with deadlines', 1000],
    ['without', 0],
  ])(
    '%s: sockets are read in between, and what is too much is refused at once',
    async (_how, timeoutMs) => {
      const { clock, work } = workClock();
      const handled: string[] = [];
      const { server, url } = await serve(
        (exchange) => {
          handled.push(exchange.path);
          work(1);
          ok(exchange);
        },
        { clock, limits: { maxRunningHandlers: 5 } },
      );
      const peer = await openScripted(url);
      peer.say((encoder) => {
        for (let id = 1; id <= 20; id++)
          encoder.request(id, get(`/${id}`).head, undefined, false, timeoutMs);
      });
      const taken = 2 + 5;
      await eventually(() => peer.heard('response').length === taken);
      await eventually(() => peer.heard('cancel').length === 20 - taken);
      expect(handled).toEqual(Array.from({ length: taken }, (_, index) => `/${index + 1}`));
      expect(peer.heard('cancel')[0]).toMatchObject({ code: 'REFUSED', processed: 'no' });
      expect(server.stats().limitHits.get('maxRunningHandlers')).toBe(20 - taken);
    },
  );

  test('requests of all links wait in the order in which they came; a ping does not wait for them', async () => {
    const { clock, work } = workClock();
    const handled: string[] = [];
    const { url } = await serve(
      (exchange) => {
        handled.push(exchange.path);
        work(10);
        ok(exchange);
      },
      { clock },
    );
    const [one, two] = [await openScripted(url), await openScripted(url)];
    one.say((encoder) => {
      for (let id = 1; id <= 40; id++)
        encoder.request(id, get('/one').head, undefined, false, 10_000);
    });
    two.say((encoder) => {
      encoder.request(1, get('/two').head, undefined, false, 10_000);
      encoder.ping(7);
    });
    await two.next('pong');
    expect(two.heard('response')).toEqual([]);
    await two.next('response');
    await eventually(() => one.heard('response').length === 40);
    expect(handled).toHaveLength(41);
  });

  test.each([
    ['it has stood for 300 ms', 120, 600, 'cancel'],
    ['it is met for the first time', undefined, 600, 'response'],
    ['it is within the limit', 40, 60, 'response'],
  ] as const)('a wait above maxHandlerWaitMs: %s', async (_name, firstAt, secondAt, kind) => {
    const { clock, work } = workClock();
    const said: string[] = [];
    const { server, url } = await serve(
      (exchange) => {
        work(10);
        const now = Number(exchange.path.slice(1)) * 10;
        if (now === firstAt || now === secondAt) {
          said.push(exchange.path);
          two.say((encoder) =>
            encoder.request(said.length, get('/late').head, undefined, false, 10_000),
          );
        }
        ok(exchange);
      },
      { clock, limits: { maxHandlerWaitMs: 100 } },
    );
    const [one, two] = [await openScripted(url), await openScripted(url)];
    one.say((encoder) => {
      const last = secondAt === 600 ? 200 : 9;
      for (let id = 1; id <= last; id++)
        encoder.request(id, get(`/${id}`).head, undefined, false, 10_000);
    });
    if (firstAt !== undefined) expect(await two.next('response')).toMatchObject({ id: 1 });
    const answer = await two.next(kind);
    expect(answer.id).toBe(said.length);
    if (kind === 'cancel') expect(answer).toMatchObject({ code: 'OVERLOADED', processed: 'no' });
    expect(server.stats().limitHits.get('maxHandlerWait') ?? 0).toBe(kind === 'cancel' ? 1 : 0);
  });

  test('one that is cancelled or expires while it waits is never handled, and takes no room', async () => {
    const { clock, work } = workClock();
    const handled: string[] = [];
    const { url } = await serve(
      (exchange) => {
        handled.push(exchange.path);
        work(10);
        ok(exchange);
      },
      { clock },
    );
    const peer = await openScripted(url);
    peer.say((encoder) => {
      encoder.request(1, get('/1').head, undefined, false, 1000);
      encoder.request(2, get('/2').head, undefined, false, 1000);
      encoder.request(3, get('/3').head, undefined, false, 15);
      encoder.request(4, get('/4').head, undefined, false, 1000);
      encoder.cancel(4, 'CANCEL', 'maybe');
      encoder.request(5, get('/5').head, undefined, false, 1000);
    });
    await eventually(() => peer.heard('response').length === 3);
    expect(handled).toEqual(['/1', '/2', '/5']);
    expect(await peer.next('cancel')).toMatchObject({ id: 3, code: 'DEADLINE', processed: 'no' });
  });
});

describe('the end of a drain', () => {
  test('tells each client what is true of its request, then ends the link (W-107)', async () => {
    const clock = new FakeClock();
    const seen: ServerExchange[] = [];
    const { server, url } = await serve((exchange) => seen.push(exchange), {
      clock,
      serial: true,
      limits: { drainTimeoutMs: 3000 },
    });
    const peer = await openScripted(url);
    peer.say((encoder) => {
      encoder.request(1, get('/answered').head, undefined, false, 0);
      encoder.request(2, get('/running').head, undefined, false, 0);
      encoder.request(3, get('/waiting').head, undefined, false, 0);
    });
    await eventually(() => seen.length === 1);
    const endless = (async function* () {
      yield new Uint8Array(1);
      await new Promise(() => {});
    })();
    seen[0]?.respond(OK, undefined, { source: endless });
    await eventually(() => seen.length === 2);
    await peer.next('data');
    const closed = server.close();
    await turns();
    clock.advance(3000);
    await closed;
    await peer.end();
    expect(peer.heard('cancel')).toMatchObject([
      { id: 1, code: 'CANCEL', processed: 'yes' },
      { id: 2, code: 'CANCEL', processed: 'maybe' },
      { id: 3, code: 'CANCEL', processed: 'no' },
    ]);
    expect(peer.said.at(-1)).toMatchObject({
      kind: 'goaway',
      final: true,
      code: 'CANCEL',
      lastId: 3,
    });
    expect(seen[1]?.signal.reason).toMatchObject({ code: 'CANCEL' });
  });

  test('comes a moment later where the client does not read', async () => {
    const clock = new FakeClock();
    const seen: ServerExchange[] = [];
    const { server } = await serve((exchange) => seen.push(exchange), {
      clock,
      limits: { drainTimeoutMs: 3000 },
    });
    const [near, far] = memoryPair();
    server.accept(far);
    const client = pool('teleport://memory:1', { dial: async () => near });
    const call = outcome(client.call(post('/', [], {})));
    await eventually(() => seen.length === 1);
    far.stick();
    let isClosed = false;
    const closed = server.close().then(() => {
      isClosed = true;
    });
    await turns();
    clock.advance(3999);
    await turns();
    expect(isClosed).toBe(false);
    clock.advance(1);
    await closed;
    near.destroy();
    expect(await call).toBe('LINK_LOST maybe');
  });
});
