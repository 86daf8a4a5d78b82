import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readProxyHeader } from '../listeners/proxy-header.ts';
import { CERTIFICATE, KEY } from '../test/certificate.ts';
import { boundTo, configFile, start, startFile } from '../test/chain.ts';
import { exchange, rawClient } from '../test/raw-client.ts';
import { type RawOrigin, rawOrigin } from '../test/raw-origin.ts';
import { formatProxyHeader } from './proxy-protocol.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** An origin that answers each GET that stands behind the header of its connection. */
function originWithHeader(): Promise<RawOrigin> {
  return rawOrigin((socket, received) => {
    if (received.includes('GET ') && received.endsWith('a\r\n\r\n')) socket.write(OK);
  });
}

/** A proxy that takes headers and passes them on, so that a test speaks for clients of any address. */
async function startBetween(version: string, origin: RawOrigin, settings = '') {
  const proxy = await startFile(`
listeners: [{ url: 'http://127.0.0.1:0', proxy-protocol: true, trusted: [127.0.0.1] }]
groups:
  web: { members: ['${origin.address}'], proxy-protocol: ${version} ${settings} }
routes: [{ group: web }]
`);
  return boundTo(proxy);
}

function from(client: string): string {
  const isIPv6 = net.isIPv6(client);
  return `PROXY ${isIPv6 ? 'TCP6' : 'TCP4'} ${client} ${isIPv6 ? '::1' : '10.0.0.1'} 12345 80\r\n`;
}

/** Whom an origin was told that each of its connections is for. */
function toldPeers(origin: RawOrigin): (string | undefined)[] {
  return origin.received.map((text) => {
    const header = readProxyHeader(Buffer.from(text, 'latin1'));
    if (typeof header === 'string') throw new Error(`${header}: ${text}`);
    expect(text.slice(header.bytes)).toMatch(/^GET /);
    return header.peer;
  });
}

describe('the header that an origin gets', () => {
  it.each([
    ['192.0.2.7:1', '127.0.0.1', 'PROXY TCP4 192.0.2.7 127.0.0.1 1 80\r\n'],
    ['::ffff:192.0.2.7:1', '127.0.0.1', 'PROXY TCP4 192.0.2.7 127.0.0.1 1 80\r\n'],
    ['2001:db8::7:65535', '::1', 'PROXY TCP6 2001:db8::7 ::1 65535 80\r\n'],
    ['[2001:db8::7]:1', '127.0.0.1', 'PROXY TCP6 2001:db8::7 ::ffff:127.0.0.1 1 80\r\n'],
    ['192.0.2.7:1', '::1', 'PROXY TCP6 ::ffff:192.0.2.7 ::1 1 80\r\n'],
    ['unix', '127.0.0.1', 'PROXY UNKNOWN\r\n'],
    [undefined, '127.0.0.1', 'PROXY UNKNOWN\r\n'],
    ['192.0.2.7:1', undefined, 'PROXY UNKNOWN\r\n'],
  ])('tells of %s to %s', (peer, remoteAddress, line) => {
    const to = { remoteAddress, remotePort: 80 };
    const text = formatProxyHeader('v1', peer, to);
    expect(text.toString()).toBe(line);
    const inText = readProxyHeader(text);
    const binary = formatProxyHeader('v2', peer, to);
    const inBinary = readProxyHeader(binary);
    if (typeof inText === 'string' || typeof inBinary === 'string') throw new Error('no header');
    expect(inBinary.bytes).toBe(binary.length);
    const canonical = (told: string | undefined) =>
      told?.replace('::ffff:192.0.2.7', '::ffff:c000:207');
    expect(canonical(inBinary.peer)).toBe(canonical(inText.peer));
  });

  it('is as the standard has it, byte for byte', () => {
    const to = { remoteAddress: '10.0.0.1', remotePort: 80 };
    expect(formatProxyHeader('v2', '192.0.2.7:12345', to).toString('hex')).toBe(
      '0d0a0d0a000d0a515549540a2111000cc00002070a00000130390050',
    );
    expect(formatProxyHeader('v2', undefined, to).toString('hex')).toBe(
      '0d0a0d0a000d0a515549540a20000000',
    );
  });
});

describe.each(['v1', 'v2'])('a group with proxy-protocol %s', (version) => {
  it('has connections of its own for each client address, and keeps them for that', async () => {
    const origin = await originWithHeader();
    const address = await startBetween(version, origin);
    for (const client of ['192.0.2.1', '192.0.2.2', '2001:db8::1', '192.0.2.1', '192.0.2.2']) {
      expect(await exchange(address, `${from(client)}${GET}`)).toBe(OK);
    }
    const told = toldPeers(origin);
    expect(told.slice(0, 2)).toEqual(['192.0.2.1:12345', '192.0.2.2:12345']);
    expect(told[2]).toMatch(/^2001:db8::1:12345$/);
    expect(origin.received.map((text) => text.split('GET ').length - 1)).toEqual([2, 2, 1]);
  });

  it('makes room for clients that wait when there may be no more connections', async () => {
    const origin = await originWithHeader();
    const address = await startBetween(version, origin, ', connections: 2');
    const clients = Array.from({ length: 12 }, (_one, i) => `192.0.2.${i % 6}`);
    const answers = await Promise.all(
      clients.map((client) => exchange(address, `${from(client)}${GET}`)),
    );
    expect(answers).toEqual(clients.map(() => OK));
    const served = new Map<string, number>();
    for (const [i, peer] of toldPeers(origin).entries()) {
      const count = (origin.received[i]?.split('GET ').length ?? 1) - 1;
      served.set(peer ?? '', (served.get(peer ?? '') ?? 0) + count);
    }
    expect([...served.values()]).toEqual([2, 2, 2, 2, 2, 2]);
  });
});

describe('a header to an origin', () => {
  it('goes ahead of TLS, and of health checks as the proxy’s own', async () => {
    const plain: string[] = [];
    const origin = net.createServer((socket) => {
      socket.once('data', (bytes: Buffer) => {
        socket.pause();
        const header = readProxyHeader(bytes);
        if (typeof header === 'string') throw new Error(header);
        plain.push(header.peer ?? 'own');
        if (bytes.length > header.bytes) socket.unshift(bytes.subarray(header.bytes));
        const secure = new tls.TLSSocket(socket, { isServer: true, cert: CERTIFICATE, key: KEY });
        secure.on('error', () => undefined);
        secure.on('data', () => void secure.write(OK));
      });
      socket.on('error', () => undefined);
    });
    origin.listen(0, '127.0.0.1');
    await once(origin, 'listening');
    onTestFinished(() => void origin.close());
    const bound = origin.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const file = configFile(`
in: http://127.0.0.1:0
groups:
  web:
    members: ['https://127.0.0.1:${port}']
    proxy-protocol: v2
    tls: { ca: ca.pem }
    health: { path: / }
routes: [{ group: web }]
`);
    writeFileSync(file.replace(/[^/]+$/, 'ca.pem'), CERTIFICATE);
    const proxy = await start(['--config', file]);
    const client = await rawClient(boundTo(proxy));
    client.write(GET);
    await client.got((text) => text === OK);
    await vi.waitFor(() => expect(plain).toContain('own'));
    expect(plain.find((peer) => peer !== 'own')).toMatch(/^127\.0\.0\.1:\d+$/);
  });
});
