import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { boundTo, CHAINS, start, startChain } from './test/chain.ts';
import { exchange, rawClient } from './test/raw-client.ts';
import { always, type RawOrigin, rawOrigin } from './test/raw-origin.ts';

const ASK = 'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n';
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** A real HTTP server, with the sockets that it has switched, in order. */
interface SwitchingOrigin {
  readonly address: string;
  /** Resolves with the next one. */
  socket(): Promise<Duplex>;
}

async function switchingOrigin(path?: string): Promise<SwitchingOrigin> {
  const server = http.createServer((_request, response) => response.end('ok'));
  const sockets: Duplex[] = [];
  const waiting: ((socket: Duplex) => void)[] = [];
  server.on('upgrade', (_request, socket: Duplex) => {
    socket.on('error', () => {});
    socket.write(SWITCH);
    const next = waiting.shift();
    if (next === undefined) sockets.push(socket);
    else next(socket);
  });
  const all = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => all.add(socket));
  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of all) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const bound = server.address();
  const address =
    typeof bound === 'object' && bound !== null ? `http://127.0.0.1:${bound.port}` : `unix:${path}`;
  return {
    address,
    socket: async () =>
      sockets.shift() ?? (await new Promise<Duplex>((resolve) => waiting.push(resolve))),
  };
}

/** A client's socket whose request was switched. */
async function switched(address: string): Promise<net.Socket> {
  const place = address.startsWith('unix:')
    ? { path: address.slice(5) }
    : { host: '127.0.0.1', port: Number(new URL(address).port) };
  const socket = net.connect({ ...place, allowHalfOpen: true });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  socket.write(ASK);
  const [head] = await once(socket, 'data');
  expect(String(head)).toBe(SWITCH);
  return socket;
}

async function piece(socket: Duplex): Promise<string> {
  const [bytes] = await once(socket, 'data');
  return String(bytes);
}

function closed(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}

async function gather(socket: Duplex): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const bytes of socket) pieces.push(bytes);
  return Buffer.concat(pieces);
}

function ends(text: string, count = 1): boolean {
  return text.split('\r\n\r\n').length > count;
}

/** What an origin got of a request, without `x-tp-remaining-ms`. */
async function received(origin: RawOrigin): Promise<string> {
  return (await origin.got((text) => ends(text))).replace(/x-tp-remaining-ms: \d+\r\n/, '');
}

