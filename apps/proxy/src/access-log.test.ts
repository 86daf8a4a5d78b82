import { Writable } from 'node:stream';
import { createClient, createServer, type Server } from '@tp/http';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAccessLog } from './access-log.ts';
import { readCommand } from './config/command.ts';
import { type RunningProxy, startProxy } from './proxy.ts';
import { boundTo, configFile } from './test/chain.ts';
import { exchange, rawClient } from './test/raw-client.ts';
import { always, rawOrigin } from './test/raw-origin.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const CHUNKED =
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-T: 1\r\n\r\n';

/** Lines of a log, and when there are so many. */
function openLog() {
  const lines: Record<string, unknown>[] = [];
  let wake = (): void => undefined;
  const stream = new Writable({
    write(chunk, _encoding, done) {
      const line: Record<string, unknown> = JSON.parse(String(chunk));
      if (line.msg === 'request') lines.push(line);
      wake();
      done();
    },
  });
  const got = async (count: number): Promise<Record<string, unknown>[]> => {
    while (lines.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return lines;
  };
  return { log: pino({ base: null }, stream), lines, got };
}

async function startLogging(text: string) {
  const { log, lines, got } = openLog();
  const command = readCommand(['--config', configFile(`drain-timeout: 0\n${text}`)]);
  if (command.kind !== 'run') throw new Error('the arguments of a test start a proxy');
  const proxy: RunningProxy = await startProxy(command.config, log);
  onTestFinished(() => proxy.close());
  return { proxy, address: boundTo(proxy), lines, got };
}

/** Asks a server for each path, one after the other, and closes it. */
async function served(server: Server, paths: readonly string[]): Promise<void> {
  const client = createClient(await server.listen('teleport://127.0.0.1:0'));
  for (const path of paths) await client.request({ path });
  await client.close();
  await server.close();
}

const IN = 'in: http://127.0.0.1:0\n';

describe('the access log', () => {
  it('has no line where nobody asks for it', async () => {
    const origin = await rawOrigin(always(OK));
    const { address, lines, proxy } = await startLogging(`${IN}out: ${origin.address}\n`);
    await exchange(address, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await proxy.close();
    expect(lines).toEqual([]);
  });

  it('says of a request where it went and what came of it, without its query', async () => {
    const origin = await rawOrigin(always(OK));
    const { address, got } = await startLogging(
      `${IN}request-id: true\naccess-log: 1\ngroups: { web: { members: ['${origin.address}'] } }\n`,
    );
    await exchange(address, 'GET /item?token=secret HTTP/1.1\r\nHost: shop.example\r\n\r\n');
    const [line] = await got(1);
    const id = /x-request-id: (\S+)/.exec(origin.received[0] ?? '')?.[1];
    expect(line).toEqual({
      level: 30,
      time: expect.any(Number),
      msg: 'request',
      method: 'GET',
      host: 'shop.example',
      path: '/item',
      listener: 'http://127.0.0.1:0',
      group: 'web',
      upstream: origin.address,
      client: '127.0.0.1',
      id,
      status: 200,
      bytes: 2,
      headMs: expect.any(Number),
      ms: expect.any(Number),
    });
    expect(id).toHaveLength(36);
  });

  it('counts a streamed body to its end, and passes it on with its trailers', async () => {
    const origin = await rawOrigin(always(CHUNKED));
    const { address, got } = await startLogging(`${IN}access-log: 1\nout: ${origin.address}\n`);
    const client = await rawClient(address);
    client.write('GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n');
    const response = await client.got((text) => text.endsWith('0\r\nX-T: 1\r\n\r\n'));
    expect(response).toContain('abc');
    expect(await got(1)).toMatchObject([{ status: 200, bytes: 7 }]);
  });

  it('says that a body broke off', async () => {
    const origin = await rawOrigin((socket) => {
      socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n');
    });
    const { address, got } = await startLogging(`${IN}access-log: 1\nout: ${origin.address}\n`);
    const client = await rawClient(address);
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.closed();
    expect(await got(1)).toMatchObject([{ status: 200, bytes: 3, brokenOff: true }]);
  });

  it('says that a client left in the middle of a body, and lets go of the origin', async () => {
    const origin = await rawOrigin((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n');
    });
    const { address, got } = await startLogging(`${IN}access-log: 1\nout: ${origin.address}\n`);
    const client = await rawClient(address);
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.got((text) => text.includes('abc'));
    client.destroy();
    expect(await got(1)).toMatchObject([{ status: 200, bytes: 3, brokenOff: true }]);
    await origin.closed();
  });

  it('has the answers of the proxy itself, and the code of a failure', async () => {
    const origin = await rawOrigin((socket) => socket.destroy());
    const { address, got } = await startLogging(
      `${IN}access-log: 1\nroutes: [{ path: /a, group: web }]\n` +
        `groups: { web: { members: ['${origin.address}'], retry-percent: 0 } }\n`,
    );
    await exchange(address, 'GET /b HTTP/1.1\r\nHost: a\r\n\r\n');
    await exchange(address, 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
    const [unrouted, failed] = await got(2);
    expect(unrouted).toMatchObject({ path: '/b', status: 404 });
    expect(unrouted).not.toHaveProperty('upstream');
    expect(failed).toMatchObject({ status: 502, code: 'UPSTREAM', upstream: origin.address });
  });

  it('has every failure, however few others it has', async () => {
    const answers = [OK, 'HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n', OK];
    const origin = await rawOrigin((socket) => {
      const answer = answers.shift();
      if (answer === undefined) socket.destroy();
      else socket.write(answer);
    });
    const { address, got, lines, proxy } = await startLogging(
      `${IN}access-log: 0.000000001\nout: ${origin.address}\nretry-percent: 0\n`,
    );
    for (const path of ['/well', '/500', '/well', '/broken']) {
      await exchange(address, `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`);
    }
    await got(2);
    await proxy.close();
    expect(lines).toMatchObject([
      { path: '/500', status: 500 },
      { path: '/broken', status: 502, code: 'UPSTREAM' },
    ]);
  });

  it('says how many attempts it took, and to which trace a request belongs', async () => {
    const origin = await rawOrigin(always(OK));
    const { address, got } = await startLogging(
      `${IN}access-log: 1\nout: "http://127.0.0.1:1,${origin.address}"\n`,
    );
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    for (let turn = 0; turn < 8; turn++) {
      await exchange(
        address,
        `GET / HTTP/1.1\r\nHost: a\r\ntraceparent: 00-${trace}-00f067aa0ba902b7-01\r\n\r\n`,
      );
    }
    const lines = await got(8);
    expect(lines.map(({ upstream }) => upstream)).toEqual(lines.map(() => origin.address));
    expect(lines.map((line) => line.trace)).toEqual(lines.map(() => trace));
    expect(lines.filter(({ attempts }) => attempts === 2).length).toBeGreaterThan(0);
  });

  it('has requests that come over links', async () => {
    const origin = await rawOrigin(always(CHUNKED));
    const { address, got } = await startLogging(
      `in: teleport://127.0.0.1:0\naccess-log: 1\nout: ${origin.address}\n`,
    );
    const client = createClient(address);
    onTestFinished(() => client.close());
    const response = await client.request({ path: '/x', headers: { host: 'a' } });
    expect(await response.text()).toBe('abcdefg');
    expect(await got(1)).toMatchObject([{ path: '/x', status: 200, bytes: 7 }]);
  });

  it('changes with a reload', async () => {
    const origin = await rawOrigin(always(OK));
    const text = `${IN}out: ${origin.address}\n`;
    const { proxy, address, lines, got } = await startLogging(text);
    const next = readCommand(['--config', configFile(`${text}access-log: 1\n`)]);
    if (next.kind !== 'run') throw new Error('the arguments of a test start a proxy');
    await exchange(address, 'GET /before HTTP/1.1\r\nHost: a\r\n\r\n');
    await proxy.reload(next.config);
    await exchange(address, 'GET /after HTTP/1.1\r\nHost: a\r\n\r\n');
    await got(1);
    expect(lines).toMatchObject([{ path: '/after' }]);
  });

  it('lets go of a body that is left before its end', async () => {
    const { log, lines } = openLog();
    const access = createAccessLog(log, () => 1);
    let released = false;
    async function* body(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.from('abc');
      } finally {
        released = true;
      }
    }
    const server = createServer(async (request) => {
      const response = access.begin('in', request)?.answered({ status: 200, body: body() });
      const pieces = response?.body;
      if (typeof pieces === 'object' && pieces !== null && Symbol.asyncIterator in pieces) {
        for await (const _piece of pieces) break;
      }
      return {};
    });
    await served(server, ['/']);
    expect(released).toBe(true);
    expect(lines).toMatchObject([{ status: 200, bytes: 3, brokenOff: true }]);
  });

  it('draws by lot', async () => {
    const { log, lines } = openLog();
    const drawn = [0, 0.2, 0.25, 0.9, 0.1];
    const access = createAccessLog(
      log,
      () => 0.25,
      () => drawn.shift() ?? 1,
    );
    const server = createServer((request) => {
      const answer = { status: 200 };
      return access.begin('in', request)?.answered(answer) ?? answer;
    });
    await served(server, ['/0', '/1', '/2', '/3', '/4']);
    expect(lines.map(({ path }) => path)).toEqual(['/0', '/1', '/4']);
  });
});
