import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { type Client, createClient } from '@tp/http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Stats } from '../admin/stats.ts';
import { type Load, startLoad } from '../outside/load.ts';
import { startOrigin } from '../outside/origin-process.ts';
import { configFile } from '../test/chain.ts';
import { MAIN, type ProxyProcess, startProxyProcess } from '../test/proxy-process.ts';
import { exchange, hasWholeResponse, type RawClient, rawClient } from '../test/raw-client.ts';
import { always, type RawOrigin, rawOrigin } from '../test/raw-origin.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const ADMIN = ['--admin', '127.0.0.1:0'];

const run = (...args: string[]): Promise<ProxyProcess> => startProxyProcess(args);

/** The ids of the processes that serve, from a line of the log. */
function pidsOf(line: object): number[] {
  return 'workers' in line && Array.isArray(line.workers) ? line.workers.map(Number) : [];
}

async function statsOf(proxy: ProxyProcess): Promise<Stats> {
  return JSON.parse((await page(proxy, '/stats.json')).text);
}

async function page(proxy: ProxyProcess, path: string): Promise<{ status: number; text: string }> {
  const [response] = await once(
    http.get(`${proxy.listening.admin}${path}`, { agent: false }),
    'response',
  );
  return { status: response.statusCode, text: (await response.toArray()).join('') };
}

/** So many connections that stay, each after one request. */
async function keptClients(address: string, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  for (let turn = 0; turn < count; turn++) {
    const client = await rawClient(address);
    client.write(GET);
    await client.got(hasWholeResponse);
    clients.push(client);
  }
  return clients;
}

function startLoads(...addresses: string[]): Load[] {
  return addresses.map((address, turn) => startLoad(address, 4, `load${turn}-`));
}

/** All that did not end with the right answer. */
async function failuresOf(loads: readonly Load[]): Promise<unknown[]> {
  const outcomes = (await Promise.all(loads.map((load) => load.stop()))).flat();
  return outcomes.filter(({ isRight }) => !isRight);
}

