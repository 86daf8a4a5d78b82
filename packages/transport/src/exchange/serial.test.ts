import { describe, expect, test } from 'vitest';
import { content, pieces, sha } from '../test/content.ts';
import { get, OK, pool, post, type Serving, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { outcome } from '../test/failure.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { openScripted } from '../test/scripted-peer.ts';
import type { ServerExchange } from './server-exchange.ts';

const plain = { codecs: ['none'] as const };
const ok = (exchange: ServerExchange) => exchange.respond(OK, undefined, undefined);

/** A serial server that keeps what it is given until the test answers. */
async function keeping(
  options: Parameters<typeof serve>[1] = {},
): Promise<Serving & { handled: ServerExchange[] }> {
  const handled: ServerExchange[] = [];
  const serving = await serve((exchange) => handled.push(exchange), { serial: true, ...options });
  return { ...serving, handled };
}

const paths = (exchanges: readonly ServerExchange[]) => exchanges.map(({ path }) => path);

describe('serial: true', () => {
  test('handles the requests of a link one at a time, in the order in which they came', async () => {
    const { url, handled } = await keeping();
    const client = pool(url);
    const calls = ['/1', '/2', '/3'].map((path) => client.call(get(path)));
    for (const [index, call] of calls.entries()) {
      await eventually(() => handled.length > index);
      await turns();
      expect(handled).toHaveLength(index + 1);
      const exchange = handled[index];
      if (exchange !== undefined) ok(exchange);
      expect((await call).status).toBe(200);
    }
    expect(paths(handled)).toEqual(['/1', '/2', '/3']);
  });

  test('other links are not held up', async () => {
    const { url, handled } = await keeping();
    pool(url)
      .call(get('/slow'))
      .catch(() => {});
    await eventually(() => handled.length === 1);
    const other = pool(url).call(get('/other'));
    await eventually(() => handled.length === 2);
    const [, exchange] = handled;
    if (exchange !== undefined) ok(exchange);
    expect((await other).status).toBe(200);
  });

  test('handlers that answer at once need no deeper stack, however many wait', async () => {
    const { url } = await serve(ok, { serial: true });
    const client = pool(url);
    const calls = Array.from({ length: 9_000 }, () => client.call(get('/')));
    for (const { status } of await Promise.all(calls)) expect(status).toBe(200);
  });

  test('one that is cancelled while it waits is never handled', async () => {
    const { url, handled } = await keeping();
    const peer = await openScripted(url);
    peer.say((encoder) => {
      for (const id of [1, 2, 3]) encoder.request(id, get(`/${id}`).head, undefined, false, 0);
      encoder.cancel(2, 'CANCEL', 'maybe');
    });
    await eventually(() => handled.length === 1);
    const [first] = handled;
    if (first !== undefined) ok(first);
    await eventually(() => handled.length === 2);
    expect(paths(handled)).toEqual(['/1', '/3']);
  });

  test('one whose deadline passes while it waits fails as DEADLINE no, and is never handled', async () => {
    const clock = new FakeClock();
    const { url, handled } = await keeping({ clock });
    const peer = await openScripted(url);
    peer.say((encoder) => {
      encoder.request(1, get('/1').head, undefined, false, 0);
      encoder.request(2, get('/2').head, undefined, false, 100);
      encoder.request(3, get('/3').head, undefined, false, 1000);
    });
    await eventually(() => handled.length === 1);
    clock.advance(108);
    expect(await peer.next('cancel')).toMatchObject({ id: 2, code: 'DEADLINE', processed: 'no' });
    const [first] = handled;
    if (first !== undefined) ok(first);
    await eventually(() => handled.length === 2);
    expect(paths(handled)).toEqual(['/1', '/3']);
    expect(handled[1]?.remainingMs).toBe(892);
  });

  test.each([1, 3])('streams %i: so many wait or run, one more is REFUSED no', async (streams) => {
    const { server, url, handled } = await keeping({ limits: { streams } });
    const peer = await openScripted(url);
    for (let id = 1; id <= streams; id++) {
      peer.say((encoder) => encoder.request(id, get('/').head, undefined, false, 0));
    }
    await eventually(() => handled.length === 1);
    await turns();
    expect(peer.heard('cancel')).toEqual([]);
    peer.say((encoder) => encoder.request(streams + 1, get('/').head, undefined, false, 0));
    const cancel = await peer.next('cancel');
    expect(cancel).toMatchObject({ id: streams + 1, code: 'REFUSED', processed: 'no' });
    expect(server.stats().limitHits.get('maxConcurrentStreams')).toBe(1);
  });

  test('bytes of bodies count while they wait, and no longer', async () => {
    const { url, handled } = await keeping({ limits: { maxRunningBytes: 1000 } });
    const client = pool(url, plain);
    client.call(get('/')).catch(() => {});
    const abort = new AbortController();
    const waiting = outcome(
      client.call(post('/', [], { body: content(1000), signal: abort.signal })),
    );
    expect(await outcome(client.call(post('/', [], { body: content(1) })))).toBe('REFUSED no');
    abort.abort();
    await waiting;
    const next = client.call(post('/next', [], { body: content(1000) }));
    await turns();
    const [first] = handled;
    if (first !== undefined) ok(first);
    await eventually(() => handled.length === 2);
    const [, second] = handled;
    if (second !== undefined) ok(second);
    expect((await next).status).toBe(200);
  });

  test('uploads that wait hold back no credit of the link, which the one at work needs', async () => {
    const KIB = 1024;
    const limits = { streamWindow: 32 * KIB, linkWindow: 32 * KIB, linkWindowMax: 32 * KIB };
    const { url, handled } = await keeping({ limits });
    const client = pool(url, plain);
    const sizes = [200, 100, 20, 300].map((kib) => kib * KIB);
    const calls = sizes.map((size, i) =>
      client.call(post(`/${i}`, [], { stream: { source: pieces(content(size)) } })),
    );
    for (const [i, size] of sizes.entries()) {
      await eventually(() => handled.length > i);
      await turns(20);
      expect(paths(handled)).toEqual(sizes.slice(0, i + 1).map((_, n) => `/${n}`));
      const exchange = handled[i];
      if (exchange === undefined) break;
      expect(sha(await exchange.bytes())).toBe(sha(content(size)));
      ok(exchange);
      expect((await calls[i])?.status).toBe(200);
    }
    await eventually(() => client.pending === 0);
    expect(client.stats().links[0]?.sendCredit).toBeGreaterThan(16 * KIB);
  });

  test.each([
    [-1, 0],
    [0, 0],
    [1, 1],
    [99_000, 1],
  ])(
    'bodies that wait %i bytes above maxRunningBytes: %i are REFUSED no',
    async (above, refused) => {
      const waits = 1_000;
      const maxRunningBytes = Math.max(waits - above, 10);
      const { server, url, handled } = await keeping({ limits: { maxRunningBytes } });
      const peer = await openScripted(url);
      peer.say((encoder) => {
        for (const id of [1, 2]) encoder.request(id, get(`/${id}`).head, undefined, true, 0);
        encoder.data(1, content(50_000).subarray(0, 16_384), false, false);
        encoder.data(2, content(waits), true, false);
        encoder.request(3, get('/3').head, undefined, false, 0);
      });
      await eventually(() => handled.length === 1);
      await turns();
      expect(peer.heard('cancel')).toMatchObject(
        refused === 0 ? [] : [{ id: 2, code: 'REFUSED', processed: 'no' }],
      );
      expect(server.stats().limitHits.get('maxRunningBytes') ?? 0).toBe(refused);
      const [first] = handled;
      if (first !== undefined) ok(first);
      await eventually(() => handled.length === 2);
      expect(paths(handled)).toEqual(['/1', refused === 0 ? '/2' : '/3']);
      if (refused === 0) expect(await handled[1]?.bytes()).toHaveLength(waits);
    },
  );
});
