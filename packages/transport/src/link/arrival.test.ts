import { expect, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { answer } from '../test/cluster.ts';
import { get, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { openScripted, type ScriptedPeer } from '../test/scripted-peer.ts';

/** The start of an envelope of 1,000 bytes, whatever will be in it. */
const BEGUN = [0xe8, 0x07, 0x0a, 0xe5, 0x07];
/** So many of its bytes must come within the limit below. */
const LEAST = 100;
const WAIT = 10_000;

async function receiving(minRate = LEAST / (WAIT / 1_000)) {
  const clock = new FakeClock();
  const handled: ServerExchange[] = [];
  const { server, url } = await serve(
    (exchange) => {
      handled.push(exchange);
      answer(exchange);
    },
    {
      clock,
      limits: {
        stallTimeoutMs: WAIT,
        minRate,
        keepaliveMs: 5 * WAIT,
        keepaliveTimeoutMs: 2 * WAIT,
      },
    },
  );
  const peer = await openScripted(url);
  let sent = peer.socket.bytesWritten;
  const send = async (peer: ScriptedPeer, bytes: Uint8Array) => {
    peer.raw(bytes);
    sent += bytes.length;
    await eventually(() => server.stats().wireBytesIn === sent);
    await turns(2);
  };
  // The first look has found the link at rest.
  await turns();
  return { clock, handled, server, peer, send: (bytes: Uint8Array) => send(peer, bytes) };
}

test.each([
  [0, 'stallTimeout'],
  [1, 'minRate'],
  [LEAST - 1, 'minRate'],
  [LEAST, undefined],
  [LEAST + 1, undefined],
])(
  'an envelope of which %i bytes come in a time that asks for 100 ends the link: %s',
  async (bytes, limit) => {
    const { clock, server, peer, send } = await receiving();
    await send(Uint8Array.from(BEGUN));
    clock.advance(WAIT);
    await turns();
    if (bytes > 0) await send(new Uint8Array(bytes));
    clock.advance(WAIT - 1);
    await turns();
    expect(server.stats().links).toHaveLength(1);
    clock.advance(1);
    await turns();
    expect(server.stats().links).toHaveLength(limit === undefined ? 1 : 0);
    if (limit === undefined) return;
    expect(await peer.next('goaway')).toMatchObject({ code: 'TIMEOUT', final: true });
    const { limitHits } = server.stats();
    expect([limitHits.get('TIMEOUT'), limitHits.get(limit)]).toEqual([1, 1]);
  },
);

test('a length of which not all has come is waited for likewise, whatever pings it swallows', async () => {
  const { clock, server, send } = await receiving();
  await send(Uint8Array.of(0xe8));
  clock.advance(WAIT);
  await send(Uint8Array.of(0x07));
  clock.advance(WAIT);
  expect(server.stats().limitHits.get('TIMEOUT')).toBe(1);
});

test('with minRate 0 one byte in that time is enough, and none is not', async () => {
  const { clock, server, send } = await receiving(0);
  await send(Uint8Array.from(BEGUN));
  for (let i = 0; i < 5; i++) {
    clock.advance(WAIT);
    expect(server.stats().links).toHaveLength(1);
    await send(new Uint8Array(1));
  }
  clock.advance(2 * WAIT);
  expect(server.stats().limitHits.get('stallTimeout')).toBe(1);
});

test('envelopes that come to their ends are slow for as long as they like', async () => {
  const { clock, server, peer, handled, send } = await receiving();
  for (let id = 1; id <= 10; id++) {
    peer.encoder.request(id, get('/').head, undefined, false, 0);
    const envelope = peer.sealed();
    await send(envelope.subarray(0, 5));
    clock.advance(WAIT - 1);
    await send(envelope.subarray(5));
    expect(handled).toHaveLength(id);
  }
  expect(server.stats().limitHits.size).toBe(0);
});

test('a process that was held up for long does not take it for silence of its peer', async () => {
  const { clock, server, send } = await receiving();
  await send(Uint8Array.from(BEGUN));
  clock.advance(WAIT);
  clock.stand(5 * WAIT);
  await send(new Uint8Array(LEAST));
  clock.advance(WAIT - 1);
  expect(server.stats().links).toHaveLength(1);
  clock.advance(WAIT);
  expect(server.stats().links).toHaveLength(0);
});
