import { createClient, createServer } from '@tp/http';
import type { Savings } from '@tp/savings';
import { expect, it, onTestFinished } from 'vitest';
import { startProxyProcess } from '../test/proxy-process.ts';
import { exchange } from '../test/raw-client.ts';
import { always, rawOrigin } from '../test/raw-origin.ts';
import { createHttpUpstream } from '../upstreams/http.ts';
import type { Watcher } from '../watch.ts';
import { ExchangeSample } from './exchange-sample.ts';
import type { MeasuredListener } from './measuring.ts';
import { createSampler } from './sampler.ts';

/** Replays have the lowest priority: on a busy machine they take their time. */
const REPLAYED = { timeout: 300_000 };
const SECRET = 'Bearer 0123456789abcdef';
const BODY = JSON.stringify({ items: Array.from({ length: 40 }, (_, id) => ({ id, stock: 7 })) });
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: sid=${'s'.repeat(30)}\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
const request = (path: string) =>
  `GET ${path} HTTP/1.1\r\nHost: shop.example\r\nAuthorization: ${SECRET}\r\n\r\n`;

it(
  'says what links would save on what passes, while it runs and when it ends',
  REPLAYED,
  async () => {
    const origin = await rawOrigin(always(ANSWER));
    const proxy = await startProxyProcess([
      ...['--in', 'http://127.0.0.1:0', '--out', origin.address, '--admin', '127.0.0.1:0'],
      ...['--measure', '--price-per-gb', '0.5', '--price-per-core', '10'],
    ]);
    for (let turn = 10; turn < 40; turn++) await exchange(proxy.address, request(`/items/${turn}`));
    const admin = proxy.listening.admin ?? '';
    await proxy.logged('measured');
    const { listeners } = await resultsOf(admin);
    expect(listeners).toMatchObject([{ listener: 'http://127.0.0.1:0', seen: 30 }]);
    const { savings } = listeners[0] ?? {};
    expect(savings?.requests).toBeGreaterThan(0);
    expect(savings?.http1.requestBytes).toBe(request('/items/10').length);
    expect(savings?.http1.responseBytes).toBe(ANSWER.length);
    expect(savings).toMatchObject({ pricePerGb: 0.5, pricePerCore: 10, rate: { from: 'traffic' } });
    expect(savings?.results).toHaveLength(18);
    expect(savings?.delays.map(({ delayMs }) => delayMs)).toEqual([0, 1, 4, 16]);
    expect(bytesOf(savings, 'zstd')).toBeLessThan(ANSWER.length / 5);

    const page = await fetch(`${admin}/measure`);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await page.text();
    expect(html).toContain('What teleporting would save');
    expect(html).toContain(`${savings?.requests} requests with their answers`);
    expect(html).toContain('http-equiv="refresh"');
    expect(html).not.toContain(SECRET);

    proxy.process.kill('SIGTERM');
    expect(await proxy.exited).toBe(0);
    expect(proxy.complaint).toContain('requests with their answers, replayed over real links');
    expect(proxy.complaint).toMatch(/^ {2}zstd 1 .*\$/m);
    expect(proxy.complaint).not.toContain(SECRET);
  },
);

it('replays what it has when it is told to end before the first figures', REPLAYED, async () => {
  const origin = await rawOrigin(always(ANSWER));
  const proxy = await startProxyProcess([
    ...['--in', 'http://127.0.0.1:0', '--out', origin.address, '--measure'],
  ]);
  for (let turn = 0; turn < 3; turn++) await exchange(proxy.address, request(`/${turn}`));
  proxy.process.kill('SIGINT');
  expect(await proxy.exited).toBe(0);
  expect(proxy.complaint).toContain('3 requests with their answers');
});

it('has no pages where nobody measures, and says so when nothing came', async () => {
  const flags = [
    '--in',
    'http://127.0.0.1:0',
    '--out',
    'http://127.0.0.1:1',
    '--admin',
    '127.0.0.1:0',
  ];
  const without = await startProxyProcess(flags);
  expect((await fetch(`${without.listening.admin}/measure`)).status).toBe(404);
  expect((await fetch(`${without.listening.admin}/measure.json`)).status).toBe(404);
  const proxy = await startProxyProcess([...flags, '--measure']);
  expect(await resultsOf(proxy.listening.admin ?? '')).toEqual({ listeners: [] });
  const page = await (await fetch(`${proxy.listening.admin}/measure`)).text();
  expect(page).toContain('No request has come');
  proxy.process.kill('SIGTERM');
  expect(await proxy.exited).toBe(0);
  expect(proxy.complaint).toContain('nothing was measured');
});

