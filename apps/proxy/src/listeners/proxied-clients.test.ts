import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { stats } from '../admin/stats.ts';
import { CERTIFICATE, KEY } from '../test/certificate.ts';
import { boundTo, configFile, start, startFile } from '../test/chain.ts';
import { exchange, rawClient } from '../test/raw-client.ts';
import { always, rawOrigin } from '../test/raw-origin.ts';
import { readProxyHeader } from './proxy-header.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const LONGEST_V1 = `PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`;

/** A header of version 2: command, family and transport, and what its length counts. */
function v2(command: number, kind: number, rest: string, length = rest.length): string {
  const head = [command, kind, length >> 8, length & 0xff];
  return `${SIGNATURE}${String.fromCharCode(...head)}${rest}`;
}

const IPV4 = '\xc0\x00\x02\x07\x0a\x00\x00\x01\x30\x39\x00\x50';
const IPV6 = `\x20\x01\x0d\xb8${'\0'.repeat(11)}\x07${'\0'.repeat(15)}\x01\x30\x39\x00\x50`;
const VECTOR = '\x04\x00\x03abc';

const RIGHT: readonly (readonly [name: string, header: string, peer: string | undefined])[] = [
  ['v1 IPv4', 'PROXY TCP4 192.0.2.7 10.0.0.1 12345 80\r\n', '192.0.2.7:12345'],
  ['v1 IPv6', 'PROXY TCP6 2001:db8::7 ::1 12345 80\r\n', '2001:db8::7:12345'],
  ['v1 with ports at their bounds', 'PROXY TCP4 192.0.2.7 10.0.0.1 0 65535\r\n', '192.0.2.7:0'],
  ['v1 UNKNOWN', 'PROXY UNKNOWN\r\n', undefined],
  ['v1 UNKNOWN and more', 'PROXY UNKNOWN ::1 ::1 nonsense\r\n', undefined],
  ['v1 UNKNOWN of 107 bytes', `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`, undefined],
  ['v2 IPv4', v2(0x21, 0x11, IPV4), '192.0.2.7:12345'],
  ['v2 IPv6', v2(0x21, 0x21, IPV6), '2001:db8::7:12345'],
  ['v2 unix', v2(0x21, 0x31, 'a'.repeat(216)), 'unix'],
  ['v2 without a family', v2(0x21, 0x00, ''), undefined],
  ['v2 with vectors', v2(0x21, 0x11, `${IPV4}${VECTOR}${VECTOR}`), '192.0.2.7:12345'],
  [
    'v2 of the greatest length',
    v2(0x21, 0x11, `${IPV4}\x04\x07\xf1${'x'.repeat(2033)}`),
    '192.0.2.7:12345',
  ],
  ['v2 LOCAL', v2(0x20, 0x00, ''), undefined],
  ['v2 LOCAL and more', v2(0x20, 0x11, 'nonsense'), undefined],
];

const WRONG: readonly (readonly [name: string, header: string])[] = [
  ['nothing of the kind', GET],
  ['another case', 'proxy TCP4 192.0.2.7 10.0.0.1 1 2\r\n'],
  ['another family', 'PROXY UDP4 192.0.2.7 10.0.0.1 1 2\r\n'],
  ['two spaces', 'PROXY TCP4  192.0.2.7 10.0.0.1 1 2\r\n'],
  ['a tab', 'PROXY TCP4\t192.0.2.7 10.0.0.1 1 2\r\n'],
  ['a space at the end', 'PROXY TCP4 192.0.2.7 10.0.0.1 1 2 \r\n'],
  ['a word too few', 'PROXY TCP4 192.0.2.7 10.0.0.1 1\r\n'],
  ['a bare line feed', `PROXY TCP4 192.0.2.7 10.0.0.1 1 2\n${GET}`],
  ['IPv6 where IPv4 is named', 'PROXY TCP4 ::1 ::1 1 2\r\n'],
  ['IPv4 where IPv6 is named', 'PROXY TCP6 192.0.2.7 10.0.0.1 1 2\r\n'],
  ['an address with a zone', 'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n'],
  ['a number of an address with a leading zero', 'PROXY TCP4 192.0.2.07 10.0.0.1 1 2\r\n'],
  ['a port with a leading zero', 'PROXY TCP4 192.0.2.7 10.0.0.1 01 2\r\n'],
  ['a port with a sign', 'PROXY TCP4 192.0.2.7 10.0.0.1 +1 2\r\n'],
  ['a port too high', 'PROXY TCP4 192.0.2.7 10.0.0.1 65536 2\r\n'],
  ['a word that only begins as UNKNOWN', 'PROXY UNKNOWNS\r\n'],
  ['108 bytes', `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`],
  ['another version', v2(0x31, 0x11, IPV4)],
  ['another command', v2(0x22, 0x11, IPV4)],
  ['another binary family', v2(0x21, 0x41, IPV4)],
  ['another transport', v2(0x21, 0x13, IPV4)],
  ['less than its addresses', v2(0x21, 0x11, IPV4.slice(1))],
  ['addresses of the shorter family', v2(0x21, 0x21, IPV4)],
  ['a vector that is longer than the rest', v2(0x21, 0x11, `${IPV4}\x04\x00\x04abc`)],
  ['half a vector', v2(0x21, 0x11, `${IPV4}\x04\x00`)],
  ['more than 2 KiB', v2(0x21, 0x11, '', 2049)],
  ['a signature with another byte', v2(0x21, 0x11, IPV4).replace('QUIT', 'QUIZ')],
];

