import { DEFAULT_LIMITS, Fields, RequestHead } from '@tp/wire';
import { describe, expect, test } from 'vitest';
import { createTransportServer } from '../server.ts';
import { content, noise, pieces, sha, text } from '../test/content.ts';
import { drain, get, OK, pool, post, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { memoryPair } from '../test/memory-connection.ts';
import { acceptOpen, scriptedServer } from '../test/scripted-peer.ts';
import { zstd } from '../window/native-codecs.ts';

const MIB = 1024 * 1024;

describe('batches', () => {
  test('keep to what the peer takes, though maxBatchBytes is larger and nothing can be packed (W-018)', async () => {
    const limits = { batchPacked: 131_072, batchUnpacked: 131_072, linkWindow: 8 * MIB };
    const { url } = await serve(
      (exchange) => {
        void drain(exchange.body).then((length) =>
          exchange.respond(OK, Buffer.from(`${length}`), undefined),
        );
      },
      { limits },
    );
    for (const codecs of [['zstd'], ['deflate'], ['none']] as const) {
      const client = pool(url, { codecs, maxBatchBytes: 16 * MIB });
      await client.ready();
      const bodies = Array.from({ length: 20 }, (_, i) => noise(65_536, i + 1));
      const calls = bodies.flatMap((body) => [
        client.call(post('/', [], { body })),
        client.call(post('/', [], { stream: { source: pieces(body) } })),
      ]);
      for (const call of calls) expect((await call).text()).toBe('65536');
      expect(client.stats().links).toHaveLength(1);
    }
  });

  test('calls that are made together go together', async () => {
    const { url } = await serve((exchange) => exchange.respond(OK, undefined, undefined));
    const client = pool(url);
    await client.ready();
    const before = client.stats().links[0]?.batchesOut ?? 0;
    await Promise.all(Array.from({ length: 100 }, () => client.call(get('/'))));
    expect(client.stats().links[0]?.batchesOut).toBe(before + 1);
  });

  test('records gather while a write is under way', async () => {
    const [near, far] = memoryPair();
    const server = createTransportServer((exchange) => exchange.respond(OK, undefined, undefined));
    server.accept(far);
    const client = pool('teleport://memory:1', { dial: async () => near });
    await client.ready();
    const before = client.stats().links[0]?.batchesOut ?? 0;
    near.stick();
    const calls = [];
    for (let i = 0; i < 10; i++) {
      calls.push(client.call(get('/')));
      await turns(2);
    }
    near.unstick();
    await Promise.all(calls);
    expect(client.stats().links[0]?.batchesOut).toBe(before + 2);
  });

  test('maxBatchDelayMs lets requests wait, but not control, and not a batch that is full', async () => {
    const clock = new FakeClock();
    const server = await scriptedServer();
    const client = pool(server.url, {
      codecs: ['none'],
      clock,
      maxBatchDelayMs: 5,
      maxBatchBytes: 10_000,
    });
    const peer = await acceptOpen(server);
    await client.ready();
    await turns();
    client.call(get('/1')).catch(() => {});
    await turns();
    expect(peer.heard('request')).toHaveLength(0);
    clock.advance(5);
    await peer.next('request');
    client.call(get('/2')).catch(() => {});
    client.call(post('/3', [], { body: noise(10_000) })).catch(() => {});
    await eventually(() => peer.heard('request').length === 3);
    client.call(get('/4')).catch(() => {});
    peer.say((encoder) => encoder.ping(1));
    await peer.next('pong');
    await eventually(() => peer.heard('request').length === 4);
  });
});

describe('secrets', () => {
  test('never enter the window, in any case of letters, nor do names that the user adds (W-060)', async () => {
    const server = await scriptedServer([zstd]);
    const client = pool(server.url, { secretFields: ['X-Tenant'] });
    const secrets = ['authorization', 'Cookie', 'x-API-key', 'Proxy-Authorization', 'x-tenant'];
    const raw = secrets.flatMap((name) => [name, `secret of ${name}`]);
    const peer = await acceptOpen(server);
    for (let time = 0; time < 3; time++) {
      const fields = new Fields([...raw, 'x-open', 'seen by all']);
      client.call({ head: new RequestHead('GET', '/', fields) }).catch(() => {});
      expect((await peer.next('request')).head.fields.raw).toEqual(fields.raw);
    }
    const packed = text(Buffer.concat(peer.opened.map(({ unpacked }) => unpacked)));
    const plain = text(Buffer.concat(peer.opened.map((opened) => opened.plain)));
    expect(packed).toContain('seen by all');
    for (const name of secrets) {
      expect(packed).not.toContain(`secret of ${name}`);
      expect(plain).toContain(`secret of ${name}`);
    }
  });

  test('bodies that are compressed already stay out of the window as well (W-076)', async () => {
    const server = await scriptedServer([zstd]);
    const client = pool(server.url);
    const body = noise(2000);
    const drawing = content(2000);
    const stream = { source: pieces(body) };
    client.call(post('/', ['content-type', 'image/png'], { body })).catch(() => {});
    client.call(post('/', ['content-encoding', 'gzip'], { stream })).catch(() => {});
    client.call(post('/', ['content-type', 'image/svg+xml'], { body: drawing })).catch(() => {});
    const peer = await acceptOpen(server, { limits: DEFAULT_LIMITS });
    await eventually(() => peer.heard('data').some(({ last }) => last));
    const bodies = peer.heard('request').filter(({ body }) => body.length > 0);
    expect(bodies.map(({ body: found }) => sha(found))).toEqual([sha(body), sha(drawing)]);
    const packed = text(Buffer.concat(peer.opened.map(({ unpacked }) => unpacked)));
    const plain = text(Buffer.concat(peer.opened.map((opened) => opened.plain)));
    expect(packed.split(text(drawing))).toHaveLength(2);
    expect(packed).not.toContain(text(body));
    expect(plain.split(text(body))).toHaveLength(3);
  });
});
