import { once } from 'node:events';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { stats } from './admin/stats.ts';
import { boundTo, CHAINS, start, startChain } from './test/chain.ts';
import { exchange, hasWholeResponse, rawClient } from './test/raw-client.ts';
import { always, rawOrigin } from './test/raw-origin.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe.each(CHAINS)('failures through %s', (kind) => {
  it('answers 503 and says when to come back when nothing listens', async () => {
    const { address } = await startChain(kind, `http://127.0.0.1:${await freePort()}`);
    const response = await exchange(address, GET);
    expect(response).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(response).toMatch(/Retry-After: [12]\r\n/);
    expect(response).toMatch(/\r\n\r\n503 UNREACHABLE: [^\n]+\n$/);
  });

  it('answers 504 when the origin gives no head in time, and drops its connection', async () => {
    const origin = await rawOrigin(() => undefined);
    const { address } = await startChain(kind, origin.address, ['--timeout', '60']);
    expect(await exchange(address, GET)).toMatch(
      /^HTTP\/1\.1 504 .*\r\n\r\n504 (?:TIMEOUT|DEADLINE): /s,
    );
    await origin.closed();
  });

  it.each([
    ['garbage', 'HELLO\r\n\r\n'],
    ['another protocol', 'HTTP/2.0 200 OK\r\n\r\n'],
    [
      'two framings',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc'],
    [
      'a coding nobody knows',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a folded line', 'HTTP/1.1 200 OK\r\nx-a: 1\r\n 2\r\ncontent-length: 0\r\n\r\n'],
    ['a bare line feed', 'HTTP/1.1 200 OK\r\nx-a: 1\nx-b: 2\r\ncontent-length: 0\r\n\r\n'],
    ['a blank before the colon', 'HTTP/1.1 200 OK\r\nx-a : 1\r\ncontent-length: 0\r\n\r\n'],
    ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n'],
    ['an endless head', `HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(40_000)}`],
  ])('answers 502 to an origin that sends %s', async (_what, answer) => {
    const origin = await rawOrigin(always(answer));
    const { address } = await startChain(kind, origin.address);
    expect(await exchange(address, GET)).toMatch(/^HTTP\/1\.1 502 .*\r\n\r\n502 UPSTREAM: /s);
    await origin.closed();
  });

  it('answers 502 when the origin breaks off before the end of its head', async () => {
    const origin = await rawOrigin((socket) => socket.end('HTTP/1.1 200 OK\r\nx-'));
    const { address } = await startChain(kind, origin.address);
    expect(await exchange(address, GET)).toMatch(/^HTTP\/1\.1 502 /);
  });

  it.each([
    ['declared', 'HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\nonly this', undefined],
    [
      'chunked',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nonly this\r\n',
      /\r\n0\r\n/,
    ],
  ])('never ends a %s body that the origin cut short', async (_how, answer, end) => {
    const origin = await rawOrigin((socket) => socket.end(answer));
    const { address } = await startChain(kind, origin.address);
    const client = await rawClient(address);
    client.write(GET);
    const received = await client.closed();
    if (received.startsWith('HTTP/1.1 200')) {
      expect(received).toContain('only this');
      if (end !== undefined) expect(received).not.toMatch(end);
    } else {
      expect(received).toMatch(/^HTTP\/1\.1 502 /);
    }
  });

  it('resets the connection of an HTTP/1.0 client whose response breaks off', async () => {
    const origin = await rawOrigin((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n');
    });
    const { address } = await startChain(kind, origin.address);
    const client = await rawClient(address);
    client.write('GET / HTTP/1.0\r\n\r\n');
    await client.got((text) => text.endsWith('ab'));
    origin.cut();
    await client.closed();
    expect(client.ending).toBe('reset');
  });

  it('never gives a request the bytes that an origin sent beyond the response before', async () => {
    const origin = await rawOrigin((socket, _received, turn) => {
      socket.write(turn === 0 ? `${OK}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil` : OK);
    });
    const { address } = await startChain(kind, origin.address, ['--connections', '1']);
    const client = await rawClient(address);
    client.write(GET + GET);
    expect(await client.got((text) => text.split('ok').length === 3)).toBe(OK + OK);
    expect(origin.connections).toBe(2);
  });

  it('cancels what it does for a client that leaves', async () => {
    const origin = await rawOrigin(() => undefined);
    const { address } = await startChain(kind, origin.address);
    const client = await rawClient(address);
    client.write(GET);
    await origin.got((text) => text.endsWith('\r\n\r\n'));
    client.destroy();
    await origin.closed();
  });

  it('cancels a streamed response whose reader leaves', async () => {
    const origin = await rawOrigin((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n');
    });
    const { address } = await startChain(kind, origin.address);
    const client = await rawClient(address);
    client.write(GET);
    await client.got((text) => text.endsWith('ab\r\n'));
    client.destroy();
    await origin.closed();
  });

  it('cancels an upload whose client leaves', async () => {
    const origin = await rawOrigin(() => undefined);
    const { address } = await startChain(kind, origin.address);
    const client = await rawClient(address);
    client.write('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc');
    await origin.got((text) => text.endsWith('abc'));
    client.destroy();
    await origin.closed();
  });

  it('repeats a GET when the kept connection turns out to be closed, but not a POST', async () => {
    const origin = await rawOrigin((socket, received, turn) => {
      // The first connection serves one request, and dies when the second arrives.
      if (turn === 0 && received.split('HTTP/1.1').length > 2) socket.destroy();
      else socket.write(OK);
    });
    const { address } = await startChain(kind, origin.address);
    expect(await exchange(address, GET)).toMatch(/^HTTP\/1\.1 200/);
    expect(await exchange(address, GET)).toMatch(/^HTTP\/1\.1 200/);
    expect(origin.connections).toBe(2);

    const other = await rawOrigin((socket, received, turn) => {
      if (turn === 0 && received.split('HTTP/1.1').length > 2) socket.destroy();
      else socket.write(OK);
    });
    const second = await startChain(kind, other.address);
    const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi';
    expect(await exchange(second.address, post)).toMatch(/^HTTP\/1\.1 200/);
    expect(await exchange(second.address, post)).toMatch(/^HTTP\/1\.1 502 .*UPSTREAM/s);
    expect(other.connections).toBe(1);
  });

  it('answers 413 to a body past the limit, declared or not', async () => {
    const origin = await rawOrigin(() => undefined);
    const { address, near } = await startChain(kind, origin.address, ['--max-body', '10']);
    const declared = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n';
    expect(await exchange(address, declared)).toMatch(
      /^HTTP\/1\.1 413 .*\r\n\r\n413 BODY_LIMIT: /s,
    );
    const chunked =
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n';
    expect(await exchange(address, chunked)).toMatch(/^HTTP\/1\.1 413 /);
    expect(stats(near).requests.byOutcome).toMatchObject({ BODY_LIMIT: 2 });
    expect(stats(near).limitHits).toMatchObject({ maxBodyBytes: 2 });
  });

  it('passes an early response on and goes on taking the body', async () => {
    const origin = await rawOrigin((socket, received) => {
      if (received.endsWith('\r\n\r\n')) socket.write(OK);
    });
    const { address } = await startChain(kind, origin.address);
    const client = await rawClient(address);
    client.write('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n');
    await client.got(hasWholeResponse);
    client.write('x'.repeat(100_000));
    await origin.got((text) => text.endsWith('x'.repeat(1000)) && text.length > 100_000);
  });
});

