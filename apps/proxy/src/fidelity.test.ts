import { createClient } from '@tp/http';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { boundTo, CHAINS, start, startChain } from './test/chain.ts';
import { exchange, hasWholeResponse, rawClient } from './test/raw-client.ts';
import { always, rawOrigin } from './test/raw-origin.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe.each(CHAINS)('heads and bodies through %s', (kind) => {
  it('passes a request on byte for byte', async () => {
    const origin = await rawOrigin(always(OK));
    const { address } = await startChain(kind, origin.address);
    const request =
      "GET /a//b/../c?x=%7e&y='|^ HTTP/1.1\r\n" +
      'X-First: 1\r\nHost: Example.COM\r\nx-dup: a\r\n' +
      'Accept: */*\r\nX-DUP: b\r\nCookie: a=1; b=2\r\nX-Empty: \r\nX-Latin: \xe4\xf6\r\n\r\n';
    await exchange(address, request);
    expect(origin.received[0]).toBe(request);
  });

  it('passes a response on byte for byte', async () => {
    const response =
      'HTTP/1.1 299 So So\r\nServer: x\r\nSet-Cookie: a=1\r\nX-Mid: \xe4\r\nset-cookie: b=2\r\n' +
      'DATE: Mon, 23 Nov 2026 21:00:00 GMT\r\nETag: "1"\r\nContent-Length: 3\r\n\r\nabc';
    const origin = await rawOrigin(always(response));
    const { address } = await startChain(kind, origin.address);
    expect(await exchange(address, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toBe(response);
  });

  it('adds no field of its own where the origin sends none', async () => {
    const response = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
    const origin = await rawOrigin(always(response));
    const { address } = await startChain(kind, origin.address);
    expect(await exchange(address, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toBe(response);
  });

  it('passes nothing on that holds for one connection', async () => {
    const origin = await rawOrigin(
      always(
        'HTTP/1.1 200 OK\r\nConnection: X-Hop, keep-alive\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\n' +
          'X-End: 1\r\nUpgrade: h2c\r\nProxy-Connection: x\r\nContent-Length: 0\r\n\r\n',
      ),
    );
    const { address } = await startChain(kind, origin.address);
    const response = await exchange(
      address,
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Hop\r\nConnection: x-other\r\nX-Hop: 1\r\n' +
        'X-End: 1\r\nX-Other: 1\r\nKeep-Alive: 3\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\n' +
        'x-tp-remaining-ms: 5\r\nProxy-Authorization: Basic eA==\r\n\r\n',
    );
    expect(origin.received[0]).toBe(
      'GET / HTTP/1.1\r\nHost: a\r\nX-End: 1\r\nProxy-Authorization: Basic eA==\r\n\r\n',
    );
    expect(response).toBe(
      'HTTP/1.1 200 OK\r\nX-End: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    );
  });

  it('keeps what routes and frames a message, even where Connection names it', async () => {
    const origin = await rawOrigin(always(OK));
    const { address } = await startChain(kind, origin.address);
    await exchange(
      address,
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: host, content-length\r\nContent-Length: 2\r\n\r\nhi',
    );
    expect(origin.received[0]).toBe('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi');
  });

  it('keeps the declared length of a body, and chunks one that has none', async () => {
    const origin = await rawOrigin(always(OK));
    const { address } = await startChain(kind, origin.address);
    await exchange(address, 'PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello');
    await exchange(
      address,
      'POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n',
    );
    await exchange(address, 'POST /3 HTTP/1.1\r\nHost: a\r\n\r\n');
    await exchange(address, 'POST /4 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
    const received = origin.received.join('');
    expect(received).toContain('PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello');
    const chunked =
      /POST \/2 HTTP\/1\.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n(.*?\r\n)0\r\n\r\n/s;
    expect(dechunked(chunked.exec(received)?.[1] ?? '')).toBe('abcde');
    expect(received).toContain('POST /3 HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(received).toContain('POST /4 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
  });

  it('answers HEAD, 204 and 304 without a body, lengths as the origin gave them', async () => {
    const answers = new Map([
      ['/head', 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n'],
      ['/204', 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n'],
      ['/304', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: "x"\r\n\r\n'],
    ]);
    const origin = await rawOrigin((socket, received) => {
      const path = received.split(' ').at(-3) ?? '';
      socket.write(answers.get(path) ?? '');
    });
    const { address } = await startChain(kind, origin.address);
    for (const [path, answer] of answers) {
      const method = path === '/head' ? 'HEAD' : 'GET';
      const client = await rawClient(address);
      client.write(`${method} ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      expect(await client.got((text) => text.endsWith('\r\n\r\n'))).toBe(answer);
    }
  });

  it('passes trailers on in both directions', async () => {
    const origin = await rawOrigin((socket, received) => {
      if (!/\r\n0\r\n.*\r\n\r\n$/s.test(received)) return;
      socket.write(
        'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n' +
          '2\r\nok\r\n0\r\nX-Sum: 7\r\nX-Sum: 8\r\n\r\n',
      );
    });
    const { address } = await startChain(kind, origin.address);
    const response = await exchange(
      address,
      'POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nTransfer-Encoding: chunked\r\n\r\n' +
        '2\r\nhi\r\n0\r\nX-Check: 1\r\n\r\n',
    );
    expect(origin.received[0]).toBe(
      'POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nTransfer-Encoding: chunked\r\n\r\n' +
        '2\r\nhi\r\n0\r\nX-Check: 1\r\n\r\n',
    );
    expect(response).toBe(
      'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n' +
        '2\r\nok\r\n0\r\nX-Sum: 7\r\nX-Sum: 8\r\n\r\n',
    );
  });

  it('passes 103 on ahead of the response', async () => {
    const answer =
      'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>\r\n\r\n' +
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    const origin = await rawOrigin(always(answer));
    const { address } = await startChain(kind, origin.address);
    expect(await exchange(address, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toBe(answer);
  });

  it('passes Expect on, and the origin asks for the body', async () => {
    const origin = await rawOrigin((socket, received) => {
      if (received.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      if (received.endsWith('body')) socket.write(OK);
    });
    const { address } = await startChain(kind, origin.address);
    const client = await rawClient(address);
    client.write('PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
    await client.got((text) => text === 'HTTP/1.1 100 Continue\r\n\r\n');
    client.write('body');
    expect(await client.got(hasWholeResponse)).toBe(`HTTP/1.1 100 Continue\r\n\r\n${OK}`);
  });

  it('asks for the body itself when the origin has not done so for 1 s', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const origin = await rawOrigin((socket, received) => {
      if (received.endsWith('body')) socket.write(OK);
    });
    const { address } = await startChain(kind, origin.address);
    const client = await rawClient(address);
    client.write('PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
    await origin.got((text) => text.endsWith('\r\n\r\n'));
    vi.advanceTimersByTime(999);
    await exchange(address, 'GET /bad HTTP/1.1\r\nHost: a b\r\n\r\n');
    expect(client.received).toBe('');
    vi.advanceTimersByTime(1);
    await client.got((text) => text === 'HTTP/1.1 100 Continue\r\n\r\n');
    client.write('body');
    expect(await client.got(hasWholeResponse)).toBe(`HTTP/1.1 100 Continue\r\n\r\n${OK}`);
  });

  it('passes a refusal of Expect on without asking for the body, and closes', async () => {
    const origin = await rawOrigin((socket) => {
      socket.write('HTTP/1.1 417 Nope\r\nContent-Length: 0\r\n\r\n');
    });
    const { address } = await startChain(kind, origin.address);
    const client = await rawClient(address);
    client.write('PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
    expect(await client.closed()).toBe(
      'HTTP/1.1 417 Nope\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    );
  });

  it('passes a response on that is delimited by the end of the connection, chunked', async () => {
    const origin = await rawOrigin((socket) => {
      socket.end('HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\nall of it');
    });
    const { address } = await startChain(kind, origin.address);
    expect(await exchange(address, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toBe(
      'HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nall of it\r\n0\r\n\r\n',
    );
  });

  it('serves HTTP/1.0, with the connection kept only where that was asked for', async () => {
    const origin = await rawOrigin(always(OK));
    const { address } = await startChain(kind, origin.address);
    const old = await rawClient(address);
    old.write('GET / HTTP/1.0\r\n\r\n');
    expect(await old.closed()).toBe(OK);
    const kept = await rawClient(address);
    kept.write('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    expect(await kept.got(hasWholeResponse)).toBe(
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nConnection: keep-alive\r\n\r\nok',
    );
  });

  it('answers pipelined requests in order', async () => {
    const origin = await rawOrigin(always('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{n}'));
    const { address } = await startChain(kind, origin.address, ['--connections', '1']);
    const client = await rawClient(address);
    client.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    const both = await client.got(
      (text) => text.split('HTTP/1.1').length === 3 && text.endsWith('2'),
    );
    expect(both).toBe(
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n2',
    );
  });
});

function dechunked(text: string): string {
  let body = '';
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, end), 16);
    body += text.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
  return body;
}

describe('x-tp-remaining-ms', () => {
  it('tells the origin what is left of a deadline, whatever the client says', async () => {
    const origin = await rawOrigin(always(OK));
    const far = await start(['--in', 'teleport://127.0.0.1:0', '--out', origin.address]);
    const client = createClient(boundTo(far));
    onTestFinished(() => client.close());
    const headers = { 'X-Tp-Remaining-Ms': '9000000' };
    await client.request({ path: '/with', headers, deadlineMs: 60_000 });
    await client.request({ path: '/without', headers });
    const [first = '', second = ''] = (origin.received[0] ?? '').split('GET /without');
    const said = [...first.matchAll(/^x-tp-remaining-ms: (\d+)\r$/gim)].map((match) => match[1]);
    expect(said).toHaveLength(1);
    expect(Number(said[0])).toBeGreaterThan(0);
    expect(Number(said[0])).toBeLessThanOrEqual(60_000);
    expect(second).not.toMatch(/remaining/i);
  });

  it('passes through a proxy in between', async () => {
    const origin = await rawOrigin(always(OK));
    const far = await start(['--in', 'teleport://127.0.0.1:0', '--out', origin.address]);
    const middle = await start(['--in', 'teleport://127.0.0.1:0', '--out', boundTo(far)]);
    const client = createClient(boundTo(middle));
    onTestFinished(() => client.close());
    await client.request({ path: '/', deadlineMs: 60_000 });
    expect(origin.received[0]).toMatch(/^x-tp-remaining-ms: [1-9]\d*\r$/m);
  });
});
