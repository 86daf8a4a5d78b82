import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CERTIFICATE, KEY } from './test/certificate.ts';
import { boundTo, start } from './test/chain.ts';
import { exchange } from './test/raw-client.ts';
import { always, rawOrigin } from './test/raw-origin.ts';

const REQUEST = 'POST /x HTTP/1.1\r\nHost: a\r\nX-Case: 1\r\nContent-Length: 2\r\n\r\nhi';
const RESPONSE = 'HTTP/1.1 200 Fine\r\nX-Back: 1\r\nContent-Length: 2\r\n\r\nok';

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'tp-proxy-'));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

describe('every kind of listener with every kind of upstream', () => {
  const links = ['teleport', 'teleport+unix'];
  const ways = ['http', 'unix'].flatMap((into) => links.map((link) => [into, link]));

  it.each(ways)('%s in, %s between, http out', async (into, link) => {
    const origin = await rawOrigin(always(RESPONSE));
    const place = folder();
    const linkIn = link === 'teleport' ? 'teleport://127.0.0.1:0' : `teleport+unix:${place}/link`;
    const far = await start(['--in', linkIn, '--out', origin.address]);
    const middle = await start(['--in', linkIn.replace('/link', '/mid'), '--out', boundTo(far)]);
    const frontIn = into === 'http' ? 'http://127.0.0.1:0' : `unix:${place}/front`;
    const near = await start(['--in', frontIn, '--out', boundTo(middle)]);
    expect(await exchange(boundTo(near), REQUEST)).toBe(RESPONSE);
    expect(origin.received[0]).toBe(REQUEST);
  });

  it('http in, a unix socket out', async () => {
    const origin = await rawOrigin(always(RESPONSE));
    const path = join(folder(), 'origin');
    const inner = await start(['--in', `unix:${path}`, '--out', origin.address]);
    const outer = await start(['--in', 'http://127.0.0.1:0', '--out', boundTo(inner)]);
    expect(await exchange(boundTo(outer), REQUEST)).toBe(RESPONSE);
    expect(origin.received[0]).toBe(REQUEST);
  });

  it('several listeners of one proxy', async () => {
    const origin = await rawOrigin(always(RESPONSE));
    const path = join(folder(), 'front');
    const proxy = await start([
      ...['--in', 'http://127.0.0.1:0', '--in', `unix:${path}`, '--in', 'teleport://127.0.0.1:0'],
      ...['--out', origin.address],
    ]);
    for (const listener of proxy.listeners.slice(0, 2)) {
      expect(await exchange(listener.address, REQUEST)).toBe(RESPONSE);
    }
  });

  it('TLS on every side', async () => {
    const { cert, key } = certificateFiles();
    const origin = https.createServer({ cert: CERTIFICATE, key: KEY }, (request, response) => {
      response.end(`${request.method} over TLS`);
    });
    origin.listen(0, '127.0.0.1');
    await once(origin, 'listening');
    onTestFinished(() => {
      origin.closeAllConnections();
      origin.close();
    });
    const bound = origin.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const tls = ['--tls-cert', cert, '--tls-key', key, '--tls-ca', cert];
    const far = await start([
      '--in',
      'teleports://127.0.0.1:0',
      '--out',
      `https://localhost:${port}`,
      ...tls,
    ]);
    const link = boundTo(far).replace('127.0.0.1', 'localhost');
    const near = await start(['--in', 'https://127.0.0.1:0', '--out', link, ...tls]);
    const [response] = await once(
      https.get(boundTo(near), { ca: CERTIFICATE, servername: 'localhost', agent: false }),
      'response',
    );
    expect((await response.toArray()).join('')).toBe('GET over TLS');

    const wary = await start(['--in', 'http://127.0.0.1:0', '--out', `https://localhost:${port}`]);
    expect(await exchange(boundTo(wary), 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 503 /,
    );
  });
});

describe('a unix socket', () => {
  it('takes the place of one that nobody serves, and of nothing else', async () => {
    const origin = await rawOrigin(always(RESPONSE));
    const path = join(folder(), 'front');
    const holder = http.createServer().listen(path);
    await once(holder, 'listening');
    await expect(start(['--in', `unix:${path}`, '--out', origin.address])).rejects.toThrow(
      'in use',
    );
    holder.close();
    await once(holder, 'close');
    await abandonedSocket(path);
    const proxy = await start(['--in', `unix:${path}`, '--out', origin.address]);
    expect(await exchange(boundTo(proxy), REQUEST)).toBe(RESPONSE);
    await expect(start(['--in', `unix:${tmpdir()}`, '--out', origin.address])).rejects.toThrow(
      'not a socket',
    );
  });
});

function certificateFiles(): { cert: string; key: string } {
  const place = folder();
  const cert = join(place, 'cert.pem');
  const key = join(place, 'key.pem');
  writeFileSync(cert, CERTIFICATE);
  writeFileSync(key, KEY);
  return { cert, key };
}

/** Leaves the file of a socket behind, as a process does that is killed. */
async function abandonedSocket(path: string): Promise<void> {
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log())`;
  const holder = spawn(process.execPath, ['-e', script]);
  await once(holder.stdout, 'data');
  holder.kill('SIGKILL');
  await once(holder, 'exit');
}
