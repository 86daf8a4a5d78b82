import { BatchEncoder, DEFAULT_LIMITS, Fields, portableBytes, RequestHead } from '@tp/wire';
import { describe, expect, test } from 'vitest';
import { content } from '../test/content.ts';
import { get, OK } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { openScripted, type ScriptedPeer } from '../test/scripted-peer.ts';
import { unharmed, victim, watchProcess } from '../test/victim.ts';

const MIB = 1024 * 1024;
watchProcess();

describe('records', () => {
  const wide = (bytes: number) => {
    const fields: string[] = [];
    for (let left = bytes; left > 0; left -= 16_000)
      fields.push('a', 'v'.repeat(Math.min(16_000, left)));
    return new RequestHead('GET', '/', new Fields(fields));
  };
  const big = { ...DEFAULT_LIMITS, headBytes: MIB };

  /** A peer whose own encoder would refuse to write such heads says them through one that does not. */
  async function lax(url: string): Promise<ScriptedPeer> {
    const peer = await openScripted(url);
    const encoder = new BatchEncoder({
      bytes: portableBytes,
      limits: big,
      isSecret: () => false,
      inline: true,
    });
    return Object.defineProperty(peer, 'encoder', { value: encoder });
  }

  test('a head above the limit is HEAD_LIMIT no, of the stream (W-063)', async () => {
    const target = await victim();
    const peer = await lax(target.url);
    peer.say((encoder) => encoder.request(1, wide(40_000), undefined, false, 0));
    expect(await peer.next('cancel')).toMatchObject({ id: 1, code: 'HEAD_LIMIT', processed: 'no' });
    peer.say((encoder) => encoder.request(2, get('/neighbour').head, undefined, false, 0));
    expect((await peer.next('response')).id).toBe(2);
    expect(target.server.stats().limitHits.get('HEAD_LIMIT')).toBe(1);
  });

  test('a head above four times the limit is HEAD_LIMIT, of the link (W-063)', async () => {
    const target = await victim();
    const peer = await lax(target.url);
    peer.say((encoder) => encoder.request(1, wide(140_000), undefined, false, 0));
    expect(await peer.next('goaway')).toMatchObject({ code: 'HEAD_LIMIT' });
    await unharmed(target, 'HEAD_LIMIT');
  });

  const wrong: [string, string, (peer: ScriptedPeer) => void][] = [
    [
      'a request id that falls (W-030)',
      'PROTOCOL',
      (peer) =>
        peer.say((encoder) => {
          for (const id of [5, 4]) encoder.request(id, get('/').head, undefined, false, 0);
        }),
    ],
    [
      'a request id that comes twice (W-030)',
      'PROTOCOL',
      (peer) =>
        peer.say((encoder) => {
          for (const id of [5, 5]) encoder.request(id, get('/').head, undefined, false, 0);
        }),
    ],
    [
      'a response from the dialer (W-023)',
      'PROTOCOL',
      (peer) => peer.say((encoder) => encoder.response(1, OK, undefined, false)),
    ],
    [
      'data for a stream that was never opened (W-031)',
      'PROTOCOL',
      (peer) => peer.say((encoder) => encoder.data(7, content(1), true)),
    ],
    [
      'credit for a stream that was never opened (W-031)',
      'PROTOCOL',
      (peer) => peer.say((encoder) => encoder.credit(7, 1)),
    ],
    [
      'a cancel of a stream that was never opened (W-031)',
      'PROTOCOL',
      (peer) => peer.say((encoder) => encoder.cancel(7, 'CANCEL', 'no')),
    ],
    [
      'a second hello (W-013)',
      'PROTOCOL',
      (peer) =>
        peer.say((encoder) =>
          encoder.hello({
            version: 1,
            codecs: [],
            limits: DEFAULT_LIMITS,
            features: [],
            checksum: true,
            agent: '',
            token: new Uint8Array(0),
          }),
        ),
    ],
    [
      'a data record that is too long (W-041)',
      'PROTOCOL',
      (peer) =>
        peer.say((encoder) => {
          encoder.request(1, get('/').head, undefined, true, 0);
          encoder.data(1, content(16_385), true);
        }),
    ],
    [
      'bytes that are no records (W-004)',
      'PROTOCOL',
      (peer) => {
        const plain = Uint8Array.of(0x0a, 0x20, 1);
        peer.envelope({ plain, crc: portableBytes.crc32(plain, 0) });
      },
    ],
  ];
  test.each(wrong)('%s ends the link with %s', async (_name, code, say) => {
    const target = await victim();
    const peer = await openScripted(target.url);
    say(peer);
    expect(await peer.next('goaway')).toMatchObject({ code, final: true });
    await peer.end();
    await unharmed(target, code);
  });

  test('data or trailers behind the end of a body are PROTOCOL, of the stream (W-032)', async () => {
    const target = await victim();
    const peer = await openScripted(target.url);
    peer.say((encoder) => {
      encoder.request(1, get('/').head, undefined, true, 0);
      encoder.data(1, content(1), true);
      encoder.data(1, content(1), true);
      encoder.request(2, get('/').head, undefined, false, 0);
      encoder.trailers(2, new Fields(['a', 'b']));
    });
    for (const id of [1, 2])
      expect(await peer.next('cancel')).toMatchObject({ id, code: 'PROTOCOL' });
    expect(target.server.stats().limitHits.get('PROTOCOL')).toBe(2);
  });
});

