import { ResponseHead } from '@tp/wire';
import { describe, expect, test } from 'vitest';
import type { PoolOptions } from '../pool/pool-options.ts';
import { content, pieces, Source } from '../test/content.ts';
import { drain, get, OK, pool, post } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { failure, outcome } from '../test/failure.ts';
import { FakeClock } from '../test/fake-clock.ts';
import {
  acceptOpen,
  type ScriptedPeer,
  type ScriptedServer,
  scriptedServer,
} from '../test/scripted-peer.ts';
import type { CallInit } from './call-init.ts';

const plain = { codecs: ['none'] as const };
const idempotent = { idempotent: true };

/** Answers each request of the links that come from now on; gives their paths, in order. */
function answerAll(server: ScriptedServer): string[] {
  const paths: string[] = [];
  const link = async () => {
    for (;;) {
      const peer = await acceptOpen(server);
      void each(peer).catch(() => {});
    }
  };
  const each = async (peer: ScriptedPeer) => {
    for (;;) {
      const { id, head } = await peer.next('request');
      paths.push(head.path);
      peer.say((encoder) => encoder.response(id, OK, undefined, false));
    }
  };
  void link();
  return paths;
}

/** Ways to fail behind the writing of a request that may have been processed. */
const deaths: [string, (peer: ScriptedPeer) => void, string][] = [
  ['its connection ends', (peer) => void peer.socket.destroy(), 'LINK_LOST maybe'],
  [
    'it ends behind a 1xx head',
    (peer) => {
      peer.say((encoder) => encoder.response(1, INFORMATION, undefined, false));
      peer.socket.end();
    },
    'LINK_LOST maybe',
  ],
  [
    'it leaves for good, has taken the request, and ends',
    (peer) => {
      peer.say((encoder) => encoder.goaway(1, 'NO_ERROR', true));
      peer.socket.end();
    },
    'LINK_LOST maybe',
  ],
  [
    'it ends the link with an error',
    (peer) => {
      peer.say((encoder) => encoder.goaway(1, 'INTERNAL', true));
      peer.socket.end();
    },
    'INTERNAL maybe',
  ],
  ['it says what cannot be read', (peer) => peer.raw(new Uint8Array(64)), 'PROTOCOL maybe'],
  [
    'it cancels, as what is behind it broke off',
    (peer) => peer.say((encoder) => encoder.cancel(1, 'UPSTREAM', 'maybe')),
    'UPSTREAM maybe',
  ],
  [
    'it cancels at the end of its drain',
    (peer) => peer.say((encoder) => encoder.cancel(1, 'CANCEL', 'maybe')),
    'CANCEL maybe',
  ],
];
const INFORMATION = new ResponseHead(103);

describe.each(deaths)('a peer that dies when it has the request: %s', (_how, die, how) => {
  test('a POST that may be processed is never repeated', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, plain);
    const call = outcome(client.call(post('/order', [], { body: content(10) })));
    const peer = await acceptOpen(server);
    await peer.next('request');
    const paths = answerAll(server);
    die(peer);
    expect(await call).toBe(how);
    peer.socket.destroy();
    await eventually(() => peer.ended);
    await client.call(get('/next'));
    await turns();
    expect(paths).toEqual(['/next']);
    expect(peer.heard('request')).toHaveLength(1);
    expect(client.stats().retries).toBe(0);
  });

  test('an idempotent call is repeated', async () => {
    const server = await scriptedServer();
    const other = await scriptedServer();
    const client = pool([server.url, other.url], { ...plain, ...first });
    const peer = await acceptOpen(server);
    const paths = answerAll(other);
    await client.ready();
    const call = client.call(get('/thing', idempotent));
    await peer.next('request');
    die(peer);
    expect((await call).status).toBe(200);
    expect(paths).toEqual(['/thing']);
    expect(client.stats().retries).toBe(1);
  });
});

/** Draws the first link of a pool whenever it draws. */
const first: PoolOptions = { random: () => 0 };

describe('a peer that dies at another time', () => {
  test('before its hello: nothing was written, and a POST fails as such', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, plain);
    const call = client.call(post('/order', [], { body: content(10) }));
    const dead = await server.accept();
    await dead.next('hello');
    dead.socket.destroy();
    expect(await outcome(call)).toBe('UNREACHABLE no');
    expect(dead.heard('request')).toEqual([]);
  });

  test("in the middle of the response: nothing is repeated, and the body's reader knows that it was processed", async () => {
    const server = await scriptedServer();
    const client = pool(server.url, plain);
    const call = client.call(get('/thing', idempotent));
    const peer = await acceptOpen(server);
    await peer.next('request');
    const paths = answerAll(server);
    peer.say((encoder) => encoder.response(1, OK, undefined, true));
    const read = outcome(drain((await call).body));
    peer.socket.destroy();
    expect(await read).toBe('LINK_LOST yes');
    await client.call(get('/next'));
    expect(paths).toEqual(['/next']);
  });

  test('with a Cancel that says NO behind the head: the call was processed all the same', async () => {
    const server = await scriptedServer();
    const call = pool(server.url, plain).call(get('/', idempotent));
    const peer = await acceptOpen(server);
    await peer.next('request');
    peer.say((encoder) => encoder.response(1, OK, undefined, true));
    const read = outcome(drain((await call).body));
    peer.say((encoder) => encoder.cancel(1, 'REFUSED', 'no'));
    expect(await read).toBe('REFUSED yes');
  });

  test('with a Cancel that says YES: nothing is repeated', async () => {
    const { call, paths } = await cancelled(get('/', idempotent), 'UPSTREAM', 'yes');
    expect(call).toBe('UPSTREAM yes');
    expect(paths).toEqual([]);
  });
});