describe('headers of the PROXY protocol', () => {
  it.each(RIGHT)('are read, cut anywhere: %s', (_name, header, peer) => {
    const bytes = Buffer.from(`${header}${GET}`, 'latin1');
    for (let cut = 0; cut < header.length; cut++) {
      expect(readProxyHeader(bytes.subarray(0, cut)), `${cut}`).toBe('partial');
    }
    for (let cut = header.length; cut <= bytes.length; cut++) {
      expect(readProxyHeader(bytes.subarray(0, cut))).toEqual({ bytes: header.length, peer });
    }
  });

  it.each(WRONG)('are refused, and never taken for right before: %s', (_name, header) => {
    const bytes = Buffer.from(header, 'latin1');
    expect(readProxyHeader(bytes)).toBe('wrong');
    for (let cut = 0; cut < bytes.length; cut++) {
      expect(readProxyHeader(bytes.subarray(0, cut))).toBeTypeOf('string');
    }
  });

  it('of version 1 are 107 bytes at most', () => {
    expect(LONGEST_V1.length).toBe(104);
    expect(readProxyHeader(Buffer.from('PROXY UNKNOWN'.padEnd(106, ' ')))).toBe('partial');
    expect(readProxyHeader(Buffer.from('PROXY UNKNOWN'.padEnd(107, ' ')))).toBe('wrong');
  });
});

const SETTINGS = 'proxy-protocol: true, trusted: [127.0.0.1], forwarded: [x-forwarded-for]';
const V1 = 'PROXY TCP4 192.0.2.7 10.0.0.1 12345 80\r\n';
const TOLD = 'GET / HTTP/1.1\r\nHost: a\r\nx-forwarded-for: 192.0.2.7\r\n\r\n';

async function startWith(settings = SETTINGS, url = 'http://127.0.0.1:0') {
  const origin = await rawOrigin(always(OK));
  const proxy = await startFile(
    `listeners: [{ url: '${url}', ${settings} }]\nout: ${origin.address}\n`,
  );
  return { origin, proxy, address: boundTo(proxy) };
}

