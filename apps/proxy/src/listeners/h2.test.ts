import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stats } from '../admin/stats.ts';
import { CERTIFICATE, KEY } from '../test/certificate.ts';
import { boundTo, configFile, start } from '../test/chain.ts';
import { exchange, rawClient } from '../test/raw-client.ts';
import { always, type RawOrigin, rawOrigin, type Script } from '../test/raw-origin.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

async function startH2(script: Script = always(OK), settings = '', scheme = 'http') {
  const origin = await rawOrigin(script);
  const tls = scheme === 'https' ? 'tls: { certificates: [{ cert: a.pem, key: a.key }] },' : '';
  const path = configFile(
    `listeners: [{ url: '${scheme}://127.0.0.1:0', http2: true, ${tls} ${settings} }]\nout: ${origin.address}\n`,
  );
  writeFileSync(join(dirname(path), 'a.pem'), CERTIFICATE);
  writeFileSync(join(dirname(path), 'a.key'), KEY);
  const proxy = await start(['--config', path]);
  return { origin, proxy, address: boundTo(proxy) };
}

function connect(address: string): http2.ClientHttp2Session {
  const session = http2.connect(address, { ca: CERTIFICATE, servername: 'localhost' });
  session.on('error', () => undefined);
  onTestFinished(() => session.destroy());
  return session;
}

interface Answer {
  readonly headers: http2.IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: http2.IncomingHttpHeaders | undefined;
  readonly informed: http2.IncomingHttpHeaders[];
}

async function ask(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body?: string,
): Promise<Answer> {
  const stream = session.request(headers, { endStream: body === undefined });
  const informed: http2.IncomingHttpHeaders[] = [];
  let trailers: http2.IncomingHttpHeaders | undefined;
  stream.on('headers', (one) => void informed.push(one));
  stream.on('trailers', (one) => {
    trailers = one;
  });
  const head = once(stream, 'response');
  if (body !== undefined) stream.end(body);
  const [response] = await head;
  let text = '';
  for await (const piece of stream) text += String(piece);
  return { headers: response, body: text, trailers, informed };
}

describe.each(['http', 'https'])('HTTP/2 at a listener of %s', (scheme) => {
  it('is passed on as HTTP/1.1 in the same words', async () => {
    const { origin, address } = await startH2(undefined, '', scheme);
    const { headers, body } = await ask(connect(address), {
      ':path': '/a?b',
      ':authority': 'site.example:81',
      'x-one': '1',
      cookie: ['a=1', 'b=2', 'c=3'],
    });
    expect(headers).toMatchObject({ ':status': 200, 'content-length': '2' });
    expect(body).toBe('ok');
    expect(origin.received[0]).toBe(
      'GET /a?b HTTP/1.1\r\nhost: site.example:81\r\nx-one: 1\r\ncookie: a=1; b=2; c=3\r\n\r\n',
    );
  });

  it('carries many requests at once, and HTTP/1.1 still has its own connections', async () => {
    const { address, origin } = await startH2(undefined, '', scheme);
    const session = connect(address);
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_one, i) => ask(session, { ':path': `/${i}` })),
    );
    expect(answers.map(({ body }) => body)).toEqual(answers.map(() => 'ok'));
    const paths = origin.received.join('').match(/GET \/\d+ /g) ?? [];
    expect(new Set(paths).size).toBe(300);
    if (scheme === 'http') {
      expect(await exchange(address, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toBe(OK);
    }
  });

  it.skipIf(!existsSync('/usr/bin/curl'))('serves curl', async () => {
    const { address } = await startH2(undefined, '', scheme);
    const version = scheme === 'http' ? '--http2-prior-knowledge' : '--http2';
    const write = '%{http_version} %{http_code}';
    const flags = ['-sk', version, '-w', write, '--data', 'hi', address];
    const { stdout } = await promisify(execFile)('/usr/bin/curl', flags);
    expect(stdout).toBe('ok2 200');
  });
});

const CHUNKED_OK =
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nConnection: x\r\nX: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 9\r\n\r\n';

/** Reads a request whose body has a length of its own, or is chunked. */
function answerWhenWhole(answer: string): Script {
  return (socket, received) => {
    if (/\r\n\r\nhello$|\r\n0\r\n(?:[^\r]+\r\n)*\r\n$/.test(received)) socket.write(answer);
  };
}

