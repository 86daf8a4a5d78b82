import { describe, expect, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { content } from '../test/content.ts';
import { drain, get, OK, pool, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { FakeClock } from '../test/fake-clock.ts';
import {
  acceptOpen,
  openScripted,
  type ScriptedPeer,
  scriptedServer,
} from '../test/scripted-peer.ts';
import { unharmed, victim } from '../test/victim.ts';

/** Pieces of a body of that length each, a thousand to a batch. */
function flood(peer: ScriptedPeer, pieces: number, length: number): void {
  for (let left = pieces; left > 0; left -= 1_000) {
    peer.say((encoder) => {
      for (let i = Math.min(left, 1_000); i > 0; i--) encoder.data(1, content(length), false);
    });
  }
}

describe('data under 256 bytes', () => {
  test.each([
    [99, 255, false],
    [100, 255, false],
    [101, 255, true],
    [4_000, 255, true],
    [10_000, 1, true],
    [1_000, 256, false],
  ])(
    '%i pieces of %i bytes where 100 small ones are allowed at once: ended %s',
    async (pieces, length, isEnded) => {
      const target = await victim({ smallDataBurst: 100, smallDataRate: 10 });
      const peer = await openScripted(target.url);
      peer.say((encoder) => encoder.request(1, get('/').head, undefined, true, 0));
      flood(peer, pieces, length);
      peer.say((encoder) => {
        encoder.request(2, get('/neighbour').head, undefined, false, 0);
      });
      expect(await peer.next('response')).toMatchObject({ id: 2 });
      const cancels = peer.heard('cancel').map(({ id, code }) => [id, code]);
      expect(cancels).toEqual(isEnded ? [[1, 'ENHANCE_YOUR_CALM']] : []);
      const [first] = target.handled.filter(({ path }) => path === '/');
      expect(first?.over).toBe(isEnded);
      expect(target.server.stats().limitHits.get('smallDataRate')).toBe(isEnded ? 1 : undefined);
      peer.socket.destroy();
      await eventually(() => target.server.stats().links.length === 1);
      await unharmed(target);
    },
  );

  test('is earned back with time', async () => {
    const target = await victim({ smallDataBurst: 100, smallDataRate: 10 });
    const peer = await openScripted(target.url);
    peer.say((encoder) => encoder.request(1, get('/').head, undefined, true, 0));
    flood(peer, 100, 10);
    await eventually(() => target.server.stats().batchesIn === 5);
    target.clock.advance(1_000);
    flood(peer, 10, 10);
    await eventually(() => target.server.stats().batchesIn === 6);
    await turns();
    expect(peer.heard('cancel')).toEqual([]);
    flood(peer, 1, 10);
    expect(await peer.next('cancel')).toMatchObject({ id: 1, code: 'ENHANCE_YOUR_CALM' });
  });

  test('of a body that comes as 100 events of 50 bytes a second is never too much', async () => {
    const clock = new FakeClock();
    const server = await scriptedServer();
    const client = pool(server.url, { codecs: ['none'], clock, limits: { keepaliveMs: 1e9 } });
    const call = client.call(get('/events'));
    const peer = await acceptOpen(server);
    await peer.next('request');
    peer.say((encoder) => encoder.response(1, OK, undefined, true));
    const body = (await call).body[Symbol.asyncIterator]();
    let read = 0;
    for (let second = 1; second <= 200; second++) {
      flood(peer, 100, 50);
      while (read < second * 5_000) {
        const { value } = await body.next();
        if (value !== undefined) read += value.length;
      }
      clock.advance(1_000);
    }
    expect(read).toBe(1_000_000);
    expect(client.stats().limitHits.size).toBe(0);
    expect(peer.heard('cancel')).toEqual([]);
  });

  test('that waits unread costs about its bytes: what comes byte by byte is gathered', async () => {
    const LENGTH = 200_000;
    let exchange: ServerExchange | undefined;
    const { server, url } = await serve((incoming) => void (exchange = incoming), {
      codecs: ['none'],
      limits: { smallDataBurst: LENGTH },
    });
    const peer = await openScripted(url);
    peer.say((encoder) => encoder.request(1, get('/').head, undefined, true, 0));
    flood(peer, LENGTH, 1);
    peer.say((encoder) => encoder.data(1, content(1), true));
    await eventually(() => server.stats().batchesIn === 2 + LENGTH / 1_000 + 1);
    let [read, pieces] = [0, 0];
    for await (const piece of exchange?.body ?? []) {
      read += piece.length;
      pieces++;
      expect(piece.buffer.byteLength).toBeLessThanOrEqual(16 * 1024);
    }
    expect(read).toBe(LENGTH + 1);
    expect(pieces).toBeLessThan(16 + 2 + LENGTH / (16 * 1024) + 1);
  });

  test('ends the response of a server that floods, and no other call', async () => {
    const server = await scriptedServer();
    const client = pool(server.url, { codecs: ['none'], clock: new FakeClock() });
    const flooded = client.call(get('/flood'));
    const peer = await acceptOpen(server);
    await peer.next('request');
    peer.say((encoder) => encoder.response(1, OK, undefined, true));
    const read = drain((await flooded).body);
    const outcome = read.then(
      () => 'read',
      ({ code, processed }) => `${code} ${processed}`,
    );
    flood(peer, 10_001, 1);
    expect(await outcome).toBe('ENHANCE_YOUR_CALM yes');
    expect(await peer.next('cancel')).toMatchObject({ id: 1, code: 'ENHANCE_YOUR_CALM' });
    const other = client.call(get('/other'));
    await peer.next('request');
    peer.say((encoder) => encoder.response(2, OK, undefined, false));
    expect((await other).status).toBe(200);
  });
});
