import type { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { LinkLimits } from '../limits.ts';
import type { TransportServer } from '../server.ts';
import { content } from '../test/content.ts';
import { get, OK, serve } from '../test/ends.ts';
import { turns } from '../test/eventually.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { type MemoryConnection, memoryPair } from '../test/memory-connection.ts';
import { type ScriptedPeer, speakOn } from '../test/scripted-peer.ts';
import type { ServerExchange } from './server-exchange.ts';

interface Unread {
  readonly clock: FakeClock;
  readonly server: TransportServer;
  readonly peer: ScriptedPeer<Duplex>;
  readonly far: MemoryConnection;
  /** Those whose handlers were called. */
  readonly handled: ServerExchange[];
  /** Requests, one for each of these sizes of answers. */
  ask(sizes: readonly number[], timeoutMs?: number): Promise<void>;
}

/** A server whose connection takes nothing: one answer is in it already. Requests say how large theirs shall be. */
async function unread(limits: Partial<LinkLimits>, serial = false): Promise<Unread> {
  const clock = new FakeClock();
  const handled: ServerExchange[] = [];
  const { server } = await serve(
    (exchange) => {
      handled.push(exchange);
      const size = Number(exchange.path.slice(1));
      exchange.respond(OK, content(size), undefined);
    },
    { clock, codecs: ['none'], serial, limits: { maxHandlerWaitMs: 1e9, ...limits } },
  );
  const [near, far] = memoryPair();
  server.accept(far);
  const peer = speakOn(near);
  peer.greet();
  await peer.next('hello');
  far.stick();
  let id = 0;
  const ask = async (sizes: readonly number[], timeoutMs = 0) => {
    peer.say((encoder) => {
      for (const size of sizes)
        encoder.request(++id, get(`/${size}`).head, undefined, false, timeoutMs);
    });
    await turns();
  };
  await ask([1]);
  expect(server.stats()).toMatchObject({ queueBytes: 0, pending: 0 });
  return { clock, server, peer, far, handled, ask };
}

describe('answers that their client does not read', () => {
  test.each([
    [999, 2],
    [1_000, 1],
    [1_001, 1],
    [65_536, 1],
  ])('of %i bytes, where 1,000 may wait: %i handlers are called', async (size, calls) => {
    const { server, handled, ask, far, peer } = await unread({ linkBuffer: 1_000 });
    await ask([size, 1, 1]);
    expect(handled).toHaveLength(1 + calls);
    await ask([1]);
    expect(server.stats().limitHits.get('linkBuffer')).toBe(1);
    far.unstick();
    for (let i = 0; i < 5; i++) await peer.next('response');
    expect(server.stats()).toMatchObject({ queueBytes: 0, pending: 0 });
  });

  test.each([
    ['at once', false],
    ['one at a time', true],
  ])(
    'take no more memory than linkBuffer, handled %s; all is answered when it reads',
    async (_name, serial) => {
      const linkBuffer = 512 * 1024;
      const { server, handled, ask, far, peer } = await unread({ linkBuffer }, serial);
      for (let i = 0; i < 10; i++) {
        await ask(new Array<number>(50).fill(65_536));
        expect(server.stats().queueBytes).toBeLessThan(linkBuffer + 65_536);
      }
      expect(handled).toHaveLength(1 + linkBuffer / 65_536);
      expect(server.stats().pending).toBeLessThanOrEqual(500 + linkBuffer / 65_536);
      while (handled.length < 501) {
        far.unstick();
        await turns(2);
        far.stick();
        expect(server.stats().queueBytes).toBeLessThan(linkBuffer + 65_536);
      }
      far.unstick();
      const ids = new Set<number>();
      while (ids.size < 501) ids.add((await peer.next('response')).id);
      expect(server.stats()).toMatchObject({ queueBytes: 0, pending: 0 });
      expect([...server.stats().limitHits.keys()]).toEqual(['linkBuffer']);
    },
  );

  test.each([false, true])(
    'hold requests that may be cancelled, and keep their deadlines (serial: %s)',
    async (serial) => {
      const { clock, handled, ask, far, peer } = await unread({ linkBuffer: 1 }, serial);
      await ask([10]);
      await ask([1], 100);
      await ask([2, 3]);
      peer.say((encoder) => encoder.cancel(4, 'CANCEL', 'maybe'));
      await turns();
      clock.advance(108);
      far.unstick();
      expect(await peer.next('cancel')).toMatchObject({ id: 3, code: 'DEADLINE', processed: 'no' });
      await turns();
      expect(handled.map(({ path }) => path)).toEqual(['/1', '/10', '/3']);
    },
  );

  test('hold no one-way requests, which have none', async () => {
    const { handled, ask, peer } = await unread({ linkBuffer: 1 });
    await ask([10, 1]);
    peer.say((encoder) => encoder.request(4, get('/log').head, undefined, false, 0, false, true));
    await turns();
    expect(handled.map(({ path }) => path)).toEqual(['/1', '/10', '/log']);
  });

  test('end with their link, and what was held was not handled', async () => {
    const { server, handled, ask, peer } = await unread({ linkBuffer: 1 });
    await ask([10, 1, 1]);
    peer.socket.destroy();
    await turns();
    expect(server.stats()).toMatchObject({ queueBytes: 0, pending: 0, links: [] });
    expect(handled).toHaveLength(2);
  });
});