describe('a client that takes its time', () => {
  it('is answered 408 when its head is not complete in time, and that is counted', async () => {
    const origin = await rawOrigin(always(OK));
    const flags = [
      '--in',
      'http://127.0.0.1:0',
      '--out',
      origin.address,
      '--headers-timeout',
      '50',
    ];
    const proxy = await start(flags);
    const client = await rawClient(boundTo(proxy));
    client.write('GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ');
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 408 .*\r\n\r\n408 TIMEOUT: /s);
    expect(stats(proxy).limitHits).toEqual({ headersTimeout: 1 });
    expect(origin.connections).toBe(0);
  });
});

describe('more connections than are allowed', () => {
  it('are closed unanswered and counted, and let in again when one has ended', async () => {
    const origin = await rawOrigin(always(OK));
    const flags = ['--in', 'http://127.0.0.1:0', '--out', origin.address, '--max-connections', '1'];
    const proxy = await start(flags);
    const first = await rawClient(boundTo(proxy));
    first.write(GET);
    await first.got(hasWholeResponse);
    const second = await rawClient(boundTo(proxy));
    expect(await second.closed()).toBe('');
    expect(stats(proxy).limitHits).toEqual({ maxFrontConnections: 1 });
    first.write(GET.replace('Host', 'Connection: close\r\nHost'));
    await first.closed();
    // The client sees the end of its connection a moment before the proxy counts it as gone.
    let answer: string | undefined;
    while (answer === undefined) {
      answer = await exchange(boundTo(proxy), GET).catch(() => undefined);
    }
    expect(answer).toBe(OK);
  });
});

describe('several upstreams', () => {
  it('sends no further request to one that cannot be reached, and fails none for it', async () => {
    const origin = await rawOrigin(always(OK));
    const dead = `http://127.0.0.1:${await freePort()}`;
    const proxy = await start(['--in', 'http://127.0.0.1:0', '--out', `${dead},${origin.address}`]);
    for (let i = 0; i < 6; i++)
      expect(await exchange(boundTo(proxy), GET)).toMatch(/^HTTP\/1\.1 200/);
    expect(stats(proxy).requests.byOutcome).toEqual({ '2xx': 6 });
  });

  it('prefers one that works over one that answers 503', async () => {
    const sick = await rawOrigin(always('HTTP/1.1 503 Sick\r\ncontent-length: 0\r\n\r\n'));
    const well = await rawOrigin(always(OK));
    const proxy = await start([
      '--in',
      'http://127.0.0.1:0',
      '--out',
      `${sick.address},${well.address}`,
    ]);
    let failed = 0;
    for (let i = 0; i < 10; i++) {
      if ((await exchange(boundTo(proxy), GET)).startsWith('HTTP/1.1 503')) failed += 1;
    }
    expect(failed).toBeLessThanOrEqual(1);
  });
});

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}