/** What becomes of a call that one of two peers cancels. */
async function cancelled(
  init: CallInit,
  code: Parameters<ScriptedPeer['encoder']['cancel']>[1],
  processed: 'no' | 'maybe' | 'yes',
): Promise<{ call: string; paths: string[]; again: number }> {
  const server = await scriptedServer();
  const other = await scriptedServer();
  const client = pool([server.url, other.url], { ...plain, ...first });
  const peer = await acceptOpen(server);
  const paths = answerAll(other);
  await client.ready();
  const call = client.call(init).then(
    ({ status }) => `${status}`,
    (error) => `${error.code} ${error.processed}`,
  );
  await peer.next('request');
  peer.say((encoder) => encoder.cancel(1, code, processed));
  return { call: await call, paths, again: peer.heard('request').length - 1 };
}

describe('what a peer refuses', () => {
  test.each(['REFUSED', 'OVERLOADED', 'UNREACHABLE', 'UPSTREAM', 'CANCEL'] as const)(
    '%s, processed NO: a POST goes to another peer',
    async (code) => {
      const { call, paths, again } = await cancelled(post('/order', [], {}), code, 'no');
      expect([call, paths, again]).toEqual(['200', ['/order'], 0]);
    },
  );

  test.each(['PROTOCOL', 'HEAD_LIMIT', 'BODY_LENGTH', 'DEADLINE', 'INTERNAL'] as const)(
    '%s, processed NO: is not repeated, as it would fail there too',
    async (code) => {
      const { call, paths, again } = await cancelled(get('/', idempotent), code, 'no');
      expect([call, paths, again]).toEqual([`${code} no`, [], 0]);
    },
  );

  test.each(['REFUSED', 'OVERLOADED', 'UNREACHABLE'] as const)(
    '%s: not sent again to the same peer, over no link (W-109)',
    async (code) => {
      const server = await scriptedServer();
      const client = pool(server.url, { ...plain, links: 2 });
      const peers = [await acceptOpen(server), await acceptOpen(server)];
      await client.ready();
      const call = outcome(client.call(get('/', idempotent)));
      await eventually(() => peers.some((peer) => peer.heard('request').length === 1));
      const peer = peers.find((peer) => peer.heard('request').length === 1);
      peer?.say((encoder) => encoder.cancel(1, code, 'no'));
      expect(await call).toBe(`${code} no`);
      await turns();
      expect(peers.map((peer) => peer.heard('request').length).sort()).toEqual([0, 1]);
    },
  );
});

describe('how often', () => {
  test.each([1, 3, 5])('maxAttempts %i: so often is a call written', async (maxAttempts) => {
    const server = await scriptedServer();
    const client = pool(server.url, { ...plain, limits: { maxAttempts } });
    const call = outcome(client.call(get('/', idempotent)));
    const peers: ScriptedPeer[] = [];
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const peer = await acceptOpen(server);
      await peer.next('request');
      peers.push(peer);
      peer.socket.destroy();
    }
    expect(await call).toBe('LINK_LOST maybe');
    expect(client.stats().retries).toBe(maxAttempts - 1);
  });

  test.each([0, 1, 5])(
    'a budget of %i: the next call fails with its own error, and is counted',
    async (budget) => {
      const server = await scriptedServer();
      const clock = new FakeClock();
      const client = pool(server.url, {
        ...plain,
        clock,
        limits: { retryPercent: 0, retryRate: budget },
      });
      const calls = Array.from({ length: budget + 1 }, (_, index) =>
        client.call(get(`/${index}`, idempotent)).then(
          ({ status }) => `${status}`,
          ({ code, processed }) => `${code} ${processed}`,
        ),
      );
      const peer = await acceptOpen(server);
      await eventually(() => peer.heard('request').length === budget + 1);
      const paths = answerAll(server);
      peer.socket.destroy();
      expect(await calls[budget]).toBe('LINK_LOST maybe');
      clock.advance(500);
      expect(await Promise.all(calls.slice(0, budget))).toEqual(Array(budget).fill('200'));
      expect(paths).toHaveLength(budget);
      expect(client.stats().limitHits.get('retryBudget')).toBe(1);
    },
  );

  test('100 calls earn as many attempts as retryPercent says', async () => {
    const server = await scriptedServer();
    const clock = new FakeClock();
    const limits = { retryPercent: 5, retryRate: 0 };
    const client = pool(server.url, { ...plain, clock, limits });
    const calls = Array.from({ length: 100 }, () =>
      client.call(get('/', idempotent)).then(
        () => 'ok',
        ({ code }) => code,
      ),
    );
    const peer = await acceptOpen(server);
    await eventually(() => peer.heard('request').length === 100);
    answerAll(server);
    peer.socket.destroy();
    await turns();
    clock.advance(500);
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter((how) => how === 'ok')).toHaveLength(5);
    expect(client.stats().limitHits.get('retryBudget')).toBe(95);
  });

  test('what was never written goes elsewhere without a budget, however often', async () => {
    const server = await scriptedServer();
    const limits = { retryPercent: 0, retryRate: 0, maxAttempts: 1 };
    const client = pool(server.url, { ...plain, limits });
    const peer = await acceptOpen(server);
    await client.ready();
    const call = client.call(post('/order', [], {}));
    peer.say((encoder) => encoder.goaway(0, 'NO_ERROR', false));
    const paths = answerAll(server);
    await eventually(() => paths.length + peer.heard('request').length === 1);
    if (paths.length === 0) peer.say((encoder) => encoder.response(1, OK, undefined, false));
    expect((await call).status).toBe(200);
  });
});