describe('a request over HTTP/2', () => {
  it('has body, early hints, trailers and repeated fields as in HTTP/1.1', async () => {
    const { origin, address } = await startH2(answerWhenWhole(CHUNKED_OK));
    const session = connect(address);
    const answer = await ask(session, { ':method': 'POST', 'content-length': 5 }, 'hello');
    expect(answer.informed).toMatchObject([{ ':status': 103, link: '</a>' }]);
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(answer.headers).not.toHaveProperty('connection');
    expect(answer.headers).not.toHaveProperty('x');
    expect(answer.body).toBe('hello');
    expect(answer.trailers).toMatchObject({ 'x-sum': '9' });
    expect(origin.received[0]).toMatch(/^POST \/ HTTP\/1\.1\r\n.*content-length: 5\r\n\r\nhello$/s);
  });

  it('is chunked without a length, its trailers behind it', async () => {
    const { origin, address } = await startH2(answerWhenWhole(OK));
    const stream = connect(address).request(
      { ':method': 'POST', ':path': '/' },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7', host: 'b' }));
    stream.end('hello');
    await once(stream, 'response');
    expect(origin.received[0]).toMatch(
      /\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 7\r\n\r\n$/,
    );
  });

  it.each([
    [501, { ':method': 'CONNECT', ':authority': 'a:80' }],
    [414, { ':path': `/${'a'.repeat(9_000)}` }],
    [431, { x: 'a'.repeat(17_000) }],
  ])('is refused with %i for %j', async (status, headers) => {
    const { origin, address } = await startH2();
    const session = connect(address);
    expect((await ask(session, headers)).headers[':status']).toBe(status);
    expect(origin.connections).toBe(0);
    expect((await ask(session, { ':path': '/' })).body).toBe('ok');
  });

  it('that is given up ends its connection to the origin, and no other request', async () => {
    const { origin, address } = await startH2((socket, received) => {
      if (!received.includes('/slow')) socket.write(OK);
    });
    const session = connect(address);
    const slow = session.request({ ':path': '/slow' });
    slow.on('error', () => undefined);
    await originGot(origin);
    slow.close(http2.constants.NGHTTP2_CANCEL);
    await origin.closed(0);
    expect((await ask(session, { ':path': '/quick' })).body).toBe('ok');
  });

  it.each([
    { ':path': '*' },
    { ':path': 'nonsense' },
    { ':authority': 'a/b' },
    { ':authority': 'u@a' },
  ])('is reset where it is malformed: %j', async (headers) => {
    const { origin, address } = await startH2();
    const session = connect(address);
    await expect(ask(session, headers)).rejects.toThrow();
    expect(origin.connections).toBe(0);
  });

  it.each([
    'content-length: 500000\r\n\r\npart',
    'Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n',
  ])('is reset when its response breaks off: %j', async (rest) => {
    const { address } = await startH2((socket) => void socket.end(`HTTP/1.1 200 OK\r\n${rest}`));
    const failed = ask(connect(address), { ':path': '/' });
    await expect(failed).rejects.toThrow('NGHTTP2_INTERNAL_ERROR');
  });
});

async function originGot(origin: RawOrigin): Promise<void> {
  while (origin.connections === 0) await new Promise((resolve) => setImmediate(resolve));
  await origin.got((text) => text.endsWith('\r\n\r\n'));
}

describe('a connection of HTTP/2', () => {
  it('may open and reset streams 1000 times at once, and not for ever', async () => {
    const { proxy, address } = await startH2(() => undefined);
    const session = connect(address);
    await once(session, 'remoteSettings');
    const closed = once(session, 'close');
    const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = http2.constants;
    while (!session.destroyed && !session.closed) {
      for (let i = 0; i < 100 && !session.destroyed && !session.closed; i++) {
        const stream = session.request({ ':path': '/' });
        stream.on('error', () => undefined);
        stream.close(i % 2 === 0 ? NGHTTP2_CANCEL : NGHTTP2_NO_ERROR);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await closed;
    expect(stats(proxy).limitHits).toMatchObject({ cancelBurst: 1 });
    const other = await ask(connect(address), { ':method': 'CONNECT', ':authority': 'a:80' });
    expect(other.headers[':status']).toBe(501);
  });

  it('is told of the end, and serves what it has until then', async () => {
    let answer = (): void => undefined;
    const { origin, proxy, address } = await startH2((socket) => {
      answer = () => void socket.write(OK);
    });
    const session = connect(address);
    const told = once(session, 'goaway');
    const answered = ask(session, { ':path': '/' });
    await originGot(origin);
    const draining = Promise.all(
      proxy.listeners.map((listener) => listener.drain(Promise.resolve(), 'now')),
    );
    await told;
    answer();
    expect((await answered).body).toBe('ok');
    await draining;
  });

  it('is known by its preface, cut anywhere', async () => {
    const { address } = await startH2();
    for (let cut = 1; cut < PREFACE.length; cut++) {
      const client = await rawClient(address);
      client.write(PREFACE.slice(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      client.write(`${PREFACE.slice(cut)}\0\0\0\x04\0\0\0\0\0`);
      // Its settings: a frame of type 4 on stream 0.
      await client.got((text) => text.length > 9 && text[3] === '\x04');
      client.destroy();
    }
  });

  it('is cut off when its first bytes take too long', async () => {
    const { proxy, address } = await startH2(undefined, 'headers-timeout: 50');
    const client = await rawClient(address);
    client.write(PREFACE.slice(0, 10));
    await client.closed();
    expect(stats(proxy).limitHits).toMatchObject({ headersTimeout: 1 });
  });

  it('comes behind a header of the PROXY protocol as well', async () => {
    const settings = 'proxy-protocol: true, trusted: [127.0.0.1], forwarded: [x-forwarded-for]';
    const { origin, address } = await startH2(undefined, settings);
    const socket = net.connect(Number(new URL(address).port), '127.0.0.1');
    socket.write('PROXY TCP4 192.0.2.7 10.0.0.1 12345 80\r\n');
    const session = http2.connect(address, { createConnection: () => socket });
    onTestFinished(() => session.destroy());
    expect((await ask(session, { ':path': '/' })).body).toBe('ok');
    expect(origin.received[0]).toContain('x-forwarded-for: 192.0.2.7\r\n');
  });
});