describe.each(CHAINS)('an upgrade through %s', (kind) => {
  it('passes on exactly the two fields that ask for it, and what else is end-to-end', async () => {
    const origin = await rawOrigin(always(SWITCH));
    const { address } = await startChain(kind, origin.address);
    await exchange(
      address,
      'GET /a?b HTTP/1.1\r\nhost: a\r\nX-One: 1\r\nCONNECTION: keep-alive, Upgrade, x-hop\r\nuPgrade: Chat/1\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nconnection: te\r\nX-Two: 2\r\n\r\n',
      (text) => ends(text) || text.includes('502'),
    );
    expect(await received(origin)).toBe(
      'GET /a?b HTTP/1.1\r\nhost: a\r\nX-One: 1\r\nCONNECTION: Upgrade\r\nuPgrade: Chat/1\r\nX-Two: 2\r\n\r\n',
    );
  });

  it('passes the answer on as it is, with what comes behind it in the same packet', async () => {
    const answer =
      'HTTP/1.1 101 Of Course\r\nX-A: 1\r\nupgrade: CHAT\r\nConnection: upgrade, x-b\r\nx-b: 2\r\nSet-Cookie: a\r\nset-cookie: b\r\n\r\n';
    const origin = await rawOrigin((socket, text) => {
      if (text.endsWith('\r\n\r\n')) socket.write(`${answer}first`);
      else if (text.endsWith('early')) socket.write(' second');
    });
    const { address } = await startChain(kind, origin.address);
    const client = await rawClient(address);
    client.write(`${ASK}early`);
    expect(await client.got((text) => text.endsWith('first second'))).toBe(
      'HTTP/1.1 101 Of Course\r\nX-A: 1\r\nupgrade: CHAT\r\nConnection: Upgrade\r\nSet-Cookie: a\r\nset-cookie: b\r\n\r\nfirst second',
    );
  });

  it('carries each piece both ways as soon as it is written', async () => {
    const origin = await switchingOrigin();
    const { address } = await startChain(kind, origin.address);
    const near = await switched(address);
    const far = await origin.socket();
    for (let i = 0; i < 20; i++) {
      near.write(`ping ${i}`);
      expect(await piece(far)).toBe(`ping ${i}`);
      far.write(`pong ${i}`);
      expect(await piece(near)).toBe(`pong ${i}`);
    }
  });

  it('carries 8 MiB each way at once, whole', async () => {
    const origin = await switchingOrigin();
    const { address } = await startChain(kind, origin.address);
    const near = await switched(address);
    const far = await origin.socket();
    const sent = randomBytes(8 * 1024 * 1024);
    const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    near.end(sent);
    far.end(sent);
    const [there, back] = await Promise.all([gather(far), gather(near)]);
    expect([hash(there), hash(back)]).toEqual([hash(sent), hash(sent)]);
  });

  it('lets either direction end before the other', async () => {
    const origin = await switchingOrigin();
    const { address } = await startChain(kind, origin.address);
    for (const first of ['near', 'far']) {
      const near = await switched(address);
      const far = await origin.socket();
      const [one, two] = first === 'near' ? [near, far] : [far, near];
      one.end('all');
      expect(String(await gather(two))).toBe('all');
      two.write('still ');
      expect(await piece(one)).toBe('still ');
      two.end('here');
      expect(String(await gather(one))).toBe('here');
      await Promise.all([closed(near), closed(far)]);
    }
  });

  it.each(['near', 'far'])('a cut at the %s end is one at the other, at once', async (who) => {
    const origin = await switchingOrigin();
    const { address } = await startChain(kind, origin.address);
    const near = await switched(address);
    const far = await origin.socket();
    near.write('x');
    expect(await piece(far)).toBe('x');
    const [one, two] = who === 'near' ? [near, far] : [far, near];
    const [error] = await Promise.all([
      once(two, 'error').then(([one]) => String(one)),
      one instanceof net.Socket ? one.resetAndDestroy() : one.destroy(),
    ]);
    expect(error).toContain('ECONNRESET');
    await closed(two);
  });

  it('a client that leaves before the answer takes its request along', async () => {
    const origin = await rawOrigin(() => undefined);
    const { address } = await startChain(kind, origin.address);
    for (const [i, leave] of (['destroy', 'end'] as const).entries()) {
      const client = await rawClient(address);
      client.write(ASK);
      await origin.got((text) => ends(text), i);
      client[leave]();
      await origin.closed(i);
    }
  });

  it.each([
    ['a body', 'HTTP/1.1 403 Forbidden\r\nx-a: 1\r\ncontent-length: 2\r\n\r\nno', 'no'],
    [
      'a chunked body',
      'HTTP/1.1 426 Upgrade Required\r\ntransfer-encoding: chunked\r\n\r\n3\r\nnot\r\n0\r\n\r\n',
      '3\r\nnot\r\n0\r\n\r\n',
    ],
    ['no body', 'HTTP/1.1 204 No Content\r\n\r\n', ''],
  ])(
    'a refusal with %s is an answer like any other, the last of its connection',
    async (_what, answer, end) => {
      const origin = await rawOrigin(always(answer));
      const { address } = await startChain(kind, origin.address);
      const client = await rawClient(address);
      client.write(ASK);
      const response = await client.closed();
      expect(response.split('\r\n')[0]).toBe(answer.split('\r\n')[0]);
      expect(response).toContain('\r\nConnection: close\r\n');
      expect(response.endsWith(`\r\n\r\n${end}`)).toBe(true);
      expect(client.ending).toBe('end');
    },
  );

  it('informational heads come before the switch', async () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n';
    const origin = await rawOrigin(always(early + SWITCH));
    const { address } = await startChain(kind, origin.address);
    const response = await exchange(address, ASK, (text) => ends(text, 2));
    expect(response).toBe(early + SWITCH);
  });

  it.each([
    [
      'cleartext HTTP/2',
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk',
    ],
    ['cleartext HTTP/2, in capitals', 'Connection: Upgrade\r\nUpgrade: H2C'],
    ['another version of HTTP', 'Connection: Upgrade\r\nUpgrade: HTTP/2.0'],
    ['several protocols', 'Connection: Upgrade\r\nUpgrade: chat, h2c'],
    ['two fields', 'Connection: Upgrade\r\nUpgrade: chat\r\nUpgrade: h2c'],
    ['no valid token', 'Connection: Upgrade\r\nUpgrade: ch@t'],
    ['nothing', 'Connection: Upgrade\r\nUpgrade:'],
    ['a protocol that Connection does not name', 'Connection: close\r\nUpgrade: chat'],
  ])('asking for %s asks for nothing', async (_what, lines) => {
    const origin = await rawOrigin(always(OK));
    const { address } = await startChain(kind, origin.address);
    const request = `GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`;
    expect(await exchange(address, request)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nok$/s);
    expect(await received(origin)).toBe('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  });

  it('a request in HTTP/1.0 asks for nothing', async () => {
    const origin = await rawOrigin(always(OK));
    const { address } = await startChain(kind, origin.address);
    const request = ASK.replace('HTTP/1.1', 'HTTP/1.0');
    expect(await exchange(address, request)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(await received(origin)).toBe('GET /chat HTTP/1.1\r\nHost: a\r\n\r\n');
  });

  it.each([
    ['of declared length', 'Content-Length: 3\r\n\r\nabc', 'Content-Length: 3\r\n\r\nabc'],
    [
      'in chunks',
      'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    ],
  ])('a request with a body %s asks for nothing, and keeps its body', async (_what, sent, got) => {
    const origin = await rawOrigin(always(OK));
    const { address } = await startChain(kind, origin.address);
    const client = await rawClient(address);
    const head = 'POST / HTTP/1.1\r\nHost: a\r\n';
    client.write(`${head}Connection: Upgrade\r\nUpgrade: chat\r\n${sent}`);
    await client.got((text) => text.endsWith('ok'));
    const text = await origin.got((all) => all.includes('abc') && all.includes('\r\n\r\n'));
    const plain = text.replace(/x-tp-remaining-ms: \d+\r\n/, '');
    expect(plain.slice(0, head.length + got.length)).toBe(head + got);
  });

  it('one that waits behind another response of its connection asks for nothing', async () => {
    let answer = (): void => {};
    const origin = await rawOrigin((socket, text) => {
      if (/^GET \/slow /.test(text) && answer.name === 'answer') answer = () => socket.write(OK);
      else if (/^GET \/chat /.test(text)) socket.write(OK.replace('ok', 'no'));
    });
    const { address } = await startChain(kind, origin.address, ['--connections', '2']);
    const client = await rawClient(address);
    client.write(`GET /slow HTTP/1.1\r\nHost: a\r\n\r\n${ASK}`);
    await origin.got((text) => ends(text), 0);
    answer();
    const all = await client.got((text) => text.includes('\r\n\r\nok'));
    expect(all).not.toContain('101');
  });

  it.each([
    ['that it was not asked for', SWITCH.replace('chat', 'other')],
    ['that it does not name', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n'],
    ['that it names twice', SWITCH.replace('Upgrade: chat', 'Upgrade: chat\r\nUpgrade: chat')],
    ['with a body', SWITCH.replace('\r\n\r\n', '\r\nContent-Length: 3\r\n\r\nabc')],
    ['with chunks', SWITCH.replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')],
  ])('an origin that switches to a protocol %s gets no further: 502', async (_what, answer) => {
    const origin = await rawOrigin(always(answer));
    const { address } = await startChain(kind, origin.address);
    const client = await rawClient(address);
    client.write(ASK);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 502 .*502 UPSTREAM: /s);
    await origin.closed();
  });

  it('is not sent again when its connection breaks, and uses no kept one', async () => {
    const origin = await rawOrigin((socket, text) => {
      if (text.startsWith('GET /chat')) socket.destroy();
      else socket.write(OK);
    });
    const { address } = await startChain(kind, origin.address);
    expect(await exchange(address, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toMatch(/ 200 OK/);
    const client = await rawClient(address);
    client.write(ASK);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 502 /);
    expect(origin.connections).toBe(2);
  });

  it('takes no place in the pool: more than --connections may stand', async () => {
    const origin = await switchingOrigin();
    const { address } = await startChain(kind, origin.address, ['--connections', '1']);
    const all = await Promise.all(Array.from({ length: 5 }, () => switched(address)));
    expect(await exchange(address, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toMatch(/ 200 OK/);
    for (const socket of all) socket.write('x');
    for (let i = 0; i < 5; i++) expect(await piece(await origin.socket())).toBe('x');
  });

  it('counts as 1xx, and its bytes as those of HTTP', async () => {
    const origin = await switchingOrigin();
    const { address, near: proxy } = await startChain(kind, origin.address);
    const near = await switched(address);
    const far = await origin.socket();
    near.end(Buffer.alloc(100_000));
    far.end(Buffer.alloc(50_000));
    await Promise.all([gather(far), gather(near)]);
    const outcomes = proxy.meters.routes.flatMap(({ outcomes }) => [...outcomes]);
    expect(outcomes).toEqual([['1xx', 1]]);
    const figures = proxy.listeners.map((listener) => listener.figures());
    expect(figures[0]?.httpBytesIn).toBe(ASK.length + 100_000);
    expect(figures[0]?.httpBytesOut).toBe(SWITCH.length + 50_000);
  });

  it('is cut when the proxy has drained for long enough', async () => {
    const origin = await switchingOrigin();
    const { address, near: proxy } = await startChain(kind, origin.address);
    const near = await switched(address);
    const far = await origin.socket();
    const closing = proxy.close();
    near.resume().once('end', () => near.end());
    far.resume();
    await Promise.all([closed(near), closed(far), closing]);
  });

  it('goes from one unix socket to another', async () => {
    const place = mkdtempSync(join(tmpdir(), 'tp-upgrade-'));
    const origin = await switchingOrigin(join(place, 'origin'));
    const far = await start(['--in', `teleport+unix:${place}/link`, '--out', origin.address]);
    const out = kind === 'a pair' ? boundTo(far) : origin.address;
    const near = await start(['--in', `unix:${place}/front`, '--out', out]);
    const client = await switched(boundTo(near));
    const socket = await origin.socket();
    client.write('hello');
    expect(await piece(socket)).toBe('hello');
    socket.destroy();
    expect(String(await gather(client))).toBe('');
    client.end();
    await closed(client);
  });
});
