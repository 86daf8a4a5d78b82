import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { dirname, join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CERTIFICATE, KEY, OTHER_CERTIFICATE, OTHER_KEY } from './test/certificate.ts';
import { configFile } from './test/chain.ts';
import { MAIN, type ProxyProcess, startProxyProcess } from './test/proxy-process.ts';
import { exchange, hasWholeResponse, rawClient } from './test/raw-client.ts';
import { always, rawOrigin } from './test/raw-origin.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** How often the long one reloads; a thousand are for a person with a few minutes. */
const ROUNDS = Number(process.env.TP_PROXY_TEST_RELOADS ?? 50);

/** A proxy, and what makes it read another text of its file. */
async function startReloadable(text: string) {
  const path = configFile(text);
  const proxy = await startProxyProcess(['--config', path]);
  let turns = 0;
  return {
    proxy,
    folder: dirname(path),
    /** Resolves with the log's line when it is in effect. */
    async reload(next: string): Promise<Record<string, unknown>> {
      writeFileSync(path, next);
      proxy.process.kill('SIGHUP');
      turns += 1;
      return proxy.logged('reloaded', turns);
    },
    async reloadWrongly(next: string): Promise<Record<string, unknown>> {
      writeFileSync(path, next);
      proxy.process.kill('SIGHUP');
      return proxy.logged('not reloaded');
    },
  };
}

/** What became of requests under load. */
interface Load {
  readonly served: number;
  readonly failures: readonly string[];
  /** The certificates that were shown to new connections. */
  readonly certificates: ReadonlySet<string>;
  /** Resolves when so many further requests were served. */
  more(count: number): Promise<void>;
}

