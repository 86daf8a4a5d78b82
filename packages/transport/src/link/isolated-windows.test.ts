import { DEFAULT_LIMITS, Fields, portableBytes, RequestHead } from '@tp/wire';
import { describe, expect, test } from 'vitest';
import type { CallInit } from '../exchange/call-init.ts';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import type { PoolOptions } from '../pool/pool-options.ts';
import { content, pieces, sha, text } from '../test/content.ts';
import { bodyOf, drain, get, OK, pool, post, serve } from '../test/ends.ts';
import { eventually } from '../test/eventually.ts';
import { FakeClock } from '../test/fake-clock.ts';
import {
  acceptOpen,
  dialScripted,
  type ScriptedPeer,
  scriptedServer,
} from '../test/scripted-peer.ts';
import { zstd } from '../window/native-codecs.ts';
import type { WindowChoice } from '../window/tenants.ts';

const isolated = (key: string): WindowChoice => ({ isolated: key });

/** A client of a scripted server that accepts so many isolated windows. */
async function clientOf(windows: number, options: PoolOptions = {}) {
  const clock = new FakeClock();
  const server = await scriptedServer([zstd]);
  const client = pool(server.url, { clock, codecs: ['zstd'], ...options });
  const peer = await acceptOpen(server, { limits: { ...DEFAULT_LIMITS, windows } });
  /** Makes a call and answers it; gives the envelopes that it took. */
  const call = async (init: CallInit) => {
    const before = peer.opened.length;
    const answer = bodyOf(client.call(init));
    const { id } = await peer.next('request');
    peer.say((encoder) => encoder.response(id, OK, undefined, false));
    await answer;
    return peer.opened.slice(before);
  };
  /** The id of the window that a call went through; "plain" for none. */
  const windowOf = async (window: WindowChoice) => {
    const [envelope] = await call(get('/some/path', { window }));
    return envelope?.unpacked.length === 0 ? 'plain' : envelope?.windowId;
  };
  return { clock, client, peer, call, windowOf };
}

