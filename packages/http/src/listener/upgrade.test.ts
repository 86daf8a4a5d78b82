import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import {
  createClient,
  createNodeServer,
  fromListener,
  isTpError,
  type Response,
  type ServerOptions,
  type UpgradeListener,
  type UpgradeResponse,
} from '../index.ts';
import { failure, gather, pair } from '../test/pair.ts';

const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n';
const ASK = { path: '/chat?a', protocol: 'chat' } as const;
const DRAIN = { drainTimeoutMs: 50 };

/** A pair of which the server has a listener for upgrades; others are answered with `plain`. */
function listening(upgrade: UpgradeListener, options: ServerOptions = {}) {
  const plain = fromListener((_request, response) => response.end('plain'), { upgrade });
  return pair(plain, { ...DRAIN, ...options }, DRAIN);
}

function socketOf(response: UpgradeResponse): Duplex {
  if (response.socket === undefined) throw new Error(`refused with ${response.status}`);
  return response.socket;
}

function refused(response: UpgradeResponse): Response {
  if (response.socket !== undefined) throw new Error('switched');
  return response;
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

function echo(_request: IncomingMessage, socket: Socket): void {
  socket.write(`${SWITCH}\r\n`);
  socket.pipe(socket);
}

describe('a listener for upgrades', () => {
  test('gets the request, a socket and nothing that came before', async () => {
    let seen: unknown;
    await using both = await listening((request, socket, head) => {
      const { method, url, headers, rawHeaders } = request;
      const { remoteAddress, readable, writable } = socket;
      seen = { method, url, headers, rawHeaders, remoteAddress, readable, writable, head };
      echo(request, socket);
    });
    socketOf(await both.client.upgrade({ ...ASK, headers: ['X-A', '1'] })).destroy();
    expect(seen).toEqual({
      method: 'GET',
      url: '/chat?a',
      headers: { 'x-a': '1', connection: 'Upgrade', upgrade: 'chat' },
      rawHeaders: ['X-A', '1', 'Connection', 'Upgrade', 'Upgrade', 'chat'],
      remoteAddress: '127.0.0.1',
      readable: true,
      writable: true,
      head: Buffer.alloc(0),
    });
  });

  test('switches with what it writes, in as many pieces as it likes, and what stands behind', async () => {
    await using both = await listening((_request, socket) => {
      for (const part of [`${SWITCH}X-`, 'B: 2\r', '\n\r\nfirst', ' second']) socket.write(part);
      socket.write(Buffer.from(' third'));
    });
    const answer = await both.client.upgrade(ASK);
    const fields = ['Connection', 'Upgrade', 'Upgrade', 'chat', 'X-B', '2'];
    expect([answer.status, answer.headers.raw]).toEqual([101, fields]);
    const socket = socketOf(answer);
    let found = '';
    while (found.length < 'first second third'.length) found += await piece(socket);
    expect(found).toBe('first second third');
  });

  test('may end with its 101', async () => {
    await using both = await listening((_request, socket) => socket.end(`${SWITCH}\r\nall`));
    const socket = socketOf(await both.client.upgrade(ASK));
    expect(String(await gather(socket))).toBe('all');
    socket.end();
    await closed(socket);
  });

  test('has a socket of which either direction may end first', async () => {
    for (const first of ['near', 'far']) {
      const taken = Promise.withResolvers<Duplex>();
      await using both = await listening((_request, socket) => {
        socket.write(`${SWITCH}\r\n`);
        taken.resolve(socket);
      });
      const near = socketOf(await both.client.upgrade(ASK));
      const far = await taken.promise;
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

  test('takes and gives 4 MiB with backpressure', async () => {
    await using both = await listening(echo);
    const socket = socketOf(await both.client.upgrade(ASK));
    const sent = Buffer.alloc(4 * 1024 * 1024, 'abcdefg');
    socket.end(sent);
    expect((await gather(socket)).equals(sent)).toBe(true);
  });

  test.each([
    [
      'whole',
      'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 3\r\n\r\nwhy',
      'why',
    ],
    [
      'chunked',
      'HTTP/1.1 426 Upgrade Required\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwhy\r\n0\r\n\r\n',
      'why',
    ],
    ['up to its end', 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\nwhy', 'why'],
    ['bodiless', 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', ''],
  ])('refuses with a response that is %s', async (_what, text, body) => {
    await using both = await listening((_request, socket) => {
      socket.once('finish', () => socket.destroy());
      socket.end(text);
    });
    const response = refused(await both.client.upgrade(ASK));
    expect(response.status).toBe(Number(text.slice(9, 12)));
    expect(response.headers.has('connection')).toBe(false);
    expect(await response.text()).toBe(body);
  });

  test('that closes the socket without an answer fails the request', async () => {
    await using both = await listening((_request, socket) => socket.destroy());
    const error = await failure(both.client.upgrade(ASK));
    expect([error.code, error.processed]).toEqual(['INTERNAL', 'yes']);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('a bug');
      },
    ],
    ['rejects', () => Promise.reject(new Error('a bug'))],
  ])('that %s is answered 500 and reported', async (_what, upgrade) => {
    const errors: unknown[] = [];
    await using both = await listening(upgrade, { onError: (error) => errors.push(error) });
    expect((await both.client.upgrade(ASK)).status).toBe(500);
    expect(errors).toEqual([new Error('a bug')]);
  });

  test('learns that the client has left, before the answer and behind it', async () => {
    const sockets: Socket[] = [];
    const asked = Promise.withResolvers<void>();
    await using both = await listening((request, socket) => {
      sockets.push(socket);
      if (sockets.length > 1) echo(request, socket);
      asked.resolve();
    });
    const leaving = new AbortController();
    const call = failure(both.client.upgrade({ ...ASK, signal: leaving.signal }));
    await asked.promise;
    leaving.abort();
    expect((await call).code).toBe('CANCEL');
    const [waiting] = sockets;
    if (waiting !== undefined) await closed(waiting);

    const near = socketOf(await both.client.upgrade(ASK));
    const [, far] = sockets;
    if (far === undefined) throw new Error('no second socket');
    const error = new Promise<unknown>((resolve) => far.once('error', resolve));
    near.destroy();
    const why = await error;
    expect(isTpError(why) && why.code).toBe('CANCEL');
    await closed(far);
  });

  test('whose socket it destroys is destroyed for the client', async () => {
    const taken = Promise.withResolvers<Socket>();
    await using both = await listening((request, socket) => {
      echo(request, socket);
      taken.resolve(socket);
    });
    const near = socketOf(await both.client.upgrade(ASK));
    const error = once(near, 'error');
    (await taken.promise).destroy();
    expect(String(await error)).toContain('destroyed');
  });

  test('may set a time limit for silence', async () => {
    await using both = await listening((request, socket) => {
      echo(request, socket);
      socket.setTimeout(20);
    });
    const near = socketOf(await both.client.upgrade(ASK));
    near.write('x');
    expect(await piece(near)).toBe('x');
    await closed(near);
  });

  test('that is not there lets such a request come as any other', async () => {
    const listener = fromListener((request, response) => {
      response.end(`plain ${request.headers.upgrade}`);
      request.resume();
    });
    await using both = await pair(listener, DRAIN, DRAIN);
    const response = refused(await both.client.upgrade(ASK));
    expect(await response.text()).toBe('plain chat');
  });

  test('leaves other requests to the listener', async () => {
    await using both = await listening(echo);
    expect(await (await both.client.request({ path: '/' })).text()).toBe('plain');
  });
});

test('a server for HTTP and tp asks those who listen to its event `upgrade`', async () => {
  const server = createNodeServer((_request, response) => response.end('plain'), DRAIN);
  server.on('upgrade', echo);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const client = createClient(`teleport://127.0.0.1:${port}`);
  const socket = socketOf(await client.upgrade(ASK));
  socket.end('hello');
  expect(String(await gather(socket))).toBe('hello');
  expect(await (await client.request({ path: '/' })).text()).toBe('plain');
  await client.close();
  await new Promise((resolve) => server.close(resolve));
});