describe('floods', () => {
  /** Says something so often, in batches. */
  function flood(
    peer: ScriptedPeer,
    times: number,
    say: (encoder: BatchEncoder, i: number) => void,
  ) {
    for (let i = 0; i < times; ) {
      peer.say((encoder) => {
        for (const end = Math.min(times, i + 500); i < end; i++) say(encoder, i);
      });
    }
  }

  test('pings: two that come too early are forgiven, the third ends the link (W-094)', async () => {
    const target = await victim();
    const peer = await openScripted(target.url);
    for (let token = 1; token <= 5; token++) {
      peer.say((encoder) => encoder.ping(token));
      await peer.next('pong');
      if (token < 3) target.clock.advance(10_000);
    }
    peer.say((encoder) => encoder.ping(6));
    expect((await peer.next('goaway')).code).toBe('ENHANCE_YOUR_CALM');
    await peer.end();
    await unharmed(target, 'pingMinInterval');
  });

  test('glitches: the burst is free, one more ends the link; with time there are more (W-095)', async () => {
    const target = await victim({ glitchBurst: 100, glitchRate: 10 });
    const peer = await openScripted(target.url);
    const glitches = (count: number) => flood(peer, count, (encoder) => encoder.pong(1));
    glitches(100);
    target.clock.advance(10_000);
    peer.say((encoder) => encoder.ping(1));
    await peer.next('pong');
    target.clock.advance(10_000);
    glitches(100);
    peer.say((encoder) => encoder.ping(2));
    await peer.next('pong');
    glitches(1);
    expect((await peer.next('goaway')).code).toBe('ENHANCE_YOUR_CALM');
    await unharmed(target, 'glitchRate');
  });

  const useless: [string, (encoder: BatchEncoder) => void][] = [
    ['empty data', (encoder) => encoder.data(1, content(0), false)],
    ['credit of 0', (encoder) => encoder.credit(1, 0)],
    ['pongs that nobody asked for', (encoder) => encoder.pong(3)],
  ];
  test.each(useless)('%s is a glitch (W-095)', async (_name, say) => {
    const target = await victim({ glitchBurst: 10, glitchRate: 1 });
    const peer = await openScripted(target.url);
    peer.say((encoder) => encoder.request(1, get('/').head, undefined, true, 0));
    flood(peer, 10, say);
    peer.say((encoder) => encoder.ping(1));
    await peer.next('pong');
    flood(peer, 1, say);
    expect((await peer.next('goaway')).code).toBe('ENHANCE_YOUR_CALM');
    await unharmed(target, 'glitchRate');
  });

  test('an envelope with nothing in it is a glitch (W-020)', async () => {
    const target = await victim({ glitchBurst: 1, glitchRate: 1 });
    const peer = await openScripted(target.url);
    for (let i = 0; i < 2; i++) peer.envelope({ crc: 0 });
    expect((await peer.next('goaway')).code).toBe('ENHANCE_YOUR_CALM');
    await unharmed(target, 'glitchRate');
  });

  test('requests that are cancelled at once: beyond the burst and a tenth of all, the link ends (W-095)', async () => {
    const target = await victim({ cancelBurst: 50, cancelRate: 1 });
    const peer = await openScripted(target.url);
    flood(peer, 60, (encoder, i) => {
      encoder.request(i + 1, get('/').head, undefined, false, 0);
      encoder.cancel(i + 1, 'CANCEL', 'maybe');
    });
    expect((await peer.next('goaway')).code).toBe('ENHANCE_YOUR_CALM');
    await peer.end();
    expect(target.handled.filter(({ over }) => !over)).toEqual([]);
    for (const exchange of target.handled.slice(1)) exchange.respond(OK, undefined, undefined);
    await unharmed(target, 'cancelRate');
  });

  test('a peer that makes us answer and does not read: maxQueuedControl ends the link', async () => {
    const target = await victim({ maxQueuedControl: 100, streams: 1 });
    const peer = await openScripted(target.url);
    peer.socket.pause();
    const requests = (from: number) =>
      peer.say((encoder) => {
        for (let id = from; id < from + 90; id++) {
          encoder.request(id, get('/').head, undefined, false, 0);
        }
      });
    for (let from = 1; !target.server.stats().limitHits.has('maxQueuedControl'); from += 90) {
      requests(from);
      await turns(2);
      expect(from).toBeLessThan(1_000_000);
    }
    await eventually(() => target.server.stats().links.length === 1);
    await unharmed(target, 'ENHANCE_YOUR_CALM');
  });
});