describe.skipIf(!existsSync(MAIN))('workers (skipped where tp-proxy is not built)', () => {
  it('serve as one: one line when all listen, connections in turn, their figures added up', async () => {
    const origin = await rawOrigin(always(OK));
    const proxy = await run(
      ...['--in', 'http://127.0.0.1:0', '--out', origin.address, '--workers', '2', ...ADMIN],
    );
    const [one, two, ...more] = pidsOf(proxy.listening);
    expect(more).toEqual([]);
    const clients = await keptClients(proxy.address, 6);
    const stats = await statsOf(proxy);
    expect(stats).toMatchObject({
      requests: { total: 6, byOutcome: { '2xx': 6 } },
      httpBytes: { in: 6 * (GET.length + OK.length) },
      latency: { count: 6 },
      listeners: [proxy.address],
      draining: false,
      upstreams: [{ upstream: origin.address, standing: 'well' }],
      ledger: [{ listener: 'http://127.0.0.1:0', upstream: origin.address, requests: 6 }],
    });
    expect(stats.ledger[0]?.cpuSeconds).toBe(stats.cpuSeconds);
    const metrics = (await page(proxy, '/metrics')).text;
    expect(metrics).toContain(
      `tp_http_requests_total{listener="http://127.0.0.1:0",upstream="${origin.address}",outcome="2xx"} 6\n`,
    );
    expect(metrics).toContain('tp_request_duration_seconds_count 6\n');
    expect((await page(proxy, '/readyz')).status).toBe(200);
    expect((await page(proxy, '/')).text).toContain('href="stats.json"');

    process.kill(one ?? 0, 'SIGKILL');
    await Promise.all(clients.filter((_, turn) => turn % 2 === 0).map((client) => client.closed()));
    expect(clients.map(({ ending }) => ending === undefined)).toEqual(
      [0, 1, 0, 1, 0, 1].map(Boolean),
    );
    expect(await proxy.logged('worker died')).toMatchObject({ pid: one, signal: 'SIGKILL' });
    const after = pidsOf(await proxy.logged('worker replaced'));
    expect(after).toHaveLength(2);
    expect(after).toContain(two);
    expect(await exchange(proxy.address, GET)).toBe(OK);
    expect((await statsOf(proxy)).requests.total).toBe(7);
    expect((await page(proxy, '/healthz')).status).toBe(200);
  });

  it('share the links that a client opens, and go on with those that are left', async () => {
    const origin = await rawOrigin(always(OK));
    const far = await run(
      '--in',
      'teleport://127.0.0.1:0',
      '--out',
      origin.address,
      '--workers',
      '2',
    );
    const clients: { client: Client; link: number | undefined }[] = [];
    for (let turn = 0; turn < 4; turn++) {
      const client = createClient(far.address);
      onTestFinished(() => client.close());
      expect((await client.request({ path: '/', headers: { host: 'a' } })).status).toBe(200);
      clients.push({ client, link: client.stats().links[0]?.link });
    }
    process.kill(pidsOf(far.listening)[0] ?? 0, 'SIGKILL');
    await far.logged('worker replaced');
    const kept = () => clients.filter(({ client, link }) => client.stats().links[0]?.link === link);
    await expect.poll(() => kept().length).toBe(2);
    for (const { client } of clients) {
      expect((await client.request({ path: '/', headers: { host: 'a' } })).status).toBe(200);
    }
    expect(kept()).toHaveLength(2);
  });

  it('take a changed file together, and a wrong one not at all', async () => {
    const [one, two] = [await rawOrigin(always(OK)), await rawOrigin(always(OK))];
    const text = `in: http://127.0.0.1:0\nworkers: 2\nout: `;
    const path = configFile(`${text}${one.address}\n`);
    const proxy = await run('--config', path);
    const requests = (at: RawOrigin) => at.received.join('').split('GET /').length - 1;
    /** Whether all requests go there, so many that each worker gets some. */
    const allGoTo = async (at: RawOrigin): Promise<boolean> => {
      const before = requests(at);
      for (let turn = 0; turn < 4; turn++) expect(await exchange(proxy.address, GET)).toBe(OK);
      return requests(at) === before + 4;
    };
    expect(await allGoTo(one)).toBe(true);
    writeFileSync(path, `${text}gopher://x\n`);
    proxy.process.kill('SIGHUP');
    expect(await proxy.logged('not reloaded')).toMatchObject({ flaws: 1 });
    expect(await allGoTo(one)).toBe(true);

    writeFileSync(path, `${text}${two.address}\n`);
    proxy.process.kill('SIGHUP');
    expect(await proxy.logged('reloaded')).toMatchObject({ in: [proxy.address] });
    expect(await allGoTo(two)).toBe(true);

    // Neither what it lies on nor what it names is read again for one that takes a place.
    writeFileSync(path, 'nothing that can be read: [');
    process.kill(pidsOf(proxy.listening)[0] ?? 0, 'SIGKILL');
    await proxy.logged('worker replaced');
    expect(await allGoTo(two)).toBe(true);

    writeFileSync(path, `${text}${two.address}\n`.replace('workers: 2', 'workers: 3'));
    proxy.process.kill('SIGHUP');
    expect(pidsOf(await proxy.logged('reloaded', 2))).toHaveLength(3);
    writeFileSync(path, `${text}${two.address}\n`.replace('workers: 2', 'workers: 1'));
    proxy.process.kill('SIGHUP');
    expect(pidsOf(await proxy.logged('reloaded', 3))).toHaveLength(1);
    expect(await allGoTo(two)).toBe(true);
  });

  it('are replaced under load on SIGUSR2 without a failed request, before and behind a link', async () => {
    const origin = await startOrigin();
    const two = ['--workers', '2', ...ADMIN];
    const far = await run('--in', 'teleport://127.0.0.1:0', '--out', origin, ...two);
    const near = await run(
      '--in',
      'http://127.0.0.1:0',
      '--out',
      far.address,
      '--links',
      '2',
      ...two,
    );
    const loads = startLoads(near.address);
    const newcomers: Promise<string>[] = [];
    const arrive = async () => {
      for (let turn = 0; turn < 10; turn++) {
        const arriving = exchange(near.address, 'GET /id/new HTTP/1.1\r\nHost: a\r\n\r\n');
        newcomers.push(arriving);
        await arriving;
      }
    };
    for (const proxy of [far, near]) {
      await loads[0]?.more(100);
      const before = pidsOf(proxy.listening);
      proxy.process.kill('SIGUSR2');
      await arrive();
      const after = pidsOf(await proxy.logged('replaced'));
      expect(after).toHaveLength(2);
      expect(after.filter((pid) => before.includes(pid))).toEqual([]);
      await arrive();
      await loads[0]?.more(100);
    }
    for (const answer of await Promise.all(newcomers)) expect(answer).toContain('answer to new');
    expect(await failuresOf(loads)).toEqual([]);
    const all = loads[0]?.outcomes.length ?? 0;
    const { requests } = await statsOf(near);
    expect(requests).toEqual({
      total: all + newcomers.length,
      byOutcome: { '2xx': all + newcomers.length },
    });
  });

  it('are each replaced when somebody else ends one, without a failed request', async () => {
    const origin = await startOrigin();
    const proxy = await run('--in', 'http://127.0.0.1:0', '--out', origin, '--workers', '2');
    const loads = startLoads(proxy.address);
    await loads[0]?.more(100);
    const [one, two] = pidsOf(proxy.listening);
    process.kill(one ?? 0, 'SIGTERM');
    const after = pidsOf(await proxy.logged('worker replaced'));
    expect(after).toContain(two);
    expect(after).not.toContain(one);
    await loads[0]?.more(100);
    expect(await failuresOf(loads)).toEqual([]);
  });

  it('stay where their successors cannot start', async () => {
    const origin = await rawOrigin(always(OK));
    const text = `in: http://127.0.0.1:0\nworkers: 2\nout: ${origin.address}\n`;
    const path = configFile(text);
    const proxy = await run('--config', path);
    writeFileSync(path, text.replace(':0', `:0,${origin.address}`));
    proxy.process.kill('SIGUSR2');
    expect(await proxy.logged('not replaced')).toMatchObject({
      error: expect.stringContaining('EADDRINUSE'),
    });
    expect(await exchange(proxy.address, GET)).toBe(OK);
    const [one, two] = pidsOf(proxy.listening);
    process.kill(one ?? 0, 'SIGKILL');
    expect(pidsOf(await proxy.logged('worker replaced'))).toContain(two);
  });

  it('finish what is under way on SIGTERM, and exit 0', async () => {
    const answers: (() => void)[] = [];
    const origin = await rawOrigin((socket) => void answers.push(() => void socket.write(OK)));
    const proxy = await run(
      '--in',
      'http://127.0.0.1:0',
      '--out',
      origin.address,
      '--workers',
      '2',
    );
    const clients = [await rawClient(proxy.address), await rawClient(proxy.address)];
    for (const [turn, client] of clients.entries()) {
      client.write(GET);
      await origin.got((text) => text.endsWith('\r\n\r\n'), turn);
    }
    proxy.process.kill('SIGTERM');
    await proxy.logged('draining');
    for (const answer of answers) answer();
    for (const client of clients) expect(await client.closed()).toContain('\r\n\r\nok');
    expect(await proxy.exited).toBe(0);
    await expect(rawClient(proxy.address)).rejects.toThrow('ECONNREFUSED');
  });

  it('are ended with force when they do not end by themselves', async () => {
    const origin = await rawOrigin(always(OK));
    const proxy = await run(
      ...['--in', 'http://127.0.0.1:0', '--out', origin.address, '--workers', '2'],
      ...['--drain-timeout', '0'],
    );
    process.kill(pidsOf(proxy.listening)[0] ?? 0, 'SIGSTOP');
    proxy.process.kill('SIGTERM');
    await proxy.logged('worker killed: it did not end by itself');
    expect(await proxy.exited).toBe(0);
  });

  it('do not start where one cannot, and nobody stays', async () => {
    const origin = await rawOrigin(always(OK));
    const failing = run('--in', origin.address, '--out', origin.address, '--workers', '2');
    await expect(failing).rejects.toThrow('ended without saying "listening"');
  });

  it('listen at unix sockets, whatever a dead process has left there', async () => {
    const origin = await rawOrigin(always(OK));
    const path = `${configFile('')}.sock`;
    const start = () => run('--in', `unix:${path}`, '--out', origin.address, '--workers', '2');
    const first = await start();
    first.process.kill('SIGKILL');
    await first.exited;
    const second = await start();
    expect(await exchange(`unix:${path}`, GET)).toBe(OK);
    await expect(start()).rejects.toThrow('ended without saying "listening"');
    expect(await exchange(`unix:${path}`, GET)).toBe(OK);
    second.process.kill('SIGTERM');
    expect(await second.exited).toBe(0);
    expect(existsSync(path)).toBe(false);
  });
});
