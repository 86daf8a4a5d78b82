import { describe, expect, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import type { LinkLimits } from '../limits.ts';
import { createTransportServer } from '../server.ts';
import { content, Source } from '../test/content.ts';
import { drain, Gate, get, OK, pool, post, type Serving, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { failure } from '../test/failure.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { memoryPair } from '../test/memory-connection.ts';
import {
  acceptOpen,
  openScripted,
  type ScriptedPeer,
  scriptedServer,
} from '../test/scripted-peer.ts';

const MIB = 1024 * 1024;
/** Streams are looked at once a second, so a wait is over that late at most. */
const LOOK_MS = 1_000;
/** Nobody here answers pings. */
const limits = {
  stallTimeoutMs: 10_000,
  streamIdleMs: 100_000,
  keepaliveMs: 1e9,
  idleTimeoutMs: 1e9,
};

interface Slow extends Serving {
  readonly clock: FakeClock;
  readonly peer: ScriptedPeer;
}

/** A server, and a scripted dialer that has asked for something. */
async function slow(
  handle: (exchange: ServerExchange) => void,
  more = false,
  changed: Partial<LinkLimits> = {},
): Promise<Slow> {
  const clock = new FakeClock();
  let asked = false;
  const serving = await serve(
    (exchange) => {
      asked = true;
      handle(exchange);
    },
    { clock, codecs: ['none'], limits: { ...limits, ...changed } },
  );
  const peer = await openScripted(serving.url);
  peer.say((encoder) => encoder.request(1, get('/').head, undefined, more, 0));
  await eventually(() => asked);
  return { ...serving, clock, peer };
}

/** Answers with more than any window takes. */
function large(exchange: ServerExchange): void {
  exchange.respond(OK, undefined, { source: new Source(8 * MIB) });
}

/** What was ended so far, and why. */
function ended({ peer, server }: Slow): unknown[] {
  return [
    ...peer.heard('cancel').map(({ code, processed }) => `${code} ${processed}`),
    ...server.stats().limitHits.keys(),
  ];
}

/** Waits until the sender has used its credit. */
async function full(peer: ScriptedPeer): Promise<void> {
  for (let before = -1; before !== peer.heard('data').length; ) {
    before = peer.heard('data').length;
    await turns(30);
  }
}

/** Some time passes, and both sides hear what comes of it. */
async function pass({ clock, peer }: Pick<Slow, 'clock' | 'peer'>, ms: number): Promise<void> {
  clock.advance(ms);
  await turns();
  if (peer.ended) throw new Error('the link has ended');
}

/** Passes just less than a wait, and then what lacks. */
async function around(slow: Slow, ms: number): Promise<[before: unknown[], after: unknown[]]> {
  await pass(slow, ms - 1);
  const before = ended(slow);
  await pass(slow, LOOK_MS + 1);
  await eventually(() => ended(slow).length > 0);
  await turns();
  return [before, ended(slow)];
}

describe('a response whose client gives no credit', () => {
  test('is ended with TIMEOUT after stallTimeoutMs, and no sooner', async () => {
    const stalled = await slow(large);
    await full(stalled.peer);
    const [before, after] = await around(stalled, limits.stallTimeoutMs);
    expect(before).toEqual([]);
    expect(after).toEqual(['TIMEOUT yes', 'stallTimeout']);
  });

  test('a byte of it now and then buys next to nothing: minRate', async () => {
    const dripped = await slow(large);
    await full(dripped.peer);
    let seconds = 0;
    for (; ended(dripped).length === 0 && seconds < 100; seconds++) {
      dripped.peer.say((encoder) => encoder.credit(1, 1));
      await turns();
      await pass(dripped, 1_000);
    }
    expect(ended(dripped)).toEqual(['TIMEOUT yes', 'minRate']);
    expect(seconds).toBeGreaterThanOrEqual(10);
    expect(seconds).toBeLessThanOrEqual(12);
  });

  test.each([
    [1_024, false],
    [1_023, false],
    [512, true],
  ])(
    '%i bytes a second for a minute, at a least rate of 1,024: ended %s',
    async (rate, isEnded) => {
      const dripped = await slow(large);
      await full(dripped.peer);
      for (let i = 0; i < 60 && ended(dripped).length === 0; i++) {
        const said = dripped.peer.heard('data').length;
        dripped.peer.say((encoder) => encoder.credit(1, rate));
        await eventually(() => dripped.peer.heard('data').length > said);
        await pass(dripped, 1_000);
      }
      expect(ended(dripped)).toEqual(isEnded ? ['TIMEOUT yes', 'minRate'] : []);
    },
  );

  test('ends alone: another stream of the link goes on', async () => {
    const stalled = await slow((exchange) => {
      if (exchange.path === '/') large(exchange);
      else exchange.respond(OK, undefined, undefined);
    });
    await full(stalled.peer);
    await around(stalled, limits.stallTimeoutMs);
    stalled.peer.say((encoder) => encoder.request(2, get('/other').head, undefined, false, 0));
    expect(await stalled.peer.next('response')).toMatchObject({ id: 1 });
    expect(await stalled.peer.next('response')).toMatchObject({ id: 2 });
  });
});

describe('a request whose body is due', () => {
  test('is ended with TIMEOUT after stallTimeoutMs, and no sooner', async () => {
    const read: unknown[] = [];
    const stalled = await slow((exchange) => {
      drain(exchange.body).catch((error: unknown) => read.push(error));
    }, true);
    const [before, after] = await around(stalled, limits.stallTimeoutMs);
    expect(before).toEqual([]);
    expect(after).toEqual(['TIMEOUT maybe', 'stallTimeout']);
    expect(read).toMatchObject([{ code: 'TIMEOUT' }]);
  });

  test('a byte of it now and then buys next to nothing: minRate', async () => {
    const dripped = await slow((exchange) => void drain(exchange.body).catch(() => {}), true);
    let seconds = 0;
    for (; ended(dripped).length === 0 && seconds < 100; seconds++) {
      dripped.peer.say((encoder) => encoder.data(1, content(1), false));
      await turns();
      await pass(dripped, 1_000);
    }
    expect(ended(dripped)).toEqual(['TIMEOUT maybe', 'minRate']);
    expect(seconds).toBeLessThanOrEqual(12);
  });

  test('is not ended while its handler reads nothing', async () => {
    const waiting = await slow(() => {}, true);
    await pass(waiting, limits.streamIdleMs - 1);
    expect(ended(waiting)).toEqual([]);
  });

  test('is not ended once it is answered: both may talk at leisure then', async () => {
    const waiting = await slow((exchange) => {
      exchange.respond(OK, undefined, { source: forever() });
      void drain(exchange.body).catch(() => {});
    }, true);
    await waiting.peer.next('data');
    await pass(waiting, 5 * limits.stallTimeoutMs);
    expect(ended(waiting)).toEqual([]);
  });
});

const lasting: [string, string, number, () => Promise<Slow>][] = [
  ['a response without credit', 'stallTimeout', limits.stallTimeoutMs, () => slow(large)],
  [
    'a request that does not come',
    'stallTimeout',
    limits.stallTimeoutMs,
    () => slow((exchange) => void drain(exchange.body).catch(() => {}), true),
  ],
  [
    'a quiet response',
    'streamIdle',
    limits.streamIdleMs,
    () => slow((exchange) => exchange.respond(OK, undefined, { source: forever() })),
  ],
];
test.each(lasting)(
  '%s hits %s once, however often that passes, and the link stands',
  async (_name, limit, ms, make) => {
    const stalled = await make();
    await full(stalled.peer);
    await pass(stalled, ms - 1);
    expect(ended(stalled)).toEqual([]);
    await pass(stalled, 100 * ms);
    await eventually(() => stalled.peer.heard('cancel').length > 0);
    expect(stalled.peer.heard('cancel')).toHaveLength(1);
    expect([...stalled.server.stats().limitHits]).toEqual([[limit, 1]]);
    expect(stalled.server.stats()).toMatchObject({ pending: 0, links: [{ state: 'open' }] });
  },
);

test('a handler that works for long is waited for', async () => {
  const gate = new Gate();
  const waiting = await slow((exchange) => {
    void gate.passed.then(() => exchange.respond(OK, undefined, undefined));
  });
  await pass(waiting, 10 * limits.streamIdleMs);
  expect(ended(waiting)).toEqual([]);
  gate.open();
  expect(await waiting.peer.next('response')).toMatchObject({ id: 1 });
});

/** An event, and then silence. */
async function* forever(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('data: 1\n\n');
  await new Promise(() => {});
}

describe('a quiet response', () => {
  test('is not ended by its server before streamIdleMs', async () => {
    const quiet = await slow((exchange) => exchange.respond(OK, undefined, { source: forever() }));
    await quiet.peer.next('data');
    const [before, after] = await around(quiet, limits.streamIdleMs);
    expect(before).toEqual([]);
    expect(after).toEqual(['TIMEOUT yes', 'streamIdle']);
  });

  test('is not ended by its client before streamIdleMs, and an event starts that anew', async () => {
    const clock = new FakeClock();
    const server = await scriptedServer();
    const client = pool(server.url, { codecs: ['none'], clock, limits });
    const call = client.call(get('/'));
    const peer = await acceptOpen(server);
    await peer.next('request');
    peer.say((encoder) => encoder.response(1, OK, undefined, true));
    const body = drain((await call).body);
    const failed = failure(body);
    await pass({ clock, peer }, limits.streamIdleMs - 1);
    peer.say((encoder) => encoder.data(1, content(10), false));
    await eventually(() => client.stats().batchesIn === 3);
    await pass({ clock, peer }, limits.streamIdleMs - 1);
    expect(peer.heard('cancel')).toEqual([]);
    await pass({ clock, peer }, LOOK_MS + 1);
    expect(await failed).toMatchObject({ code: 'TIMEOUT', processed: 'yes' });
    expect(await peer.next('cancel')).toMatchObject({ id: 1, code: 'TIMEOUT' });
    expect(client.stats().limitHits.get('streamIdle')).toBe(1);
  });
});

test('an upload whose peer gives no credit fails with TIMEOUT, and its source is told', async () => {
  const clock = new FakeClock();
  const server = await scriptedServer();
  const client = pool(server.url, {
    codecs: ['none'],
    clock,
    limits: { ...limits, requestTimeoutMs: 1e9 },
  });
  const source = new Source(8 * MIB);
  const call = failure(client.call(post('/', [], { stream: { source } })));
  const peer = await acceptOpen(server);
  await full(peer);
  await pass({ clock, peer }, limits.stallTimeoutMs - 1);
  expect(client.pending).toBe(1);
  await pass({ clock, peer }, LOOK_MS + 1);
  expect(await call).toMatchObject({ code: 'TIMEOUT', processed: 'maybe' });
  expect(source.returned).toBe(true);
  expect(client.stats().limitHits.get('stallTimeout')).toBe(1);
});

test('a peer that takes no bytes at all loses its link after stallTimeoutMs', async () => {
  const clock = new FakeClock();
  const server = createTransportServer((exchange) => exchange.respond(OK, undefined, undefined), {
    clock,
    codecs: ['none'],
    limits,
  });
  const [near, far] = memoryPair();
  server.accept(far);
  const client = pool('teleport://memory:1', {
    dial: async () => near,
    codecs: ['none'],
  });
  await client.call(get('/'));
  far.stick();
  client.call(get('/')).catch(() => {});
  await eventually(() => server.stats().requests === 2);
  await turns();
  clock.advance(limits.stallTimeoutMs - 1);
  expect(server.stats().links).toHaveLength(1);
  clock.advance(1);
  expect(server.stats().links).toHaveLength(0);
  expect(server.stats().limitHits.get('stallTimeout')).toBe(1);
});
