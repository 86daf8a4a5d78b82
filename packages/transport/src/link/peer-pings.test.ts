import type { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { LinkLimits } from '../limits.ts';
import type { TransportServer } from '../server.ts';
import { get, OK, serve } from '../test/ends.ts';
import { turns } from '../test/eventually.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { type MemoryConnection, memoryPair } from '../test/memory-connection.ts';
import { type ScriptedPeer, speakOn } from '../test/scripted-peer.ts';

interface Pinged {
  readonly server: TransportServer;
  /** The server's end of the connection. */
  readonly far: MemoryConnection;
  readonly peer: ScriptedPeer<Duplex>;
  readonly clock: FakeClock;
}

/** A server in memory, and a peer that has exchanged hellos with it. */
async function pinged(limits: Partial<LinkLimits>): Promise<Pinged> {
  const clock = new FakeClock();
  const { server } = await serve((exchange) => exchange.respond(OK, undefined, undefined), {
    clock,
    limits,
  });
  const [near, far] = memoryPair();
  server.accept(far);
  const peer = speakOn(near);
  peer.greet();
  await peer.next('hello');
  return { server, far, peer, clock };
}

function ping(peer: ScriptedPeer<Duplex>, times: number): void {
  peer.say((encoder) => {
    for (let token = 1; token <= times; token++) encoder.ping(token);
  });
}

describe('pings of a peer (W-094)', () => {
  describe('are unanswered until the connection has taken their pongs: more than 10 end the link', () => {
    const often = { pingMinIntervalMs: 0 };

    test.each([
      [9, 0],
      [10, 0],
      [11, 1],
      [1_000, 1],
    ])('%i that come together hit the limit %i times', async (times, hits) => {
      const { server, peer } = await pinged(often);
      ping(peer, times);
      if (hits > 0) {
        const { code, message } = await peer.next('goaway');
        expect(code).toBe('ENHANCE_YOUR_CALM');
        expect(message).toContain('answers are not read');
        await peer.end();
      } else for (let token = 1; token <= times; token++) await peer.next('pong');
      expect(server.stats().limitHits.get('maxUnansweredPings') ?? 0).toBe(hits);
      expect(server.stats().links).toHaveLength(1 - hits);
    });

    test('while nothing is read they add up; once it is, ten more may come', async () => {
      const { server, far, peer } = await pinged(often);
      far.stick();
      for (let i = 0; i < 10; i++) {
        ping(peer, 1);
        await turns();
      }
      expect(peer.heard('pong')).toEqual([]);
      far.unstick();
      await turns();
      expect(peer.heard('pong')).toHaveLength(10);
      far.stick();
      ping(peer, 10);
      await turns();
      expect(server.stats().links).toMatchObject([{ state: 'open' }]);
      ping(peer, 1);
      await turns();
      expect(server.stats().limitHits.get('maxUnansweredPings')).toBe(1);
      expect(server.stats().links).toEqual([]);
    });

    test('pongs that were taken count no more, though what was written behind them is not read', async () => {
      const { server, far, peer } = await pinged(often);
      for (let i = 0; i < 5; i++) {
        ping(peer, 10);
        for (let token = 1; token <= 10; token++) await peer.next('pong');
        far.stick();
        peer.say((encoder) => encoder.request(i + 1, get('/').head, undefined, false, 0));
        await turns();
        ping(peer, 9);
        await turns();
        far.unstick();
        for (let token = 1; token <= 9; token++) await peer.next('pong');
      }
      expect(server.stats().links).toMatchObject([{ state: 'open' }]);
      expect(server.stats().limitHits.size).toBe(0);
    });
  });

  describe('that come sooner than pingMinIntervalMs are forgiven pingStrikes times', () => {
    test.each([
      [1, 0],
      [2, 0],
      [3, 1],
    ])('%i early ones hit the limit %i times', async (early, hits) => {
      const { server, peer, clock } = await pinged({});
      ping(peer, 1);
      for (let i = 0; i < early; i++) {
        await turns();
        clock.advance(9_999);
        ping(peer, 1);
      }
      await turns();
      clock.advance(10_000);
      if (hits === 0) ping(peer, 1);
      await turns();
      expect(server.stats().limitHits.get('pingMinInterval') ?? 0).toBe(hits);
      expect(server.stats().links).toHaveLength(1 - hits);
    });
  });
});
