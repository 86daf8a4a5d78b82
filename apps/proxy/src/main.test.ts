import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { describe, expect, it } from 'vitest';
import { configFile } from './test/chain.ts';
import { MAIN, type ProxyProcess, startProxyProcess } from './test/proxy-process.ts';
import { hasWholeResponse, rawClient } from './test/raw-client.ts';
import { always, rawOrigin } from './test/raw-origin.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

const run = (...args: string[]): Promise<ProxyProcess> => startProxyProcess(args);

async function fail(
  ...args: string[]
): Promise<{ code: number | null; stderr: string; stdout: string }> {
  const child = spawn(process.execPath, [MAIN, ...args]);
  const texts = [child.stdout, child.stderr].map(async (stream) =>
    (await stream.toArray()).join(''),
  );
  const [code] = await once(child, 'exit');
  const [stdout = '', stderr = ''] = await Promise.all(texts);
  return { code, stdout, stderr };
}

async function page(url: string): Promise<{ status: number; text: string }> {
  const [response] = await once(http.get(url, { agent: false }), 'response');
  return { status: response.statusCode, text: (await response.toArray()).join('') };
}

describe.skipIf(!existsSync(MAIN))('tp-proxy (skipped where it is not built)', () => {
  it('ends with 2 and one line for a configuration that is wrong', async () => {
    const { code, stdout, stderr } = await fail(
      '--in',
      'http://127.0.0.1:0',
      '--out',
      'gopher://x',
    );
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^tp-proxy: --out: found "gopher:\/\/x", expected [^\n]+\n$/);
  });

  it('ends with 1 and one line when it cannot listen', async () => {
    const origin = await rawOrigin(always(OK));
    const { code, stderr } = await fail('--in', origin.address, '--out', origin.address);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^tp-proxy: cannot start: [^\n]*EADDRINUSE[^\n]*\n$/);
  });

  it('prints its help and version', async () => {
    expect((await fail('--help')).stdout).toContain('--drain-timeout MS');
    expect((await fail('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('writes an example, finds it right, and says all that is wrong with another file', async () => {
    const path = configFile('');
    rmSync(path);
    expect(await fail('init', path)).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(readFileSync(path, 'utf8')).toBe((await fail('init')).stdout);
    expect(await fail('check', path)).toMatchObject({ code: 0, stdout: `${path}: ok\n` });
    expect(await fail('init', path)).toMatchObject({
      code: 2,
      stderr: `tp-proxy: init: found ${path}, expected the name of a new file\n`,
    });
    const wrong = configFile('in: http://a\nout: gopher://b\nlinks: 0\n');
    const { code, stdout, stderr } = await fail('check', wrong);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(/tp\.yaml:2: out\[0\]: found "gopher:\/\/b", expected http:/),
      expect.stringMatching(/tp\.yaml:3: links: found 0, expected a whole number/),
      '',
    ]);
    expect(await fail('--config', wrong)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^tp-proxy: [^\n]*tp\.yaml:2: out\[0\]: [^\n]*\n$/),
    });
    expect(await fail('check')).toMatchObject({ code: 2 });
    expect(JSON.parse((await fail('schema')).stdout)).toHaveProperty('properties.listeners');
  });

  it('says where it listens, serves, and tells of it on the admin pages', async () => {
    const origin = await rawOrigin(always(OK));
    const far = await run('--in', 'teleport://127.0.0.1:0', '--out', origin.address);
    const near = await run(
      '--in',
      'http://127.0.0.1:0',
      '--out',
      far.address,
      '--admin',
      '127.0.0.1:0',
    );
    expect(near.listening.in[0]).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect(near.listening.out).toEqual([far.address]);
    const client = await rawClient(near.address);
    client.write(GET);
    expect(await client.got(hasWholeResponse)).toBe(OK);

    const admin = near.listening.admin ?? '';
    expect(await page(`${admin}/healthz`)).toEqual({ status: 200, text: 'ok\n' });
    expect(await page(`${admin}/readyz`)).toEqual({ status: 200, text: 'ok\n' });
    expect((await page(`${admin}/`)).text).toContain('href="stats.json"');
    expect((await page(`${admin}/nothing`)).status).toBe(404);

    const stats = JSON.parse((await page(`${admin}/stats.json`)).text);
    expect(stats).toMatchObject({
      requests: { total: 1, byOutcome: { '2xx': 1 } },
      httpBytes: { in: GET.length, out: OK.length },
      limitHits: {},
    });
    expect(stats.wireBytes.in).toBeGreaterThan(0);
    expect(stats.wireBytes.out).toBeGreaterThan(0);
    expect(stats.links[0]).toMatchObject({ peer: far.address, state: 'open' });
    expect(stats.latencyMs.p99).toBeGreaterThanOrEqual(stats.latencyMs.p50);
    expect(stats.rssBytes).toBeGreaterThan(1e6);
    expect(stats.uptimeSeconds).toBeGreaterThan(0);

    const metrics = (await page(`${admin}/metrics`)).text;
    for (const line of [
      `tp_http_requests_total{listener="http://127.0.0.1:0",upstream="${far.address}",outcome="2xx"} 1`,
      `tp_http_bytes_total{direction="in"} ${GET.length}`,
      `tp_http_bytes_total{direction="out"} ${OK.length}`,
      'tp_queue_bytes 0',
      'tp_request_duration_seconds_bucket{le="+Inf"} 1',
      'tp_request_duration_seconds_count 1',
      '# TYPE tp_limit_hits_total counter',
    ]) {
      expect(metrics.split('\n')).toContain(line);
    }
    expect(metrics).toMatch(
      /^tp_wire_bytes_total\{direction="out",peer="teleport:[^"]+"\} [1-9]\d*$/m,
    );
    expect(stats.peers).toMatchObject([
      { peer: far.address, links: 1, requests: 1, limitHits: {} },
    ]);
    expect(metrics).toMatch(/^tp_links\{peer="teleport:[^"]+",state="open"\} [1-9]\d*$/m);
  });

  it('is not ready while no upstream can be reached', async () => {
    const proxy = await run(
      ...['--in', 'http://127.0.0.1:0', '--out', 'unix:/nowhere/at/all', '--admin', '127.0.0.1:0'],
    );
    expect((await page(`${proxy.listening.admin}/readyz`)).status).toBe(503);
    expect((await page(`${proxy.listening.admin}/healthz`)).status).toBe(200);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'finishes what is under way on %s, and exits 0',
    async (signal) => {
      let answer = (): void => undefined;
      const origin = await rawOrigin((socket) => {
        answer = () => void socket.write(OK);
      });
      const far = await run('--in', 'teleport://127.0.0.1:0', '--out', origin.address);
      const near = await run('--in', 'http://127.0.0.1:0', '--out', far.address);
      const client = await rawClient(near.address);
      client.write(GET);
      await origin.got((text) => text.endsWith('\r\n\r\n'));
      near.process.kill(signal);
      await near.logged('draining');
      far.process.kill(signal);
      await far.logged('draining');
      await expect(rawClient(near.address)).rejects.toThrow('ECONNREFUSED');
      answer();
      expect(await client.closed()).toBe(OK.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
      expect(await near.exited).toBe(0);
      expect(await far.exited).toBe(0);
    },
  );

  it('cuts off what does not end within the drain timeout', async () => {
    const origin = await rawOrigin(() => undefined);
    const proxy = await run(
      ...['--in', 'http://127.0.0.1:0', '--out', origin.address, '--drain-timeout', '50'],
    );
    const client = await rawClient(proxy.address);
    client.write(GET);
    await origin.got((text) => text.endsWith('\r\n\r\n'));
    proxy.process.kill('SIGTERM');
    await client.closed();
    expect(await proxy.exited).toBe(0);
  });

  it('exits at once on a second signal', async () => {
    const origin = await rawOrigin(() => undefined);
    const proxy = await run('--in', 'http://127.0.0.1:0', '--out', origin.address);
    const client = await rawClient(proxy.address);
    client.write(GET);
    await origin.got((text) => text.endsWith('\r\n\r\n'));
    proxy.process.kill('SIGTERM');
    await proxy.logged('draining');
    proxy.process.kill('SIGTERM');
    expect(await proxy.exited).toBe(1);
  });
});
