import { networkInterfaces } from 'node:os';
import { createClient } from '@tp/http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stats } from './admin/stats.ts';
import { addressList } from './config/address-list.ts';
import { boundTo, startFile } from './test/chain.ts';
import { exchange, rawClient } from './test/raw-client.ts';
import { always, rawOrigin } from './test/raw-origin.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const HAS_IPV6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);
const ALL = '[x-forwarded-for, x-forwarded-proto, x-forwarded-host, forwarded]';

/** The head that an origin gets of a request that comes through a listener with these settings. */
async function headThrough(settings: string, request: string): Promise<string> {
  const origin = await rawOrigin(always(OK));
  const proxy = await startFile(
    `listeners:\n  - { url: 'http://127.0.0.1:0', ${settings} }\nout: ${origin.address}\n`,
  );
  await exchange(boundTo(proxy), request);
  return origin.received[0] ?? '';
}

const FORGED = [
  'GET / HTTP/1.1',
  'Host: a.example:81',
  'X-Forwarded-For: 192.0.2.1',
  'X-FORWARDED-PROTO: https',
  'x-forwarded-host: evil',
  'Forwarded: for=192.0.2.1',
  'X-Real-IP: 192.0.2.1',
  'accept: */*',
].join('\r\n');

describe('fields that tell of the client', () => {
  it('are passed on as they came when nothing else is asked for', async () => {
    expect(await headThrough('get-only: false', `${FORGED}\r\n\r\n`)).toBe(`${FORGED}\r\n\r\n`);
  });

  it('are the truth alone for a client that is not trusted', async () => {
    const head = await headThrough(`forwarded: ${ALL}, trusted: [10.0.0.0/8]`, `${FORGED}\r\n\r\n`);
    expect(head.split('\r\n')).toEqual([
      'GET / HTTP/1.1',
      'Host: a.example:81',
      'accept: */*',
      'x-forwarded-for: 127.0.0.1',
      'x-forwarded-proto: http',
      'x-forwarded-host: a.example:81',
      'forwarded: for=127.0.0.1;proto=http;host="a.example:81"',
      '',
      '',
    ]);
  });

  it('go on from what a trusted client says', async () => {
    const head = await headThrough(
      `forwarded: ${ALL}, trusted: [127.0.0.0/8]`,
      `${FORGED}\r\n\r\n`,
    );
    expect(head.split('\r\n')).toEqual([
      'GET / HTTP/1.1',
      'Host: a.example:81',
      'X-Forwarded-For: 192.0.2.1, 127.0.0.1',
      'X-FORWARDED-PROTO: https',
      'x-forwarded-host: evil',
      'Forwarded: for=192.0.2.1, for=127.0.0.1;proto=http;host="a.example:81"',
      'X-Real-IP: 192.0.2.1',
      'accept: */*',
      '',
      '',
    ]);
  });

  it.skipIf(!HAS_IPV6)('name an IPv6 client and a unix socket as RFC 7239 says', async () => {
    const origin = await rawOrigin(always(OK));
    const proxy = await startFile(`
listeners:
  - url: http://[::1]:0
  - url: unix:$FOLDER/socket
forwarded: [forwarded, x-forwarded-for]
out: ${origin.address}
`);
    for (const { address } of proxy.listeners) {
      await exchange(address, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    }
    const got = origin.received.join('');
    expect(got).toContain('forwarded: for="[::1]";proto=http;host=a\r\nx-forwarded-for: ::1\r\n');
    expect(got).toContain('forwarded: for=unknown;proto=http;host=a\r\n\r\n');
  });

  it('tell of the one who opened the link, at a listener of links', async () => {
    const origin = await rawOrigin(always(OK));
    const proxy = await startFile(
      `listeners: [{ url: 'teleport://127.0.0.1:0', forwarded: [x-forwarded-for] }]\nout: ${origin.address}\n`,
    );
    const client = createClient(boundTo(proxy));
    onTestFinished(() => client.close());
    await client.request({ path: '/', headers: ['Host', 'a', 'X-Forwarded-For', '192.0.2.1'] });
    expect(origin.received[0]).toBe(
      'GET / HTTP/1.1\r\nHost: a\r\nx-forwarded-for: 127.0.0.1\r\n\r\n',
    );
  });
});

describe('an allow list', () => {
  it.each([
    ['10.1.2.3', ['10.0.0.0/8'], true],
    ['11.1.2.3', ['10.0.0.0/8'], false],
    ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
    ['::ffff:0a01:0203', ['10.0.0.0/8'], true],
    ['10.1.2.3', ['::ffff:10.0.0.0/104'], true],
    ['11.1.2.3', ['::ffff:10.0.0.0/104'], false],
    ['2001:db8::1', ['2001:db8::/32'], true],
    ['2001:db9::1', ['2001:db8::/32'], false],
    ['fe80::1%eth0', ['fe80::/10'], true],
    ['192.0.2.1', ['192.0.2.1'], true],
    ['192.0.2.2', ['192.0.2.1'], false],
    ['::1', ['0.0.0.0/0'], false],
    ['nonsense', ['0.0.0.0/0', '::/0'], false],
    [undefined, ['0.0.0.0/0'], false],
  ])('holds %s against %j', (address, ranges, isIn) => {
    expect(addressList(ranges)(address)).toBe(isIn);
  });

  it.each(['http', 'teleport'])(
    'cuts off all others at a listener of %s, and counts them',
    async (scheme) => {
      const origin = await rawOrigin(always(OK));
      const file = (allow: string) =>
        `listeners: [{ url: '${scheme}://127.0.0.1:0', allow: ['${allow}'] }]\nout: ${origin.address}\n`;
      const closed = await startFile(file('192.0.2.0/24'));
      const client = await rawClient(boundTo(closed).replace('teleport', 'http'));
      expect(await client.closed()).toBe('');
      expect(stats(closed).limitHits).toMatchObject({
        [scheme === 'http' ? 'allow' : 'admits']: 1,
      });

      const open = await startFile(file('127.0.0.1'));
      const near =
        scheme === 'http'
          ? open
          : await startFile(`in: http://127.0.0.1:0\nout: ${boundTo(open)}\n`);
      expect(await exchange(boundTo(near), 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toBe(OK);
    },
  );
});

describe('a listener for GET only', () => {
  it.each(['http', 'teleport'])('takes GET and HEAD, over %s', async (scheme) => {
    const origin = await rawOrigin(always(OK));
    const far = await startFile(
      `listeners: [{ url: '${scheme}://127.0.0.1:0', get-only: true }]\nout: ${origin.address}\n`,
    );
    const near =
      scheme === 'http' ? far : await startFile(`in: http://127.0.0.1:0\nout: ${boundTo(far)}\n`);
    const address = boundTo(near);
    expect(await exchange(address, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toBe(OK);
    const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi';
    const refused = await exchange(address, post);
    expect(refused).toMatch(/^HTTP\/1\.1 405 Method Not Allowed\r\n/);
    expect(refused).toContain('Allow: GET, HEAD\r\n');
    expect(origin.received.join('')).not.toContain('POST');
  });
});
