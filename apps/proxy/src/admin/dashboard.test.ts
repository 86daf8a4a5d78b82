import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Script } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { findBrowser } from '../outside/tools.ts';
import type { RunningProxy } from '../proxy.ts';
import { boundTo, start, startChain, startFile } from '../test/chain.ts';
import { rawOrigin } from '../test/raw-origin.ts';
import { figuresOf } from './figures.ts';
import { startAdmin } from './server.ts';
import { sourceOf } from './source.ts';
import type { Stats } from './stats.ts';
import { sumFigures } from './sum-figures.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

test('the page carries its script and style, and its policy lets nothing else run', async () => {
  const { html, headers } = await pageOf(await idleProxy());
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('cache-control')).toBe('no-store');
  const policy = headers.get('content-security-policy') ?? '';
  expect(policy.split('; ')).toEqual([
    "default-src 'none'",
    `script-src ${hashOf(between(html, '<script type="module">', '</script>'))}`,
    `style-src ${hashOf(between(html, '<style>', '</style>'))}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]);
});

test('the page refers to nothing but the other pages of the proxy', async () => {
  const { html } = await pageOf(await idleProxy());
  const references = [...html.matchAll(/\b(?:href|src|srcset|action)="([^"]*)"/g)].map(
    ([, target]) => target,
  );
  const own = new Set(['measure', 'stats.json', 'metrics', 'readyz']);
  expect(references.filter((target) => !own.has(target ?? ''))).toEqual([
    expect.stringMatching(/^data:image\/svg\+xml,/),
  ]);
  expect(html).not.toMatch(/@import|url\(|<iframe|<object|<embed|\bimport\(/i);
  const requests = [...html.matchAll(/\bfetch\(('[^']*')?/g)].map(([, target]) => target);
  expect(requests).toEqual(["'stats.json'"]);
  expect(html).not.toMatch(/XMLHttpRequest|WebSocket|EventSource|sendBeacon|new Worker/);
});

test('the modules of the script make one that compiles and takes no text for markup', async () => {
  const { html } = await pageOf(await idleProxy());
  const script = between(html, '<script type="module">', '</script>');
  expect(() => new Script(`async () => {${script}\n}`)).not.toThrow();
  expect(html.split('</script>')).toHaveLength(2);
  expect(html).not.toMatch(
    /innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|Function\(/,
  );
  expect(html).not.toMatch(/<[^>]+\s(?:on\w+|style)=/);
});

const chromium = findBrowser();

test.skipIf(chromium === undefined)(
  `a browser shows names as they are, whatever is in them${chromium === undefined ? ' (skipped: no chromium)' : ''}`,
  async () => {
    const hostile = "<img src=x onerror=document.title='broken'><b id=evil>&amp;.sock";
    const proxy = await start(['--in', 'http://127.0.0.1:0', '--out', `unix:/tmp/${hostile}`]);
    expect((await fetch(`${boundTo(proxy)}/`)).status).toBe(503);
    const shown = await shownBy(chromium ?? '', await adminOf(proxy));
    expect(shown).toContain('<title>tp-proxy</title>');
    expect(shown).toContain(
      "unix:/tmp/&lt;img src=x onerror=document.title='broken'&gt;&lt;b id=evil&gt;&amp;amp;.sock",
    );
    expect(shown).not.toMatch(/<img|<b id/);
    expect(shown).toContain('>1 in all<');
  },
);

test.skipIf(chromium === undefined)(
  `a browser shows the bytes and requests of metrics${chromium === undefined ? ' (skipped: no chromium)' : ''}`,
  async () => {
    const origin = await rawOrigin((socket) => void socket.write(OK));
    const { near, address } = await startChain('a pair', origin.address);
    for (let turn = 0; turn < 30; turn++) await (await fetch(`${address}/${turn}`)).text();
    const admin = await adminOf(near);
    const metrics = async () => (await fetch(`${admin}/metrics`)).text();
    const before = sumOf(await metrics(), 'tp_wire_bytes_total');
    const shown = await shownBy(chromium ?? '', admin);
    const after = await metrics();
    const value = (id: string) =>
      Number(new RegExp(`<data id="${id}" value="([^"]*)">`).exec(shown)?.[1]);
    expect(value('http-bytes')).toBe(sumOf(after, 'tp_http_bytes_total'));
    expect(value('wire-bytes')).toBeGreaterThanOrEqual(before);
    expect(value('wire-bytes')).toBeLessThanOrEqual(sumOf(after, 'tp_wire_bytes_total'));
    expect(shown).toContain(`>${sumOf(after, 'tp_http_requests_total')} in all<`);
    expect(shown).toContain('The upstream is well.');
  },
);