it('keeps no secret: their values are replaced by others of the same length, equal ones by equal ones', async () => {
  const sample = new ExchangeSample();
  const fields = ['Authorization', SECRET, 'cookie', 'a=b', 'X-Auth-Token', 'tok', 'accept', '*/*'];
  await passed(
    createSampler(() => sample),
    ['/1', '/2'],
    {
      headers: fields,
      answer: { status: 200, headers: ['set-cookie', 'sid=12345', 'etag', '"1"'], body: 'ok' },
    },
  );
  const [one, other] = sample.exchanges;
  expect(one?.headers).toEqual(other?.headers);
  expect(one?.answerHeaders).toEqual(other?.answerHeaders);
  const all = [...(one?.headers ?? []), ...(one?.answerHeaders ?? [])];
  const plain = [...fields, 'set-cookie', 'sid=12345', 'etag', '"1"'];
  expect(all.map((entry) => entry.length)).toEqual(plain.map((entry) => entry.length));
  const same = all.filter((entry, i) => entry === plain[i]);
  expect(same).toEqual(plain.filter((_, i) => i % 2 === 0 || i === 7 || i === 11));
});

it('keeps bodies as they passed, of requests and answers, streamed or not', async () => {
  const sample = new ExchangeSample();
  async function* pieces() {
    yield Buffer.from('one ');
    yield Buffer.from('two');
  }
  const body = 'x'.repeat(100_000);
  await passed(
    createSampler(() => sample),
    ['/'],
    { body, answer: { body: pieces() } },
  );
  const [kept] = sample.exchanges;
  expect(Buffer.from(kept?.body ?? []).toString()).toBe(body);
  expect(Buffer.from(kept?.answerBody ?? []).toString()).toBe('one two');
});

it('holds 1000 exchanges and 16 MiB of bodies at most, none of them past 4 MiB', async () => {
  const many = new ExchangeSample();
  for (let i = 0; i < 1000; i++) many.open()?.forget();
  expect(many.open()).toBeDefined();
  const places = Array.from({ length: 999 }, () => many.open());
  expect(places.every((place) => place !== undefined)).toBe(true);
  expect(many.open()).toBeUndefined();

  const long = new ExchangeSample();
  const answer = (bytes: number) => ({ answer: { body: Buffer.alloc(bytes, 'x') } });
  const sampler = createSampler(() => long);
  await passed(sampler, ['/'], answer(4 * 1024 * 1024 + 1));
  expect(long.exchanges).toHaveLength(0);
  expect([...long.leftOut]).toEqual([['a body past 4 MiB', 1]]);
  await passed(sampler, ['/', '/', '/', '/', '/'], answer(4 * 1024 * 1024));
  expect(long.exchanges).toHaveLength(4);
  expect(long.isFull).toBe(true);
  expect(long.seen).toBe(6);
  long.beginAnew(0);
  expect(long.exchanges).toHaveLength(0);
  await passed(sampler, ['/'], answer(1));
  expect(long.exchanges).toHaveLength(1);
});

it('leaves out what failed or broke off', async () => {
  const sample = new ExchangeSample();
  async function* broken() {
    yield Buffer.from('abc');
    throw new Error('broke off');
  }
  await passed(
    createSampler(() => sample),
    ['/'],
    { answer: { body: broken() } },
  ).catch(() => {});
  expect(sample.exchanges).toHaveLength(0);
  expect([...sample.leftOut.values()]).toEqual([1]);
});

async function resultsOf(admin: string): Promise<{ listeners: MeasuredListener[] }> {
  return JSON.parse(await (await fetch(`${admin}/measure.json`)).text());
}

function bytesOf(savings: Savings | null | undefined, codec: string): number {
  return savings?.results.find((trial) => trial.codec === codec)?.bytes ?? Number.NaN;
}

const SILENT = { onError: () => {} };

interface Passing {
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly answer: {
    readonly status?: number;
    readonly headers?: readonly string[];
    readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  };
}

/** Lets a sampler look on as requests for each path are answered. */
async function passed(sampler: Watcher, paths: readonly string[], passing: Passing): Promise<void> {
  const server = createServer(async (request) => {
    const watch = sampler.begin('in', request);
    const { method, path, headers } = request;
    const sent = await request.bytes();
    const outgoing = { method, path, headers, declaredLength: undefined, upgrade: undefined };
    const body = sent.length > 0 ? sent : null;
    watch?.sends({ group: 'web', upstream: ORIGIN }, { ...outgoing, body, incoming: request });
    const { answer } = passing;
    return watch?.answered(answer) ?? answer;
  }, SILENT);
  const client = createClient(await server.listen('teleport://127.0.0.1:0'), {
    limits: { maxBufferedBodyBytes: 8 * 1024 * 1024 },
  });
  onTestFinished(() => client.close());
  onTestFinished(() => server.close());
  for (const path of paths) {
    const { headers = [], body } = passing;
    const method = body === undefined ? 'GET' : 'POST';
    const response = await client.request({ method, path, headers, body: body ?? null });
    await response.bytes();
  }
}

const ORIGIN = createHttpUpstream(
  'http://127.0.0.1:9',
  { host: '127.0.0.1', port: 9 },
  { connections: 1, timeoutMs: 1000, idleTimeoutMs: undefined },
);
