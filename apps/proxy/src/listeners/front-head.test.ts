import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { boundTo, start } from '../test/chain.ts';
import { llhttpSamples } from '../test/llhttp-samples.ts';
import { exchange, rawClient } from '../test/raw-client.ts';
import { always, rawOrigin } from '../test/raw-origin.ts';
import { strictRequests } from '../test/strict-requests.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

async function startPlain() {
  const origin = await rawOrigin(always(OK));
  const proxy = await start(['--in', 'http://127.0.0.1:0', '--out', origin.address]);
  return { origin, address: boundTo(proxy) };
}

describe('request heads', () => {
  it.each([
    ['no Host', 400, 'GET / HTTP/1.1\r\n\r\n'],
    ['two Hosts', 400, 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n'],
    ['an odd Host', 400, 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n'],
    ['a Host with user information', 400, 'GET / HTTP/1.1\r\nHost: u@a\r\n\r\n'],
    ['a target that is no path', 400, 'GET foo HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['an asterisk for GET', 400, 'GET * HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['another scheme', 400, 'GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['user information in the target', 400, 'GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['CONNECT', 501, 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n'],
    [
      'both framings',
      400,
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'two lengths',
      400,
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc',
    ],
    ['a length with a sign', 400, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc'],
    [
      'a coding nobody knows',
      501,
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'chunked twice',
      400,
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['chunked in HTTP/1.0', 400, 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a folded line', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n 2\r\n\r\n'],
    ['a bare line feed', 400, 'GET / HTTP/1.1\r\nHost: a\nX-A: 1\r\n\r\n'],
    ['a blank before the colon', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX-A : 1\r\n\r\n'],
    ['a NUL', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX-A: \0\r\n\r\n'],
    ['HTTP/2.0', 505, 'GET / HTTP/2.0\r\nHost: a\r\n\r\n'],
    ['TLS', 400, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['an expectation nobody knows', 417, 'GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n'],
  ])('refuses %s with %i', async (_what, status, request) => {
    const { origin, address } = await startPlain();
    const client = await rawClient(address);
    client.write(request);
    const response = await client.got((text) => text.includes('\r\n\r\n'));
    expect(response).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(origin.connections).toBe(0);
  });

  it.each([
    [
      'fields',
      100,
      431,
      (n: number) => `GET / HTTP/1.1\r\nHost: a\r\n${'x: 1\r\n'.repeat(n - 1)}\r\n`,
    ],
    ['name', 256, 431, (n: number) => `GET / HTTP/1.1\r\nHost: a\r\n${'x'.repeat(n)}: 1\r\n\r\n`],
    [
      'value',
      16_384,
      431,
      (n: number) => `GET / HTTP/1.1\r\nHost: a\r\nx: ${'x'.repeat(n)}\r\n\r\n`,
    ],
    ['path', 8_192, 414, (n: number) => `GET /${'x'.repeat(n - 1)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ])(
    'takes a head whose %s is at its limit of %i, and answers %i past it',
    async (_what, limit, status, head) => {
      const { address } = await startPlain();
      expect(await exchange(address, head(limit))).toMatch(/^HTTP\/1\.1 200 /);
      expect(await exchange(address, head(limit + 1))).toMatch(
        new RegExp(`^HTTP/1\\.1 ${status} `),
      );
    },
  );

  it('answers 431 to a head of more than 32 KiB', async () => {
    const { address } = await startPlain();
    const field = `x: ${'x'.repeat(8_000)}\r\n`;
    const client = await rawClient(address);
    client.write(`GET / HTTP/1.1\r\nHost: a\r\n${field.repeat(5)}\r\n`);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 431 .*\r\n\r\n431 HEAD_LIMIT: /s);
  });

  it.each([
    [
      'GET http://Other:8080/x?y HTTP/1.1\r\nX-A: 1\r\nhOst: a\r\n\r\n',
      'GET /x?y HTTP/1.1\r\nX-A: 1\r\nhOst: Other:8080\r\n\r\n',
    ],
    ['GET HTTP://Other HTTP/1.1\r\nHost: a\r\n\r\n', 'GET / HTTP/1.1\r\nHost: Other\r\n\r\n'],
    ['GET http://other?q HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /?q HTTP/1.1\r\nHost: other\r\n\r\n'],
    [
      'OPTIONS http://other HTTP/1.1\r\nHost: a\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nHost: other\r\n\r\n',
    ],
    ['OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])(
    'takes the authority of an absolute target for Host, never for the destination: %j',
    async (request, passed) => {
      const { origin, address } = await startPlain();
      expect(await exchange(address, request)).toBe(OK);
      expect(origin.received[0]).toBe(passed);
    },
  );

  it('says Host for HTTP/1.0 clients that do not', async () => {
    const { origin, address } = await startPlain();
    await exchange(address, 'GET /x HTTP/1.0\r\nX-A: 1\r\n\r\n');
    await exchange(address, 'GET /x HTTP/1.0\r\nX-A: 1\r\nhost: a\r\n\r\n');
    expect(origin.received.join('')).toBe(
      'GET /x HTTP/1.1\r\nHost: \r\nX-A: 1\r\n\r\nGET /x HTTP/1.1\r\nX-A: 1\r\nhost: a\r\n\r\n',
    );
  });

  it('survives names that objects have by birth', async () => {
    const { origin, address } = await startPlain();
    const request =
      'GET / HTTP/1.1\r\nHost: a\r\n__proto__: 1\r\nconstructor: 2\r\nhasOwnProperty: 3\r\nConnection: __proto__\r\n\r\n';
    expect(await exchange(address, request)).toBe(OK);
    expect(origin.received[0]).toBe(
      'GET / HTTP/1.1\r\nHost: a\r\nconstructor: 2\r\nhasOwnProperty: 3\r\n\r\n',
    );
  });
});

const LLHTTP = new URL('../../../../../shared/data/llhttp/request/', import.meta.url);

describe.skipIf(!existsSync(LLHTTP))(
  'requests of the llhttp tests (skipped where ../shared/data is missing)',
  () => {
    it('never pass on what is lenient, and never crash the proxy', async () => {
      const { origin, address } = await startPlain();
      const samples = readdirSync(LLHTTP).flatMap((file) =>
        llhttpSamples(readFileSync(new URL(file, LLHTTP), 'utf8')),
      );
      for (const { lenient, input } of samples) {
        const client = await rawClient(address);
        const before = origin.received.join('').length;
        client.write(`${input}`);
        client.end();
        await client.closed();
        if (lenient) expect(origin.received.join('').slice(before), input).not.toContain(input);
      }
      expect(await exchange(address, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toBe(OK);
      // What was passed on is what a strict reader takes: this throws for anything else.
      const passed = origin.received.flatMap((text) => strictRequests(text).requests);
      expect(passed.length).toBeGreaterThan(10);
    });
  },
);