/** Callers that keep their connections, and one that makes a new one each time; over HTTPS. */
function startLoad(address: string, paths: readonly string[]): Load {
  const ca = [CERTIFICATE, OTHER_CERTIFICATE];
  const agent = new https.Agent({ keepAlive: true, ca });
  const state = { served: 0, failures: [] as string[], certificates: new Set<string>() };
  let isOver = false;
  let wake = (): void => undefined;
  const call = async (path: string, keeps: boolean): Promise<void> => {
    const url = address.replace('127.0.0.1', 'localhost') + path;
    const request = https.get(url, keeps ? { agent } : { agent: false, ca });
    const [response] = await once(request, 'response');
    if (!keeps) {
      const socket: TLSSocket = response.socket;
      state.certificates.add(socket.getPeerX509Certificate()?.fingerprint ?? '');
    }
    await once(response.resume(), 'end');
    if (response.statusCode === 200) state.served += 1;
    else state.failures.push(`${response.statusCode} ${path}`);
  };
  const caller = async (keeps: boolean): Promise<void> => {
    for (let i = 0; !isOver; i++) {
      await call(paths[i % paths.length] ?? '/', keeps).catch((error: unknown) => {
        state.failures.push(String(error));
      });
      wake();
    }
  };
  const callers = [true, true, true, false].map(caller);
  onTestFinished(async () => {
    isOver = true;
    await Promise.all(callers);
    agent.destroy();
  });
  return Object.assign(state, {
    async more(count: number) {
      const until = state.served + count;
      while (state.served < until && state.failures.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  });
}

/** An origin of Node's, which keeps connections as real ones do. */
async function startOrigin(): Promise<{ readonly address: string; readonly served: number }> {
  const state = { address: '', served: 0 };
  const server = http.createServer((_, response) => {
    state.served += 1;
    response.end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const bound = server.address();
  state.address = `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
  return state;
}

describe.skipIf(!existsSync(MAIN))('SIGHUP (skipped where tp-proxy is not built)', () => {
  it(
    `changes certificates and upstreams under load, ${ROUNDS} times, without a failed request`,
    async () => {
      const [one, two, behind] = [await startOrigin(), await startOrigin(), await startOrigin()];
      const pairs = [
        [CERTIFICATE, KEY],
        [OTHER_CERTIFICATE, OTHER_KEY],
      ] as const;
      const farText = `
listeners:
  - url: teleports://127.0.0.1:0
    tls: { certificates: [{ cert: far.pem, key: far.key }] }
out: ${behind.address}
`;
      const farFile = configFile(farText);
      const pair = (folder: string, name: string, turn: number): void => {
        const [cert, key] = pairs[turn % 2] ?? pairs[0];
        writeFileSync(join(folder, `${name}.pem`), cert);
        writeFileSync(join(folder, `${name}.key`), key);
      };
      pair(dirname(farFile), 'far', 0);
      const far = await startProxyProcess(['--config', farFile]);

      const members = [one.address, `${one.address}, ${two.address}`, two.address];
      const text = (turn: number): string => `
listeners:
  - url: https://127.0.0.1:0
    max-body: ${1000 + turn}
    tls: { certificates: [{ cert: near.pem, key: near.key }] }
groups:
  web: { members: [${members[turn % 3]}] }
  far: { members: ['${far.address}'], tls: { ca: ca.pem }, timeout: ${turn % 10 === 9 ? 9000 : 10_000} }
routes:
  - { group: web }
  - { path: /far, group: far }
`;
      const path = configFile(text(0));
      const folder = dirname(path);
      pair(folder, 'near', 0);
      writeFileSync(join(folder, 'ca.pem'), CERTIFICATE);
      const near = await startProxyProcess(['--config', path]);
      const load = startLoad(near.address, ['/', '/far']);
      await load.more(50);
      for (let turn = 1; turn <= ROUNDS; turn++) {
        pair(folder, 'near', turn);
        // The far certificate stays: the near side learns of a further authority first, as one would.
        writeFileSync(
          join(folder, 'ca.pem'),
          turn % 2 === 0 ? CERTIFICATE : CERTIFICATE + OTHER_CERTIFICATE,
        );
        writeFileSync(path, text(turn));
        near.process.kill('SIGHUP');
        await near.logged('reloaded', turn);
        await load.more(10);
        if (load.failures.length > 0) break;
      }
      expect(load.failures).toEqual([]);
      expect(load.certificates.size).toBe(2);
      for (const origin of [one, two, behind]) expect(origin.served).toBeGreaterThan(20);
    },
    60_000 + 1_000 * ROUNDS,
  );

  it('keeps what it has, and says why in one line, when the file is wrong', async () => {
    const origin = await rawOrigin(always(OK));
    const text = `in: http://127.0.0.1:0\nout: ${origin.address}\n`;
    const { proxy, reload, reloadWrongly } = await startReloadable(text);
    const client = await rawClient(proxy.address);
    client.write(GET);
    await client.got(hasWholeResponse);
    const line = await reloadWrongly(`${text}timeout: soon\nlinks: 0\n`);
    expect(line).toMatchObject({ level: 50, flaws: 2 });
    expect(line.error).toMatch(/tp\.yaml:3: timeout: found "soon", expected a number/);
    client.write(GET);
    expect(await client.got((all) => all.length === 2 * OK.length)).toBe(OK + OK);
    expect(await reload(text)).toMatchObject({ in: [proxy.address] });
  });

  it('lets what has switched protocols go on with its origin, whatever a reload takes away', async () => {
    const origin = await rawOrigin((socket, all) => {
      const isHead = all.endsWith('\r\n\r\n');
      socket.write(isHead ? `HTTP/1.1 101 OK\r\nUpgrade: chat\r\n\r\n` : all.slice(-1));
    });
    const other = await rawOrigin(always(OK));
    const text = (out: string) => `in: http://127.0.0.1:0\nout: ${out}\n`;
    const { proxy, reload } = await startReloadable(text(origin.address));
    const client = await rawClient(proxy.address);
    client.write(GET.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n'));
    await client.got((all) => all.endsWith('\r\n\r\n'));
    await reload(text(other.address));
    expect(await exchange(proxy.address, GET)).toBe(OK);
    client.write('x');
    await client.got((all) => all.endsWith('\r\n\r\nx'));
    client.destroy();
    await origin.closed();
    proxy.process.kill('SIGTERM');
    expect(await proxy.exited).toBe(0);
  });

  it('opens and closes listeners, and lets connections of those that stay be', async () => {
    const origin = await rawOrigin(always(OK));
    const other = await rawOrigin(always(OK.replace('ok', 'ko')));
    const text = (urls: string, out: string) => `in: [${urls}]\nout: ${out}\nadmin: 127.0.0.1:0\n`;
    const kept = 'http://127.0.0.1:0';
    const { proxy, folder, reload } = await startReloadable(text(kept, origin.address));
    const client = await rawClient(proxy.address);
    client.write(GET);
    await client.got(hasWholeResponse);

    const socket = `unix:${join(folder, 'socket')}`;
    const added = await reload(text(`${kept}, '${socket}'`, origin.address));
    expect(added).toMatchObject({ in: [proxy.address, socket], admin: proxy.listening.admin });
    expect(await exchange(socket, GET)).toBe(OK);

    const gone = await reload(text(kept, other.address));
    expect(gone).toMatchObject({ in: [proxy.address] });
    await expect(rawClient(socket)).rejects.toThrow('ENOENT');
    client.write(GET);
    expect(await client.got((all) => all.endsWith('ko'))).toContain('ok');
    await expectCounted(proxy, 3);
  });

  it('opens a listener anew at its address where nothing else will do', async () => {
    const origin = await rawOrigin(always(OK));
    const text = (tokens: string) =>
      `listeners: [{ url: 'teleport://127.0.0.1:0', tokens: [${tokens}] }]\nout: ${origin.address}\n`;
    const { proxy: far, reload } = await startReloadable(text('old'));
    const near = (token: string) =>
      startProxyProcess([
        ...['--in', 'http://127.0.0.1:0', '--out', far.address, '--token', token],
        ...['--timeout', '2000'],
      ]);
    const before = await near('old');
    expect(await exchange(before.address, GET)).toBe(OK);
    expect(await reload(text('old, new'))).toMatchObject({ in: [far.address] });
    expect(await exchange((await near('new')).address, GET)).toBe(OK);
    expect(await exchange(before.address, GET)).toBe(OK);
    expect(await exchange((await near('wrong')).address, GET)).toMatch(/^HTTP\/1\.1 503 /);
  });

  it('sends a request whose body is still coming to where the routes lead by then', async () => {
    const old = await rawOrigin(always(OK));
    const next = await rawOrigin(always(OK.replace('ok', 'ko')));
    const text = (out: string) => `in: http://127.0.0.1:0\nout: ${out}\nadmin: 127.0.0.1:0\n`;
    const { proxy, reload } = await startReloadable(text(old.address));
    const client = await rawClient(proxy.address);
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n';
    client.write(`${head}begin`);
    await bytesIn(proxy, head.length + 5);
    await reload(text(next.address));
    client.write('nings');
    expect(await client.got(hasWholeResponse)).toContain('ko');
    expect(old.received).toEqual([]);
  });

  it('finishes the requests of an upstream that is replaced', async () => {
    let answer = (): void => undefined;
    const old = await rawOrigin((socket) => {
      answer = () => void socket.write(OK);
    });
    const next = await rawOrigin(always(OK.replace('ok', 'ko')));
    const text = (out: string) => `in: http://127.0.0.1:0\nout: ${out}\n`;
    const { proxy, reload } = await startReloadable(text(old.address));
    const client = await rawClient(proxy.address);
    client.write(GET);
    await old.got((received) => received.endsWith('\r\n\r\n'));
    await reload(text(next.address));
    expect(await exchange(proxy.address, GET)).toContain('ko');
    answer();
    expect(await client.got(hasWholeResponse)).toBe(OK);
    await old.closed();
  });
});

/** Resolves when a proxy has received so many bytes over HTTP. */
async function bytesIn({ listening }: ProxyProcess, count: number): Promise<void> {
  for (let seen = 0; seen < count; ) {
    const stats = await (await fetch(`${listening.admin}/stats.json`)).text();
    seen = Number(/"httpBytes":\{"in":(\d+)/.exec(stats)?.[1]);
  }
}

/** Counters go on from where they were: what was replaced still counts. */
async function expectCounted({ listening }: ProxyProcess, requests: number): Promise<void> {
  const response = await fetch(`${listening.admin}/stats.json`);
  const stats: unknown = await response.json();
  expect(stats).toMatchObject({ requests: { total: requests } });
  const bytes =
    typeof stats === 'object' && stats !== null && 'httpBytes' in stats && stats.httpBytes;
  // Each request came in here and went out to an origin, and so did its answer.
  expect(bytes).toEqual({
    in: requests * (GET.length + OK.length),
    out: requests * (GET.length + OK.length),
  });
}
