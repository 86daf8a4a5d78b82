import { describe, expect, test } from 'vitest';
import { createTransportServer } from '../server.ts';
import { content } from '../test/content.ts';
import { bodyOf, get, OK, pool, post } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { outcome } from '../test/failure.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { memoryPair } from '../test/memory-connection.ts';
import { acceptOpen, scriptedServer } from '../test/scripted-peer.ts';
import { zstd } from '../window/native-codecs.ts';

const body = content(2048);

async function pair() {
  const clock = new FakeClock();
  const [near, far] = memoryPair();
  const server = createTransportServer((exchange) => exchange.respond(OK, body, undefined), {
    clock,
  });
  server.accept(far);
  let dialled = 0;
  const client = pool('teleport://memory:1', {
    clock,
    dial: () => (dialled++ === 0 ? Promise.resolve(near) : new Promise(() => {})),
    limits: { stallTimeoutMs: 60_000 },
  });
  await client.ready();
  const windows = () =>
    [client, server].flatMap((end) => {
      const link = end.stats().links[0];
      return [link?.windowBytesOut, link?.windowBytesIn];
    });
  const pass = async (ms: number) => {
    clock.advance(ms);
    await turns();
  };
  const call = async () => (await bodyOf(client.call(post('/', [], { body })))).length;
  return { clock, near, client, server, windows, pass, call };
}

const FULL = 2 ** 20;

describe('windows of links at rest', () => {
  test('are let go on both sides 30 s behind the last packed batch, and start anew with the next (W-080)', async () => {
    const { windows, pass, call, client, server } = await pair();
    expect(windows()).toEqual([0, 0, 0, 0]);
    for (let time = 0; time < 3; time++) {
      expect(await call()).toBe(2048);
      expect(windows()).toEqual([FULL, FULL, FULL, FULL]);
      await pass(29_999);
      expect(windows()).toEqual([FULL, FULL, FULL, FULL]);
      await pass(1);
      expect(windows()).toEqual([0, 0, 0, 0]);
    }
    for (const end of [client, server]) {
      const { links, limitHits } = end.stats();
      expect(links).toMatchObject([{ state: 'open', codecIn: 'zstd', codecOut: 'zstd' }]);
      expect(limitHits.size).toBe(0);
    }
  });

  test('stay while batches come; pings and pongs are not packed and keep nothing', async () => {
    const { windows, pass, call } = await pair();
    for (let time = 0; time < 10; time++) {
      await call();
      await pass(20_000);
    }
    expect(windows()).toEqual([FULL, FULL, FULL, FULL]);
    for (let time = 0; time < 4; time++) await pass(10_000);
    expect(windows()).toEqual([0, 0, 0, 0]);
  });

  test('wait with it while the peer does not read', async () => {
    const { windows, pass, call, near, client } = await pair();
    await call();
    near.stick();
    const late = outcome(client.call(get('/')));
    await turns();
    await pass(30_000);
    expect(windows()[0]).toBe(FULL);
    await pass(10_000);
    expect(await late).toContain('maybe');
  });

  test('are announced by an envelope with nothing but `window`; the next batch does not say it again (W-077)', async () => {
    const clock = new FakeClock();
    const server = await scriptedServer([zstd]);
    const client = pool(server.url, { clock, codecs: ['zstd'], limits: { windowIdleMs: 500 } });
    const peer = await acceptOpen(server);
    const answer = async () => {
      const call = bodyOf(client.call(post('/', [], { body })));
      const request = await peer.next('request');
      peer.say((encoder) => encoder.response(request.id, OK, undefined, false));
      await call;
    };
    await answer();
    clock.advance(500);
    await eventually(() => peer.windows.length === 2);
    const nothing = new Uint8Array(0);
    expect(peer.opened.at(-1)).toEqual({ plain: nothing, unpacked: nothing, windowId: 0 });
    await answer();
    await answer();
    const window = { codec: 'zstd', windowLog: 20 };
    expect(peer.windows).toEqual([window, window]);
  });
});