describe('what a repeated call keeps', () => {
  test('its deadline', async () => {
    const clock = new FakeClock();
    const server = await scriptedServer();
    const other = await scriptedServer();
    const client = pool([server.url, other.url], { ...plain, ...first, clock });
    const [peer, next] = [await acceptOpen(server), await acceptOpen(other)];
    await client.ready();
    const call = outcome(client.call(get('/', { ...idempotent, deadlineMs: 1000 })));
    await peer.next('request');
    clock.advance(300);
    peer.say((encoder) => encoder.cancel(1, 'UPSTREAM', 'maybe'));
    expect((await next.next('request')).timeoutMs).toBe(700);
    clock.advance(708);
    expect(await call).toBe('DEADLINE maybe');
    expect(await next.next('cancel')).toMatchObject({ code: 'DEADLINE' });
  });

  test('its doubt: "maybe" and then "no" is "maybe"', async () => {
    const server = await scriptedServer();
    const other = await scriptedServer();
    const client = pool([server.url, other.url], { ...plain, ...first });
    const [peer, next] = [await acceptOpen(server), await acceptOpen(other)];
    await client.ready();
    const call = failure(client.call(get('/', idempotent)));
    await peer.next('request');
    peer.say((encoder) => encoder.cancel(1, 'UPSTREAM', 'maybe'));
    await next.next('request');
    next.say((encoder) => encoder.cancel(1, 'HEAD_LIMIT', 'no', 'too long for me'));
    expect(await call).toMatchObject({
      code: 'HEAD_LIMIT',
      processed: 'maybe',
      message: 'too long for me',
    });
  });

  test('the same, when its deadline passes while it waits for the next link', async () => {
    const clock = new FakeClock();
    const server = await scriptedServer();
    const client = pool(server.url, { ...plain, clock });
    const call = outcome(client.call(get('/', { ...idempotent, deadlineMs: 100 })));
    const peer = await acceptOpen(server);
    await peer.next('request');
    peer.socket.destroy();
    await eventually(() => client.stats().links.length === 0);
    clock.advance(108);
    expect(await call).toBe('DEADLINE maybe');
  });
});

describe('a streamed body', () => {
  test('that nobody has read yet goes with its call to the next link', async () => {
    const clock = new FakeClock();
    const server = await scriptedServer();
    const client = pool(server.url, { ...plain, clock, maxBatchDelayMs: 50 });
    const peer = await acceptOpen(server);
    await client.ready();
    await turns();
    const call = client.call(post('/', [], { stream: { source: pieces(content(5)) } }));
    peer.say((encoder) => encoder.goaway(0, 'NO_ERROR', true));
    await eventually(() => client.stats().links.length === 0);
    clock.advance(500);
    const next = await acceptOpen(server);
    await turns();
    clock.advance(500);
    const { id } = await next.next('request');
    await next.next('data');
    next.say((encoder) => encoder.response(id, OK, undefined, false));
    expect((await call).status).toBe(200);
    expect(peer.heard('request')).toEqual([]);
  });

  test('that was begun is not repeated, idempotent or not', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, plain);
    const source = new Source(1_000_000);
    const call = outcome(client.call(post('/', [], { ...idempotent, stream: { source } })));
    const peer = await acceptOpen(server);
    await peer.next('data');
    peer.socket.destroy();
    expect(await call).toBe('LINK_LOST maybe');
    await eventually(() => source.returned);
  });
});

test('a pool that has waited long enough for its calls repeats none', async () => {
  const clock = new FakeClock();
  const server = await scriptedServer();
  const client = pool(server.url, { ...plain, clock, limits: { drainTimeoutMs: 1000 } });
  const call = outcome(client.call(get('/', idempotent)));
  const peer = await acceptOpen(server);
  await peer.next('request');
  const closed = client.close();
  clock.advance(1000);
  expect(await call).toBe('CANCEL maybe');
  await closed;
});