describe('calls', () => {
  test('of each tenant have a window, the others share one (W-075)', async () => {
    const { windowOf } = await clientOf(16);
    expect(await windowOf('shared')).toBe(0);
    expect(await windowOf(isolated('a'))).toBe(1);
    expect(await windowOf(isolated('b'))).toBe(2);
    expect(await windowOf(isolated('a'))).toBe(1);
    expect(await windowOf('shared')).toBe(0);
    expect(await windowOf('off')).toBe('plain');
  });

  test('are what the pool says by default', async () => {
    const { call } = await clientOf(16, { window: isolated('all') });
    expect((await call(get('/')))[0]?.windowId).toBe(1);
    expect((await call(get('/', { window: 'shared' })))[0]?.windowId).toBe(0);
  });

  test('made at once go in an envelope for each window, in order within each', async () => {
    const { client, peer } = await clientOf(16);
    const names = ['a', 'b', 'shared'];
    const paths = Array.from({ length: 30 }, (_, i) => `/${names[i % 3]}/${i}`);
    for (const path of paths) {
      const name = path.split('/')[1] ?? '';
      const window = name === 'shared' ? name : isolated(name);
      client.call(get(path, { window })).catch(() => {});
    }
    await eventually(() => peer.heard('request').length === 30);
    const packed = peer.opened.filter(({ unpacked }) => unpacked.length > 0);
    expect(packed).toHaveLength(3);
    for (const { unpacked } of packed) {
      expect(names.filter((name) => text(unpacked).includes(`/${name}/`))).toHaveLength(1);
    }
    const heard = peer.heard('request').map(({ head }) => head.path);
    for (const name of names) {
      const of = (list: readonly string[]) => list.filter((path) => path.startsWith(`/${name}/`));
      expect(of(heard)).toEqual(of(paths));
    }
  });

  test('leave no value in the table, and take none: what others said changes no byte of theirs', async () => {
    const secret = (window: WindowChoice): CallInit => ({
      head: new RequestHead('GET', '/account/4711', new Fields(['x-session', 'topsecret'])),
      window,
    });
    const bytesOfB = async (others: readonly WindowChoice[]) => {
      const { call } = await clientOf(16);
      await call(get('/', { window: isolated('b') }));
      for (const window of others) await call(secret(window));
      const envelopes = await call({ ...secret(isolated('b')) });
      return text(envelopes[0]?.unpacked ?? new Uint8Array(0));
    };
    const alone = await bytesOfB([]);
    expect(alone).toContain('topsecret');
    const a = isolated('a');
    expect(await bytesOfB([a, a, a, a])).toBe(alone);
    const learned = await bytesOfB(['shared', 'shared', 'shared', 'shared']);
    expect(learned).toContain('topsecret');
    expect(learned).toContain('/account/4711');
  });

  test('of tenants never share an envelope with control, which tells of all (W-075)', async () => {
    const { client, peer } = await clientOf(16);
    const abort = new AbortController();
    const window = isolated('a');
    const first = client.call(get('/', { window, signal: abort.signal })).catch(() => {});
    await peer.next('request');
    const before = peer.opened.length;
    abort.abort();
    await first;
    client.call(get('/', { window: isolated('b') })).catch(() => {});
    await peer.next('request');
    const shapes = peer.opened.slice(before).map(({ plain, unpacked, windowId }) => ({
      plain: plain.length > 0,
      packed: unpacked.length > 0,
      windowId,
    }));
    expect(shapes).toEqual([
      { plain: true, packed: false, windowId: 0 },
      { plain: false, packed: true, windowId: 2 },
    ]);
  });

  test('stay whole with credentials and random bodies outside every window (W-060, W-076)', async () => {
    const { call } = await clientOf(1);
    const body = content(3000);
    const head = new RequestHead('POST', '/', new Fields(['authorization', 'Basic xyzzy']));
    const [own] = await call({ head, body, window: isolated('a') });
    expect(own?.windowId).toBe(1);
    expect(text(own?.plain ?? body)).toContain('Basic xyzzy');
    const [off] = await call({ head, body, window: 'off' });
    expect(off?.unpacked).toHaveLength(0);
    expect(text(off?.plain ?? body)).toContain(text(body));
  });

  test('of more tenants than windows go plain, until a window has rested for a second', async () => {
    const { clock, windowOf, peer } = await clientOf(2);
    expect(await windowOf(isolated('a'))).toBe(1);
    expect(await windowOf(isolated('b'))).toBe(2);
    expect(await windowOf(isolated('c'))).toBe('plain');
    clock.advance(999);
    expect(await windowOf(isolated('a'))).toBe(1);
    expect(await windowOf(isolated('c'))).toBe('plain');
    clock.advance(1);
    const before = peer.windows.length;
    expect(await windowOf(isolated('c'))).toBe(2);
    expect(peer.windows.length).toBe(before + 1);
    expect(await windowOf(isolated('b'))).toBe('plain');
    expect(await windowOf(isolated('a'))).toBe(1);
  });

  test('go plain where the peer accepts no isolated window', async () => {
    const { windowOf } = await clientOf(0);
    expect(await windowOf(isolated('a'))).toBe('plain');
    expect(await windowOf('shared')).toBe(0);
  });

  test('that were kept out of windows say that there is one, so that answers stay out too', async () => {
    const { windowOf, peer } = await clientOf(0);
    expect(await windowOf('off')).toBe('plain');
    expect(peer.windows).toEqual([{ codec: 'zstd', windowLog: 20 }]);
    expect(await windowOf('off')).toBe('plain');
    expect(await windowOf('shared')).toBe(0);
    expect(peer.windows).toHaveLength(1);
  });

  test("of tenants at rest let their windows go; the next owner's starts with nothing", async () => {
    const { clock, windowOf, peer } = await clientOf(2);
    await windowOf(isolated('a'));
    await windowOf(isolated('b'));
    const before = peer.windows.length;
    clock.advance(30_000);
    await eventually(() => peer.windows.length === before + 2);
    expect(await windowOf(isolated('c'))).toBe(1);
    expect(peer.windows).toHaveLength(before + 2);
  });
});

/** A dialer that packs what it says in windows of its own choice. */
class PackingPeer {
  readonly peer: ScriptedPeer;
  readonly #packers = new Map<number, ReturnType<typeof zstd.packer>>();
  #id = 0;

  constructor(peer: ScriptedPeer) {
    this.peer = peer;
  }

  /** A request through that window, or in plain; with `anew` the window starts anew. */
  request(path: string, windowId: number | 'plain', anew = false): void {
    const id = ++this.#id;
    const write = (encoder: ScriptedPeer['encoder']) =>
      encoder.request(id, new RequestHead('GET', path), undefined, false, 0);
    if (windowId === 'plain') {
      this.peer.say(write);
      return;
    }
    const { encoder } = this.peer;
    write(encoder);
    const unpacked = encoder.records.bytes.slice(16, encoder.records.position);
    encoder.reset();
    const known = anew ? undefined : this.#packers.get(windowId);
    const packer = known ?? zstd.packer(20);
    this.#packers.set(windowId, packer);
    this.peer.envelope({
      packed: packer.pack(unpacked),
      unpackedSize: unpacked.length,
      crc: portableBytes.crc32(unpacked, 0),
      window: known === undefined ? { codec: 'zstd', windowLog: 20 } : undefined,
      windowId,
    });
  }