test('stats.json equals metrics in all that the page shows', async () => {
  const origin = await rawOrigin((socket) => void socket.write(OK));
  const { near, far, address } = await startChain('a pair', origin.address, ['--max-body', '10']);
  for (let turn = 0; turn < 5; turn++) await (await fetch(`${address}/${turn}`)).text();
  expect((await fetch(address, { method: 'POST', body: 'x'.repeat(11) })).status).toBe(413);

  for (const proxy of [near, far]) {
    const admin = await adminOf(proxy);
    // Links may say something at any time: both must be of one moment.
    let stats = await statsOf(admin);
    let metrics = '';
    for (let before: Stats | undefined; before?.wireBytes.in !== stats.wireBytes.in; ) {
      before = stats;
      metrics = await (await fetch(`${admin}/metrics`)).text();
      stats = await statsOf(admin);
    }
    const sum = (name: string) => sumOf(metrics, name);
    expect(stats.requests.total).toBe(proxy === near ? 6 : 5);
    expect(sum('tp_http_requests_total')).toBe(stats.requests.total);
    for (const [outcome, times] of Object.entries(stats.requests.byOutcome)) {
      expect(sumOf(metrics, 'tp_http_requests_total', `outcome="${outcome}"`)).toBe(times);
    }
    for (const direction of ['in', 'out'] as const) {
      const label = `direction="${direction}"`;
      expect(stats.httpBytes[direction]).toBeGreaterThan(0);
      expect(sumOf(metrics, 'tp_http_bytes_total', label)).toBe(stats.httpBytes[direction]);
      expect(stats.wireBytes[direction]).toBeGreaterThan(0);
      expect(sumOf(metrics, 'tp_wire_bytes_total', label)).toBe(stats.wireBytes[direction]);
    }
    expect(sum('tp_request_duration_seconds_count')).toBe(stats.latency.count);
    expect(sum('tp_request_duration_seconds_sum')).toBe(stats.latency.sumMs / 1000);
    const inBuckets = stats.latency.buckets.reduce((all, { count }) => all + count, 0);
    expect(inBuckets).toBe(stats.latency.count);
    expect(sum('tp_links')).toBe(stats.links.length);
    expect(sum('tp_queue_bytes')).toBe(stats.queueBytes);
    expect(sum('tp_limit_hits_total')).toBe(proxy === near ? 1 : 0);
    for (const [limit, hits] of Object.entries(stats.limitHits)) {
      expect(sumOf(metrics, 'tp_limit_hits_total', `limit="${limit}"`)).toBe(hits);
    }
    expect(sum('process_cpu_seconds_total')).toBeLessThanOrEqual(stats.cpuSeconds);
    expect(sum('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  }
});

test('the ledger of either side gives a route what its sockets and links have carried', async () => {
  const origin = await rawOrigin((socket) => void socket.write(OK));
  const { near, far, address } = await startChain('a pair', origin.address);
  for (let turn = 0; turn < 20; turn++) await (await fetch(`${address}/${'x'.repeat(300)}`)).text();
  for (const proxy of [near, far]) {
    const stats = await statsOf(await adminOf(proxy));
    const http = stats.httpBytes.in + stats.httpBytes.out;
    const [line] = stats.ledger;
    expect(stats.ledger).toHaveLength(1);
    expect(line).toMatchObject({ requests: 20, failed: 0, httpBytes: http });
    expect(line?.savedBytes).toBe(http - (line?.wireBytes ?? 0));
    expect(line?.savedBytes).toBeGreaterThan(0);
    expect(line?.cpuSeconds).toBe(stats.cpuSeconds);
    expect(stats.directHttpBytes).toBe(0);
  }
});

test('what goes on as HTTP counts neither as saved nor as carried by links', async () => {
  const origin = await rawOrigin((socket) => void socket.write(OK));
  const far = await start(['--in', 'teleport://127.0.0.1:0', '--out', origin.address]);
  const near = await startFile(`
listeners: [{ url: "http://127.0.0.1:0" }]
groups:
  linked: { members: ["${boundTo(far)}"] }
  direct: { members: ["${origin.address}"] }
routes: [{ group: linked }, { path: /direct, group: direct }]
`);
  for (let turn = 0; turn < 10; turn++) {
    await (await fetch(`${boundTo(near)}/linked`)).text();
    await (await fetch(`${boundTo(near)}/direct/${'x'.repeat(5_000)}`)).text();
  }
  const { ledger, httpBytes, directHttpBytes } = await statsOf(await adminOf(near));
  const linked = ledger.find(({ upstream }) => upstream === boundTo(far));
  const direct = ledger.find(({ upstream }) => upstream === origin.address);
  expect(direct).toMatchObject({ requests: 10, wireBytes: null, savedBytes: null });
  expect(direct?.httpBytes).toBeGreaterThan(50_000);
  expect(linked?.httpBytes).toBeGreaterThan(500);
  expect(linked?.httpBytes).toBeLessThan(10_000);
  expect(directHttpBytes).toBe(2 * (direct?.httpBytes ?? 0));
  expect(httpBytes.in + httpBytes.out - directHttpBytes).toBe(linked?.httpBytes);
});

test('routes that share a link have the bytes of their own requests and answers', async () => {
  const large = 'x'.repeat(20_000);
  const answers = {
    '/large': `HTTP/1.1 200 OK\r\nContent-Length: ${large.length}\r\n\r\n${large}`,
    '/streamed': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4e20\r\n${large}\r\n0\r\n\r\n`,
    '/small': OK,
  };
  const origin = await rawOrigin((socket, received) => {
    const path = received.slice(received.lastIndexOf('GET ') + 4);
    for (const [prefix, answer] of Object.entries(answers)) {
      if (path.startsWith(prefix)) socket.write(answer);
    }
  });
  const far = await start(['--in', 'teleport://127.0.0.1:0', '--out', origin.address]);
  const near = await startFile(`
listeners: [{ url: "http://127.0.0.1:0" }]
groups: { far: { members: ["${boundTo(far)}"] } }
routes:
  - { group: far }
  - { path: /large, group: far }
  - { host: "127.0.0.1", path: /streamed, group: far }
`);
  for (let turn = 0; turn < 10; turn++) {
    for (const path of Object.keys(answers)) await (await fetch(boundTo(near) + path)).text();
  }
  const { ledger, httpBytes, wireBytes } = await statsOf(await adminOf(near));
  const bytesOf = (name: string) =>
    ledger.find(({ route, upstream }) => route === name && upstream !== 'none')?.httpBytes ?? 0;
  expect(ledger.map(({ route, requests }) => [route, requests])).toEqual([
    ['/', 10],
    ['/large', 10],
    ['127.0.0.1/streamed', 10],
  ]);
  for (const name of ['/large', '127.0.0.1/streamed']) {
    expect(bytesOf(name)).toBeGreaterThan(10 * large.length);
    expect(bytesOf(name)).toBeLessThan(10 * (large.length + 1000));
  }
  expect(bytesOf('/')).toBeGreaterThan(500);
  expect(bytesOf('/')).toBeLessThan(10_000);
  const sum = (of: (line: (typeof ledger)[number]) => number | null) =>
    ledger.reduce((all, line) => all + (of(line) ?? 0), 0);
  expect(Math.abs(sum((line) => line.httpBytes) - httpBytes.in - httpBytes.out)).toBeLessThan(4);
  expect(Math.abs(sum((line) => line.wireBytes) - wireBytes.in - wireBytes.out)).toBeLessThan(4);

  const figures = figuresOf(near);
  const own = { uptimeSeconds: 1, rssBytes: 0, cpuSeconds: 0, draining: false, pricePerGb: 0 };
  const together = sumFigures([figures, figures], own).stats.ledger;
  expect(together.map(({ route, requests, httpBytes }) => [route, requests, httpBytes])).toEqual(
    ledger.map(({ route, requests, httpBytes }) => [route, 2 * requests, 2 * (httpBytes ?? 0)]),
  );
});

test('an upstream whose checks fail is told of as down', async () => {
  const well = await rawOrigin((socket) => void socket.write(OK));
  const proxy = await startFile(`
listeners: [{ url: "http://127.0.0.1:0" }]
groups:
  web:
    members: ["${well.address}", "unix:$FOLDER/nobody.sock"]
    health: { path: /, interval: 100, unhealthy: 1 }
routes: [{ group: web }]
`);
  const admin = await adminOf(proxy);
  await expect
    .poll(async () => (await statsOf(admin)).upstreams.map(({ standing }) => standing))
    .toEqual(['well', 'down']);
  expect((await statsOf(admin)).upstreams[0]).toMatchObject({ group: 'web', peers: [], weight: 1 });
});

function idleProxy(): Promise<RunningProxy> {
  return start(['--in', 'http://127.0.0.1:0', '--out', 'http://127.0.0.1:9']);
}

/** Where the pages of a proxy are; they end with the test. */
async function adminOf(proxy: RunningProxy): Promise<string> {
  const admin = await startAdmin({ host: '127.0.0.1', port: 0 }, sourceOf(proxy));
  onTestFinished(() => admin.close());
  return admin.address;
}

async function pageOf(proxy: RunningProxy): Promise<{ html: string; headers: Headers }> {
  const response = await fetch(`${await adminOf(proxy)}/`);
  return { html: await response.text(), headers: response.headers };
}

async function statsOf(admin: string): Promise<Stats> {
  return JSON.parse(await (await fetch(`${admin}/stats.json`)).text());
}

/** The sum over all labels, or those that contain one. */
function sumOf(metrics: string, name: string, label = ''): number {
  return metrics
    .split('\n')
    .filter((line) => /^[a-z_]+/.exec(line)?.[0] === name && line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** The document as it stands when the first figures were shown. The browser had nothing to say of it. */
async function shownBy(browser: string, admin: string): Promise<string> {
  const profile = mkdtempSync(join(tmpdir(), 'tp-browser-'));
  onTestFinished(() => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run'];
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
  const { stdout, stderr } = await promisify(execFile)(
    browser,
    [
      ...[...flags, ...quiet, '--disable-quic', '--enable-logging=stderr'],
      `--user-data-dir=${profile}`,
      ...['--virtual-time-budget=3000', '--dump-dom', `${admin}/`],
    ],
    { timeout: 50_000, maxBuffer: 10_000_000 },
  );
  expect(stderr.split('\n').filter((line) => line.includes(':CONSOLE'))).toEqual([]);
  return stdout;
}

function between(text: string, from: string, to: string): string {
  const at = text.indexOf(from) + from.length;
  return text.slice(at, text.indexOf(to, at));
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
