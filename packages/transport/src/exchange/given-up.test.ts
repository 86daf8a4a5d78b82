import { describe, expect, test } from 'vitest';
import type { Pool } from '../pool/pool.ts';
import { content, Source } from '../test/content.ts';
import { get, OK, pool, post, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { outcome } from '../test/failure.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { acceptOpen, type ScriptedPeer, scriptedServer } from '../test/scripted-peer.ts';

/** So many cancels go out at once: a tenth less than a peer allows (W-095). */
const AT_ONCE = 900;

interface Given {
  readonly client: Pool;
  readonly clock: FakeClock;
  readonly peer: ScriptedPeer;
}

/** A client with so many calls under way, which have all been given up. */
async function givenUp(calls: number): Promise<Given> {
  const clock = new FakeClock();
  const server = await scriptedServer();
  const client = pool(server.url, { codecs: ['none'], clock });
  const peer = await acceptOpen(server);
  await client.ready();
  const all = Array.from({ length: calls }, () =>
    outcome(client.call(get('/', { deadlineMs: 100 }))),
  );
  await eventually(() => peer.heard('request').length === calls);
  clock.advance(108);
  expect(new Set(await Promise.all(all))).toEqual(new Set(['DEADLINE maybe']));
  await turns();
  return { client, clock, peer };
}

describe('calls that are given up', () => {
  test.each([AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 5000])(
    '%i at once: the peer is told as often as it allows, and no more',
    async (calls) => {
      const { client, peer } = await givenUp(calls);
      // In the 108 ms that they took, three were earned back.
      const said = peer.heard('cancel').length;
      expect(said).toBeGreaterThanOrEqual(Math.min(calls, AT_ONCE));
      expect(said).toBeLessThanOrEqual(Math.min(calls, AT_ONCE + 3));
      expect(client.pending).toBe(0);
      const silent = calls - peer.heard('cancel').length;
      expect(client.stats().limitHits.get('cancelRate') ?? 0).toBe(silent);
      expect(client.stats().pending).toBe(silent);
    },
  );

  test('in silence count as streams until their answers have come, which are dropped', async () => {
    const { client, peer } = await givenUp(AT_ONCE + 500);
    const told = new Set(peer.heard('cancel').map(({ id }) => id));
    const silent = peer.heard('request').filter(({ id }) => !told.has(id));
    const [informed, streamed, refused, ...rest] = silent.map(({ id }) => id);
    if (informed === undefined || streamed === undefined || refused === undefined) return;
    peer.say((encoder) => {
      encoder.response(informed, OK, content(10), false);
      encoder.response(streamed, OK, undefined, true);
      encoder.cancel(refused, 'DEADLINE', 'no');
    });
    // A body that nobody reads would stop at its window, and stay there.
    await eventually(() => peer.heard('cancel').some(({ id }) => id === streamed));
    await eventually(() => client.stats().pending === rest.length);
    const next = client.call(get('/next'));
    const { id } = await peer.next('request').then(() => ({ id: AT_ONCE + 501 }));
    await eventually(() => peer.heard('request').some((request) => request.id === id));
    peer.say((encoder) => {
      for (const each of rest) encoder.response(each, OK, undefined, false);
      encoder.response(id, OK, undefined, false);
    });
    expect((await next).status).toBe(200);
    expect(client.stats().pending).toBe(0);
  });

  test('in silence do not hold up the end of the client', async () => {
    const { client, peer } = await givenUp(AT_ONCE + 500);
    const closed = client.close();
    await peer.next('goaway');
    await closed;
  });

  test('while they upload are always told of', async () => {
    const { client, clock, peer } = await givenUp(AT_ONCE + 500);
    const source = new Source(1_000_000);
    const upload = outcome(client.call(post('/', [], { deadlineMs: 100, stream: { source } })));
    await peer.next('data');
    const before = peer.heard('cancel').length;
    clock.advance(108);
    expect(await upload).toBe('DEADLINE maybe');
    await eventually(() => peer.heard('cancel').length === before + 1);
  });
});

test('5,000 calls that nobody answers in time do not cost a server of ours its link', async () => {
  const { server, url } = await serve(() => {});
  const clock = new FakeClock();
  const client = pool(url, { clock });
  await client.ready();
  const calls = Array.from({ length: 5000 }, () =>
    outcome(client.call(get('/', { deadlineMs: 100 }))),
  );
  await eventually(() => server.stats().requests === 5000);
  clock.advance(108);
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['DEADLINE maybe']));
  await turns();
  expect(server.stats().limitHits.has('ENHANCE_YOUR_CALM')).toBe(false);
  expect(client.stats().links).toHaveLength(1);
});