describe('a listener with proxy-protocol', () => {
  it.each([
    ['v1', V1],
    ['v2', v2(0x21, 0x11, `${IPV4}${VECTOR}`)],
  ])(
    'takes a header of %s cut at every byte, and loses nothing behind it',
    async (_name, header) => {
      const { origin, address } = await startWith();
      const bytes = `${header}${GET}${GET}`;
      for (let cut = 1; cut <= bytes.length; cut++) {
        const client = await rawClient(address);
        client.write(bytes.slice(0, cut));
        // What was written is on its way; a turn of the loop later it comes as a piece of its own.
        await new Promise((resolve) => setImmediate(resolve));
        client.write(bytes.slice(cut));
        await client.got((text) => text === `${OK}${OK}`);
        client.destroy();
      }
      const heads = origin.received.join('').split('\r\n\r\n').slice(0, -1);
      expect(heads.length).toBe(2 * bytes.length);
      for (const head of heads) expect(`${head}\r\n\r\n`).toBe(TOLD);
    },
  );

  it.each([
    ['v1 UNKNOWN', 'PROXY UNKNOWN\r\n'],
    ['LOCAL', v2(0x20, 0x00, '')],
  ])('takes a peer that speaks for itself by its own address: %s', async (_name, header) => {
    const { origin, address } = await startWith();
    await exchange(address, `${header}${GET}`);
    expect(origin.received[0]).toContain('x-forwarded-for: 127.0.0.1\r\n');
  });

  it('holds allow lists against the client, not against its proxy', async () => {
    const { proxy, address } = await startWith(`${SETTINGS}, allow: ['192.0.2.0/24']`);
    expect(await exchange(address, `${V1}${GET}`)).toBe(OK);
    const other = await rawClient(address);
    other.write(`PROXY TCP4 198.51.100.1 10.0.0.1 1 2\r\n${GET}`);
    expect(await other.closed()).toBe('');
    expect(stats(proxy).limitHits).toMatchObject({ allow: 1 });
  });

  it.each(['PROXY TCP4 nonsense\r\n', GET, v2(0x21, 0x11, IPV4.slice(1))])(
    'closes and counts what begins otherwise: %j',
    async (bytes) => {
      const { origin, proxy, address } = await startWith();
      const client = await rawClient(address);
      client.write(bytes);
      expect(await client.closed()).toBe('');
      expect(stats(proxy).limitHits).toMatchObject({ proxyHeader: 1 });
      expect(origin.connections).toBe(0);
    },
  );

  it('believes nobody but whom it trusts: others speak HTTP at once', async () => {
    const { origin, address } = await startWith(SETTINGS.replace('127.0.0.1', '10.0.0.0/8'));
    expect(await exchange(address, `${V1}${GET}`, (text) => text.length > 12)).toMatch(
      /^HTTP\/1\.1 400 /,
    );
    expect(await exchange(address, GET)).toBe(OK);
    expect(origin.received.join('')).toContain('x-forwarded-for: 127.0.0.1\r\n');
  });

  it('cuts off a header that does not end in time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { proxy, address } = await startWith();
    const client = await rawClient(address);
    client.write(V1.slice(0, -1));
    while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(4_999);
    await new Promise((resolve) => setImmediate(resolve));
    expect(client.ending).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(await client.closed()).toBe('');
    expect(stats(proxy).limitHits).toMatchObject({ proxyHeader: 1 });
  });

  it('lets a drain end while headers are incomplete, or nothing has followed them', async () => {
    const { proxy, address } = await startWith();
    const half = await rawClient(address);
    half.write(V1.slice(0, 10));
    const whole = await rawClient(address);
    whole.write(V1);
    const used = await rawClient(address);
    used.write(`${V1}${GET}`);
    await used.got((text) => text === OK);
    await proxy.close();
    await Promise.all([half.closed(), whole.closed(), used.closed()]);
  });

  it('takes it before TLS', async () => {
    const origin = await rawOrigin(always(OK));
    const file = configFile(`
listeners:
  - { url: 'https://127.0.0.1:0', ${SETTINGS}, tls: { certificates: [{ cert: cert.pem, key: key.pem }] } }
out: ${origin.address}
`);
    writeFileSync(file.replace(/[^/]+$/, 'cert.pem'), CERTIFICATE);
    writeFileSync(file.replace(/[^/]+$/, 'key.pem'), KEY);
    const proxy = await start(['--config', file]);
    for (const together of [false, true]) {
      const socket = net.connect(Number(new URL(boundTo(proxy)).port), '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      await once(socket, 'connect');
      // In one piece with the first bytes of TLS, and in one of its own.
      if (together) socket.cork();
      socket.write(V1);
      const secure = tls.connect({ socket, ca: CERTIFICATE, servername: 'localhost' });
      if (together) setImmediate(() => socket.uncork());
      secure.write(GET);
      let got = '';
      for await (const piece of secure) {
        got += String(piece);
        if (got === OK) break;
      }
      expect(got).toBe(OK);
    }
    expect(origin.received.join('')).toBe(TOLD.repeat(2));
  });

  it('takes it on a unix socket from whoever may open that', async () => {
    const { origin, address } = await startWith(
      'proxy-protocol: true, forwarded: [x-forwarded-for]',
      'unix:$FOLDER/socket',
    );
    expect(await exchange(address, `${V1}${GET}`)).toBe(OK);
    expect(origin.received[0]).toBe(TOLD);
  });
});