  /** The window of the next answer. */
  async answered(): Promise<number | 'plain'> {
    const { id } = await this.peer.next('response');
    expect(id).toBeGreaterThan(0);
    const envelope = this.peer.opened.findLast(
      ({ plain, unpacked }) => plain.length + unpacked.length > 0,
    );
    return envelope === undefined || envelope.unpacked.length === 0 ? 'plain' : envelope.windowId;
  }
}

async function packingDialer(
  handle: (exchange: ServerExchange) => void,
  options: Parameters<typeof serve>[1] = {},
) {
  const { url } = await serve(handle, options, 'teleport://127.0.0.1:0');
  const peer = await dialScripted(url, [zstd]);
  peer.greet({ limits: { ...DEFAULT_LIMITS, windows: 16 } });
  await peer.next('hello');
  return new PackingPeer(peer);
}

describe('answers', () => {
  const echo = (exchange: ServerExchange) => exchange.respond(OK, content(100), undefined);

  test('go through a window of the kind that their request came through', async () => {
    const dialer = await packingDialer(echo);
    for (const window of [0, 3, 16, 'plain', 0, 3] as const) {
      dialer.request('/', window);
      expect(await dialer.answered()).toBe(window);
    }
  });

  test('to plain requests of a peer that packs nothing go through the shared window', async () => {
    const dialer = await packingDialer(echo);
    dialer.request('/', 'plain');
    expect(await dialer.answered()).toBe(0);
  });

  test('go as the handler says, or the server', async () => {
    const choices: Record<string, WindowChoice> = {
      '/off': 'off',
      '/shared': 'shared',
      '/own': isolated('k'),
    };
    const dialer = await packingDialer(
      (exchange) => {
        const choice = new Map(Object.entries(choices)).get(exchange.path);
        if (choice !== undefined) exchange.useWindow(choice);
        echo(exchange);
      },
      { window: 'off' },
    );
    dialer.request('/', 0);
    expect(await dialer.answered()).toBe('plain');
    dialer.request('/shared', 0);
    expect(await dialer.answered()).toBe(0);
    dialer.request('/own', 0);
    expect(await dialer.answered()).toBe(1);
    dialer.request('/off', 5);
    expect(await dialer.answered()).toBe('plain');
  });

  test('to a window that its dialer has started anew find an empty one; late ones of before go plain (W-081)', async () => {
    const held: ServerExchange[] = [];
    const dialer = await packingDialer((exchange) => {
      if (exchange.path === '/late') held.push(exchange);
      else echo(exchange);
    });
    dialer.request('/late', 2);
    dialer.request('/', 2);
    expect(await dialer.answered()).toBe(2);
    dialer.request('/', 2, true);
    const before = dialer.peer.windows.length;
    expect(await dialer.answered()).toBe(2);
    expect(dialer.peer.windows.length).toBe(before + 1);
    held.forEach(echo);
    expect(await dialer.answered()).toBe('plain');
  });
});

describe('a pool and a server', () => {
  test('carry many tenants, streams among them, each answer to its call', async () => {
    const { server, url } = await serve(async (exchange) => {
      const length = await drain(exchange.body);
      const answer = content(length);
      if (length > 20_000) exchange.respond(OK, undefined, { source: pieces(answer) });
      else exchange.respond(OK, answer, undefined);
    });
    const client = pool(url);
    const calls = Array.from({ length: 200 }, async (_, i) => {
      const length = i % 5 === 0 ? 70_000 + i : 500 + i;
      const window = i % 7 === 0 ? 'shared' : i % 11 === 0 ? 'off' : isolated(`tenant ${i % 40}`);
      const body = content(length);
      const init = length > 65_536 ? { stream: { source: pieces(body) } } : { body };
      const found = await bodyOf(client.call(post('/', ['x-n', String(i)], { ...init, window })));
      expect(sha(found)).toBe(sha(body));
    });
    await Promise.all(calls);
    for (const end of [client, server]) expect(end.stats().limitHits.size).toBe(0);
  });

  test('say goodbye behind all calls that were taken, of whatever window (W-106)', async () => {
    const { url } = await serve((exchange) => exchange.respond(OK, undefined, undefined));
    const client = pool(url);
    await client.ready();
    const calls = Array.from({ length: 30 }, (_, i) =>
      bodyOf(client.call(get(`/${i}`, { window: i % 2 === 0 ? 'shared' : isolated(`t${i}`) }))),
    );
    const closed = client.close();
    expect((await Promise.allSettled(calls)).every(({ status }) => status === 'fulfilled')).toBe(
      true,
    );
    await closed;
  });
});
