import { lookup } from 'node:dns/promises';
import { describe, expect, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { testCertificate } from '../test/certificate.ts';
import { answer, Cluster, lots } from '../test/cluster.ts';
import { get, OK, pool, serve } from '../test/ends.ts';
import { eventually, turns } from '../test/eventually.ts';
import { outcome, thrownBy } from '../test/failure.ts';
import { createPool } from './pool.ts';
import type { PoolOptions } from './pool-options.ts';
import type { Resolver, ServiceRecord } from './resolver.ts';

/** Answers what a test says; a question that is asked while `hangs` is set waits for ever. */
class Names implements Resolver {
  hosts: readonly string[] | Error = [];
  records: readonly ServiceRecord[] | Error = [];
  hangs = false;
  readonly asked: string[] = [];

  addresses(host: string): Promise<readonly string[]> {
    this.asked.push(host);
    if (this.hangs) return new Promise(() => {});
    if (host.includes('.local')) return Promise.resolve([host.slice(0, 1)]);
    return settled(this.hosts);
  }

  services(name: string): Promise<readonly ServiceRecord[]> {
    this.asked.push(name);
    return settled(this.records);
  }
}

function settled<T>(answer: T | Error): Promise<T> {
  return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
}

const service = (name: string, priority = 0, weight = 1): ServiceRecord => ({
  name: `${name}.local`,
  port: 7000,
  priority,
  weight,
});

function named(url: string, names: Names, options: PoolOptions = {}) {
  const cluster = new Cluster();
  const client = pool(url, {
    clock: cluster.clock,
    dial: cluster.dial,
    resolver: names,
    random: lots(5),
    codecs: ['none'],
    ...options,
    limits: { keepaliveMs: 2 ** 29, requestTimeoutMs: 2 ** 29, ...options.limits },
  });
  const health = () =>
    Object.fromEntries(client.stats().health.map(({ peer, state }) => [peer, state]));
  const burst = async (calls: number) => {
    await Promise.all(Array.from({ length: calls }, () => client.call(get('/'))));
  };
  return { cluster, client, health, burst };
}

const HOST = 'teleport://service.example:7000';
const SRV = 'teleport+srv://_tp._tcp.example.org';

describe('a host name', () => {
  test('stands for all its addresses, each a peer; IPv6 in brackets', async () => {
    const names = new Names();
    names.hosts = ['192.0.2.1', '2001:db8::1'];
    const { cluster, client, health, burst } = named(HOST, names);
    await client.ready();
    expect(names.asked).toEqual(['service.example']);
    expect(health()).toEqual({
      'teleport://192.0.2.1:7000': 'open',
      'teleport://[2001:db8::1]:7000': 'open',
    });
    expect(client.stats().health[0]?.name).toBe('service.example');
    await burst(100);
    for (const requests of cluster.requests('192.0.2.1', '2001:db8::1')) {
      expect(requests).toBeGreaterThan(30);
    }
  });

  test('is resolved again every 30 s, by +-25 %, or as set', async () => {
    for (const [lot, ms, resolveIntervalMs] of [
      [0, 22_500, undefined],
      [0.5, 30_000, undefined],
      [1, 37_500, undefined],
      [0.5, 1000, 1000],
    ] as const) {
      const names = new Names();
      names.hosts = ['a'];
      const { cluster, client } = named(HOST, names, {
        random: () => lot,
        ...(resolveIntervalMs === undefined ? {} : { resolveIntervalMs }),
      });
      await client.ready();
      cluster.clock.advance(ms - 1);
      expect(names.asked).toHaveLength(1);
      cluster.clock.advance(2);
      expect(names.asked).toHaveLength(2);
    }
  });

  test('new addresses are dialled, and those that are gone end with their calls, none of which fails', async () => {
    const names = new Names();
    names.hosts = ['a', 'b'];
    const { cluster, client, health, burst } = named(HOST, names);
    await client.ready();
    const held: ServerExchange[] = [];
    cluster.host('a').handle = (exchange) => held.push(exchange);
    const calls = Array.from({ length: 20 }, () => client.call(get('/')));
    await eventually(() => held.length > 0 && client.pending === held.length);
    names.hosts = ['b', 'c'];
    cluster.clock.advance(37_500);
    await eventually(() => health()['teleport://c:7000'] === 'open');
    expect(health()).toEqual({
      'teleport://a:7000': 'leaving',
      'teleport://b:7000': 'open',
      'teleport://c:7000': 'open',
    });
    const before = cluster.host('a').requests;
    await burst(30);
    expect(cluster.host('a').requests).toBe(before);
    expect(cluster.host('b').dials).toBe(1);
    for (const exchange of held) exchange.respond(OK, undefined, undefined);
    for (const call of calls) expect((await call).status).toBe(200);
    await eventually(() => health()['teleport://a:7000'] === undefined);
    expect(client.stats().links).toHaveLength(2);
  });

  test('that moves altogether is served by the old addresses until a new one can take the calls', async () => {
    const names = new Names();
    names.hosts = ['a'];
    const { cluster, client, health, burst } = named(HOST, names);
    await client.ready();
    names.hosts = ['b'];
    cluster.host('b').isUp = false;
    cluster.clock.advance(37_500);
    await turns();
    expect(cluster.host('b').dials).toBeGreaterThan(0);
    await burst(10);
    expect(cluster.host('a').requests).toBe(10);
    cluster.host('b').isUp = true;
    cluster.clock.advance(200);
    await eventually(() => health()['teleport://b:7000'] === 'open');
    await burst(10);
    expect(cluster.requests('a', 'b')).toEqual([10, 10]);
    await eventually(() => client.stats().links.length === 1);
  });

  test.each<[string, (names: Names) => void]>([
    ['fails', (names) => (names.hosts = new Error('SERVFAIL'))],
    ['is empty', (names) => (names.hosts = [])],
    ['does not come', (names) => (names.hangs = true)],
  ])('whose next answer %s keeps what there is', async (_, spoil) => {
    const names = new Names();
    names.hosts = ['a', 'b'];
    const { cluster, client, health, burst } = named(HOST, names);
    await client.ready();
    spoil(names);
    for (let i = 0; i < 3; i++) {
      cluster.clock.advance(60_000);
      await turns(5);
    }
    expect(names.asked.length).toBeGreaterThan(3);
    expect(Object.values(health())).toEqual(['open', 'open']);
    await burst(10);
  });

  test('without an answer fails calls with UNREACHABLE no, and is asked again with backoff', async () => {
    const names = new Names();
    names.hosts = new Error('ENOTFOUND');
    const { cluster, client } = named(HOST, names, { random: () => 0.5 });
    const waiting = outcome(client.call(get('/')));
    expect(await outcome(client.ready())).toBe('UNREACHABLE no');
    expect(await waiting).toBe('UNREACHABLE no');
    for (const wait of [100, 160, 256]) {
      const before = names.asked.length;
      cluster.clock.advance(wait - 1);
      expect(names.asked).toHaveLength(before);
      cluster.clock.advance(1.1);
      expect(names.asked).toHaveLength(before + 1);
      await turns(3);
    }
    names.hosts = ['a'];
    cluster.clock.advance(10_000);
    await client.ready();
    expect((await client.call(get('/'))).status).toBe(200);
  });

  test('with an address that cannot be reached is ready with the others', async () => {
    const names = new Names();
    names.hosts = ['a', 'b'];
    const { cluster, client, health } = named(HOST, names);
    cluster.host('b').isUp = false;
    await client.ready();
    expect(health()).toMatchObject({ 'teleport://a:7000': 'open', 'teleport://b:7000': 'down' });
  });

  test('with none that can be reached is asked again when calls come', async () => {
    const names = new Names();
    names.hosts = ['a'];
    const { cluster, client } = named(HOST, names, { random: () => 0.5 });
    cluster.host('a').isUp = false;
    expect(await outcome(client.ready())).toBe('UNREACHABLE no');
    names.hosts = ['b'];
    expect(await outcome(client.call(get('/')))).toBe('UNREACHABLE no');
    cluster.clock.advance(1000);
    await eventually(() => cluster.host('b').dials === 1);
    await eventually(() => client.stats().links.length === 1);
    expect((await client.call(get('/'))).status).toBe(200);
  });

  test('is asked about twice a second, however many calls come while nobody can be reached', async () => {
    const names = new Names();
    names.hosts = ['a'];
    const { cluster, client } = named(HOST, names);
    cluster.host('a').isUp = false;
    expect(await outcome(client.ready())).toBe('UNREACHABLE no');
    for (let i = 0; i < 1000; i++) {
      cluster.clock.advance(20);
      client.call(get('/')).catch(() => {});
      await turns(1);
    }
    expect(names.asked.length).toBeGreaterThan(10);
    expect(names.asked.length).toBeLessThan(70);
  });

  test('is not asked about when the address is an IP literal or a unix socket', async () => {
    const names = new Names();
    const cluster = new Cluster();
    const client = pool(['teleport://192.0.2.1:1', 'teleport://[::1]:1', 'teleport+unix:/x'], {
      clock: cluster.clock,
      dial: cluster.dial,
      resolver: names,
    });
    await client.ready();
    expect(names.asked).toEqual([]);
  });

  test('is handed as it stands to a dialer of your own that comes without a resolver', async () => {
    const cluster = new Cluster();
    const client = pool('teleport://somewhere:1', { clock: cluster.clock, dial: cluster.dial });
    await client.ready();
    expect(cluster.host('somewhere').dials).toBe(1);
  });
});

describe('a service', () => {
  test('stands for the addresses of its records, on their ports', async () => {
    const names = new Names();
    names.records = [service('a'), { ...service('b'), port: 8000 }];
    const { client, health } = named(SRV, names);
    await client.ready();
    expect(names.asked).toEqual(['_tp._tcp.example.org', 'a.local', 'b.local']);
    expect(health()).toEqual({ 'teleport://a:7000': 'open', 'teleport://b:8000': 'open' });
  });

  test('gives each of one priority its weight of the calls; 0 is very little', async () => {
    const names = new Names();
    names.records = [
      service('a', 0, 60),
      service('b', 0, 20),
      service('c', 0, 20),
      service('d', 0, 0),
    ];
    const { cluster, client } = named(SRV, names);
    await client.ready();
    for (let i = 0; i < 1000; i++) await client.call(get('/'));
    const [a = 0, b = 0, c = 0, d = 0] = cluster.requests('a', 'b', 'c', 'd');
    expect([a > 540, a < 660, b > 150, b < 250, c > 150, c < 250]).toEqual(Array(6).fill(true));
    expect(d).toBeLessThan(30);
  });

  test('uses the lowest priority that can be reached', async () => {
    const names = new Names();
    names.records = [service('a', 10), service('b', 20), service('c', 20)];
    const { cluster, client, burst } = named(SRV, names);
    await client.ready();
    await burst(30);
    expect(cluster.requests('a', 'b', 'c')).toEqual([30, 0, 0]);
    cluster.host('a').isUp = false;
    cluster.host('a').breakLinks();
    await turns();
    await burst(30);
    const [, b = 0, c = 0] = cluster.requests('a', 'b', 'c');
    expect([b + c, b > 5, c > 5]).toEqual([30, true, true]);
    cluster.host('a').isUp = true;
    for (let i = 0; i < 3; i++) {
      cluster.clock.advance(1000);
      await turns(5);
    }
    await burst(30);
    expect(cluster.requests('a')).toEqual([60]);
  });

  test('whose records change is followed, weights and priorities too', async () => {
    const names = new Names();
    names.records = [service('a', 1), service('b', 2)];
    const { cluster, client, burst } = named(SRV, names);
    await client.ready();
    names.records = [service('a', 2), service('b', 1)];
    cluster.clock.advance(37_500);
    await turns();
    await burst(10);
    expect(cluster.requests('a', 'b')).toEqual([0, 10]);
    expect(cluster.host('a').dials).toBe(1);
  });

  test('at "." is not there (RFC 2782)', async () => {
    const names = new Names();
    names.records = [{ name: '.', port: 0, priority: 0, weight: 0 }];
    const { client } = named(SRV, names);
    expect(await outcome(client.call(get('/')))).toBe('UNREACHABLE no');
  });

  test.each([
    'teleport+srv://example.org',
    'teleport+srv://_tp.example.org',
    'teleport+srv://_tp._tcp.',
    'teleport+srv://_tp._tcp.example.org:70',
    'teleports+srv://_tp._tcp.exa mple',
  ])('%s is INVALID_ARGUMENT, which says what is expected', (url) => {
    const error = thrownBy(() => createPool([url], { resolver: new Names() }));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain('teleports+srv://_NAME._PROTO.DOMAIN');
  });

  test('needs a resolver beside a dialer of your own', () => {
    const { dial } = new Cluster();
    expect(thrownBy(() => createPool([SRV], { dial })).message).toContain('resolver');
  });
});

test.each([0, -1, NaN, 2 ** 31])(
  'resolveIntervalMs %d is INVALID_ARGUMENT',
  (resolveIntervalMs) => {
    expect(thrownBy(() => createPool([HOST], { resolveIntervalMs })).code).toBe('INVALID_ARGUMENT');
  },
);

describe('over sockets', () => {
  test('localhost is all that the system says it is', async () => {
    const known = await lookup('localhost', { all: true });
    const { url } = await serve(answer);
    const client = pool(url.replace('127.0.0.1', 'localhost'));
    await client.ready();
    expect((await client.call(get('/'))).status).toBe(200);
    expect(client.stats().health.map(({ name }) => name)).toEqual(known.map(() => 'localhost'));
  });

  test.each([
    ['the name of the URL', (port: number) => `teleports://localhost:${port}`],
    ["a service's domain", () => 'teleports+srv://_tp._tcp.localhost'],
  ])('TLS checks the certificate for %s, whatever it is resolved to', async (_, url) => {
    const server = await serve(answer, { tls: testCertificate }, 'teleports://127.0.0.1:0');
    const port = Number(/:(\d+)$/.exec(server.url)?.[1]);
    const resolver: Resolver = {
      addresses: async () => ['127.0.0.1'],
      services: async () => [{ name: 'elsewhere.example', port, priority: 0, weight: 0 }],
    };
    const asked: string[] = [];
    const client = pool(url(port), {
      resolver,
      tls: {
        ca: testCertificate.cert,
        checkServerIdentity: (name) => {
          asked.push(name);
          return undefined;
        },
      },
    });
    expect((await client.call(get('/'))).status).toBe(200);
    expect(asked).toEqual(['localhost']);
  });
});
