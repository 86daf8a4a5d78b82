import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { type Clock, systemClock } from '@tp/transport';
import { describe, expect, test } from 'vitest';
import {
  type ClientOptions,
  type Handler,
  isTpError,
  type Request,
  type ResponseInit,
  type ServerOptions,
  type Upgraded,
  type UpgradeResponse,
} from '../index.ts';
import { failure, gather, type Pair, pair as waitingPair } from '../test/pair.ts';
import { shiftedClock } from '../test/shifted-clock.ts';

/** A pair that waits for what is left of a test no longer than that, in ms. */
const DRAIN = { drainTimeoutMs: 50 };

function pair(handler: Handler, server: ServerOptions = {}, client: ClientOptions = {}) {
  return waitingPair(handler, { ...DRAIN, ...server }, { ...DRAIN, ...client });
}

/** A handler that switches, and hands its sockets out in the order in which they were asked for. */
class Switch {
  readonly requests: Request[] = [];
  readonly #sockets: Duplex[] = [];
  readonly #waiting: ((socket: Duplex) => void)[] = [];

  readonly handler: Handler = (request) => {
    this.requests.push(request);
    return { status: 101, upgrade: (socket) => this.#take(socket) };
  };

  /** The next socket. */
  socket(): Promise<Duplex> {
    const socket = this.#sockets.shift();
    if (socket !== undefined) return Promise.resolve(socket);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #take(socket: Duplex): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#sockets.push(socket);
    else waiting(socket);
  }
}

function switched(response: UpgradeResponse): Upgraded {
  if (response.socket === undefined) throw new Error(`refused with ${response.status}`);
  return response;
}

/** Both ends of a switched exchange. */
async function ends({ client }: Pair, server: Switch): Promise<[near: Duplex, far: Duplex]> {
  const asked = client.upgrade({ path: '/', protocol: 'chat' });
  const far = await server.socket();
  return [switched(await asked).socket, far];
}

/** Resolves when a socket is closed, with an error or without. */
function closed(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', resolve);
  });
}

async function piece(socket: Duplex): Promise<string> {
  const [bytes] = await once(socket, 'data');
  return String(bytes);
}

/** All that comes, without closing the socket behind that. */
async function untilEnd(socket: Duplex): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  socket.on('data', (bytes) => pieces.push(bytes));
  await once(socket, 'end');
  return Buffer.concat(pieces);
}

/** The code of the error that destroys a socket. */
async function end(socket: Duplex): Promise<string> {
  const [error] = await once(socket, 'error');
  return isTpError(error) ? `${error.code} ${error.processed}` : String(error);
}

const refusals: readonly [what: string, answer: ResponseInit][] = [
  ['a whole body', { status: 403, body: 'no' }],
  ['no body', { status: 404 }],
  ['a streamed body', { status: 200, body: lines() }],
];

async function* lines(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one ');
  yield Buffer.from('two');
}

describe('a request that asks for another protocol', () => {
  test('comes to the handler with the protocol, its two fields and no body', async () => {
    const server = new Switch();
    await using both = await pair(server.handler);
    await ends(both, server);
    const [request] = server.requests;
    expect(request?.upgrade).toBe('chat');
    expect(request?.method).toBe('GET');
    expect(request?.headers.raw).toEqual(['Connection', 'Upgrade', 'Upgrade', 'chat']);
    expect(await request?.bytes()).toEqual(new Uint8Array(0));
    expect(await gather(request?.body ?? lines())).toEqual(Buffer.alloc(0));
  });

  test('keeps the fields that its caller gave, and so does the answer', async () => {
    const headers = ['upgrade', 'WebSocket', 'CONNECTION', 'keep-alive, Upgrade', 'X-A', '1'];
    await using both = await pair(() => ({
      status: 101,
      reason: 'Of Course',
      headers: ['UPGRADE', 'websocket', 'Connection', 'upgrade', 'X-B', '2'],
      upgrade: (socket) => socket.end(),
    }));
    const answer = await both.client.upgrade({ path: '/', headers });
    expect(answer.status).toBe(101);
    expect(answer.reason).toBe('Of Course');
    const fields = ['UPGRADE', 'websocket', 'Connection', 'upgrade', 'X-B', '2'];
    expect(answer.headers.raw).toEqual(fields);
  });

  test('is no upgrade without the two fields, or with a body', async () => {
    const seen: (string | undefined)[] = [];
    await using both = await pair(async (request) => {
      seen.push(request.upgrade);
      return { body: await request.bytes() };
    });
    const asks = { connection: 'upgrade', upgrade: 'chat' };
    for (const headers of [
      { upgrade: 'chat' },
      { connection: 'upgrade' },
      { ...asks, 'content-length': '3' },
    ]) {
      const response = await both.client.request({
        method: 'PUT',
        path: '/',
        headers,
        body: lines3(),
      });
      expect(await response.text()).toBe('abc');
    }
    expect(await (await both.client.request({ path: '/', headers: asks })).text()).toBe('');
    expect(seen).toEqual([undefined, undefined, undefined, undefined]);
    const body = lines();
    const error = await failure(
      both.client.request({ method: 'PUT', path: '/', headers: asks, body }),
    );
    expect([error.code, error.processed]).toEqual(['INVALID_ARGUMENT', 'no']);
    expect(await body.next()).toEqual({ done: true, value: undefined });
  });

  test.each([
    ['no protocol', {}],
    ['two protocols', { headers: ['upgrade', 'a', 'upgrade', 'b'] }],
    ['a list of protocols', { headers: { upgrade: 'a, b' } }],
    ['another protocol than its headers', { protocol: 'a', headers: { upgrade: 'b' } }],
    ['a protocol that is no token', { protocol: 'a b' }],
    ['a version that is no token', { protocol: 'a/1/2' }],
    ['a body', { protocol: 'a', headers: { 'content-length': '1' } }],
    ['a coding', { protocol: 'a', headers: { 'transfer-encoding': 'chunked' } }],
  ])('with %s is refused before it is sent', async (_what, options) => {
    await using both = await pair(() => ({}));
    const error = await failure(both.client.upgrade({ path: '/', ...options }));
    expect([error.code, error.processed]).toEqual(['INVALID_ARGUMENT', 'no']);
  });

  test('may have a version and a content-length of 0', async () => {
    const server = new Switch();
    await using both = await pair(server.handler);
    const answer = await both.client.upgrade({
      method: 'POST',
      path: '/exec',
      protocol: 'SPDY/3.1',
      headers: { 'content-length': '0' },
    });
    expect(switched(answer).headers.get('upgrade')).toBe('SPDY/3.1');
    expect(server.requests[0]?.upgrade).toBe('SPDY/3.1');
  });

  test.each(refusals)(
    'that is refused with %s gets that answer, and the link goes on',
    async (_what, answer) => {
      await using both = await pair(() => answer);
      for (let i = 0; i < 3; i++) {
        const response = await both.client.upgrade({ path: '/', protocol: 'chat' });
        if (response.socket !== undefined) throw new Error('switched');
        const expected = answer.status === 200 ? 'one two' : (answer.body ?? '');
        if (answer.status !== 200 || i === 0) expect(await response.text()).toBe(expected);
        else await response.bytes();
        expect(response.status).toBe(answer.status);
      }
      await both.client.close();
      await both.server.close();
      expect(both.client.pending).toBe(0);
    },
  );
});

async function* lines3(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('abc');
}

describe('a switched exchange', () => {
  test('carries bytes both ways at once, each piece as soon as it is written', async () => {
    const server = new Switch();
    await using both = await pair(server.handler);
    const [near, far] = await ends(both, server);
    for (let i = 0; i < 50; i++) {
      near.write(`ping ${i}`);
      expect(await piece(far)).toBe(`ping ${i}`);
      far.write(`pong ${i}`);
      expect(await piece(near)).toBe(`pong ${i}`);
    }
  });

  test('either side may end first, and the other direction goes on', async () => {
    for (const first of ['near', 'far']) {
      const server = new Switch();
      await using both = await pair(server.handler);
      const [near, far] = await ends(both, server);
      const [one, two] = first === 'near' ? [near, far] : [far, near];
      one.end('all');
      expect(String(await gather(two))).toBe('all');
      two.write('still ');
      expect(await piece(one)).toBe('still ');
      two.end('here');
      expect(String(await gather(one))).toBe('here');
      await Promise.all([closed(near), closed(far)]);
      expect(both.server.stats().links[0]?.pending).toBe(0);
      expect(both.client.pending).toBe(0);
    }
  });

  test('brings 8 MiB each way, whole, and a writer that waits for drain keeps little', async () => {
    const server = new Switch();
    await using both = await pair(server.handler);
    const [near, far] = await ends(both, server);
    const sent = randomBytes(8 * 1024 * 1024);
    const send = async (socket: Duplex) => {
      for (let at = 0; at < sent.length; at += 60_000) {
        if (!socket.write(sent.subarray(at, at + 60_000))) await once(socket, 'drain');
      }
      socket.end();
    };
    const [, , there, back] = await Promise.all([send(near), send(far), digest(far), digest(near)]);
    expect(there).toBe(createHash('sha256').update(sent).digest('hex'));
    expect(back).toBe(there);
  });

  test('what is not read holds its writer up, and no other exchange', async () => {
    const server = new Switch();
    await using both = await pair((request) =>
      request.upgrade === undefined ? { body: 'ok' } : server.handler(request),
    );
    const [near, far] = await ends(both, server);
    let taken = 0;
    for (let i = 0; i < 64; i++) {
      near.write(Buffer.alloc(1024 * 1024), () => {
        taken++;
      });
    }
    for (let i = 0; i < 10; i++) {
      expect(await (await both.client.request({ path: '/' })).text()).toBe('ok');
    }
    expect(taken).toBeLessThan(4);
    far.resume();
    await once(near, 'drain');
    expect(taken).toBe(64);
  });

  test('is held to no length: more than a body may have goes through', async () => {
    const server = new Switch();
    const limits = { maxBodyBytes: 1_000, maxBufferedBodyBytes: 1_000 };
    await using both = await pair(server.handler, { limits }, { limits });
    const [near, far] = await ends(both, server);
    near.end(Buffer.alloc(100_000));
    far.end(Buffer.alloc(100_000));
    expect((await gather(far)).length).toBe(100_000);
    expect((await gather(near)).length).toBe(100_000);
  });

  test('its deadline is for the head alone', async () => {
    const server = new Switch();
    const clock = shiftedClock();
    await using both = await pair(server.handler, { clock }, { clock });
    const asked = both.client.upgrade({ path: '/', protocol: 'chat', deadlineMs: 20_000 });
    const far = await server.socket();
    const { socket: near } = switched(await asked);
    near.write('in time');
    expect(await piece(far)).toBe('in time');
    expect(server.requests[0]?.remainingMs).toBeUndefined();
    clock.forward(25_000);
    near.write('late');
    expect(await piece(far)).toBe('late');
  });

  test('may be silent up to streamIdleMs, then it ends with TIMEOUT', async () => {
    const server = new Switch();
    const clock = shiftedClock();
    const limits = { streamIdleMs: 300_000, keepaliveMs: 900_000 };
    await using both = await pair(server.handler, { clock, limits }, { clock, limits });
    const [near, far] = await ends(both, server);
    const seconds = (count: number) => {
      for (let i = 0; i < count; i++) clock.forward(1_000);
    };
    seconds(290);
    near.write('still here');
    expect(await piece(far)).toBe('still here');
    seconds(290);
    near.write('and here');
    expect(await piece(far)).toBe('and here');
    const ended = Promise.all([end(near), end(far)]);
    seconds(310);
    expect((await ended)[0]).toMatch(/^TIMEOUT/);
  });

  test.each(['near', 'far'])('destroy() of the %s end ends the other with CANCEL', async (who) => {
    const server = new Switch();
    await using both = await pair(server.handler);
    const [near, far] = await ends(both, server);
    const [one, two] = who === 'near' ? [near, far] : [far, near];
    one.write('before');
    expect(await piece(two)).toBe('before');
    const ended = end(two);
    one.destroy();
    expect(await ended).toMatch(/^CANCEL/);
    expect((await both.client.upgrade({ path: '/', protocol: 'chat' })).status).toBe(101);
  });

  test.each(['near', 'far'])(
    'end() and then destroy() of the %s end loses nothing that was written',
    async (who) => {
      const server = new Switch();
      await using both = await pair(server.handler);
      const [near, far] = await ends(both, server);
      const [one, two] = who === 'near' ? [near, far] : [far, near];
      const sent = randomBytes(3 * 1024 * 1024);
      one.end(sent, () => one.destroy());
      expect(await digest(two)).toBe(createHash('sha256').update(sent).digest('hex'));
      two.end('nobody reads that');
      await closed(two);
      await both.client.close();
      expect(both.server.stats().links[0]?.pending ?? 0).toBe(0);
    },
  );

  test('a cut ends a half that was left open, and what came before stays readable', async () => {
    for (const first of ['near', 'far']) {
      const server = new Switch();
      await using both = await pair(server.handler);
      const [near, far] = await ends(both, server);
      const [one, two] = first === 'near' ? [near, far] : [far, near];
      one.end('all');
      expect(String(await untilEnd(two))).toBe('all');
      one.destroy();
      await closed(two);
      expect(isTpError(two.errored) && two.errored.code).toBe('CANCEL');
    }
  });

  test('an error given to destroy() reaches the other end as its code', async () => {
    const server = new Switch();
    await using both = await pair(server.handler);
    const [near, far] = await ends(both, server);
    const ended = end(near);
    far.destroy(new Error('a bug'));
    expect(await ended).toBe('CANCEL yes');
  });

  test('a write behind the end of the exchange fails', async () => {
    const server = new Switch();
    await using both = await pair(server.handler);
    const [near, far] = await ends(both, server);
    near.pause();
    far.end('last', () => far.destroy());
    await once(near, 'readable');
    const failed = new Promise<unknown>((resolve) => {
      const write = () =>
        near.write('x', (error) => (error ? resolve(error) : setImmediate(write)));
      write();
    });
    expect(isTpError(await failed)).toBe(true);
  });

  test('aborting its signal ends both ends', async () => {
    const server = new Switch();
    await using both = await pair(server.handler);
    const leaving = new AbortController();
    const asked = both.client.upgrade({ path: '/', protocol: 'a', signal: leaving.signal });
    const far = await server.socket();
    const { socket: near } = switched(await asked);
    const [request] = server.requests;
    const signal = request?.signal;
    const ended = Promise.all([end(near), end(far)]);
    leaving.abort();
    expect(await ended).toEqual(['CANCEL yes', 'CANCEL maybe']);
    expect(signal?.aborted).toBe(true);
  });

  test('a server that closes waits for it at most drainTimeoutMs, then ends it', async () => {
    const server = new Switch();
    await using both = await pair(server.handler, { drainTimeoutMs: 100 });
    const [near, far] = await ends(both, server);
    const ended = Promise.all([end(near), end(far)]);
    await both.server.close();
    expect((await ended)[0]).toMatch(/ yes$/);
  });

  test('a client that closes waits for it at most drainTimeoutMs, then ends it', async () => {
    const server = new Switch();
    await using both = await pair(server.handler, {}, { drainTimeoutMs: 100 });
    const [near, far] = await ends(both, server);
    const ended = Promise.all([end(near), end(far)]);
    await both.client.close();
    expect((await ended)[0]).toBe('CANCEL yes');
  });

  test('1,000 of them share a link or two', async () => {
    const server = new Switch();
    await using both = await pair(server.handler);
    const all = await Promise.all(Array.from({ length: 1_000 }, () => ends(both, server)));
    const answers = all.map(async ([near], i) => {
      near.end(`hello from ${i}`);
      return String(await gather(near));
    });
    for (const [, far] of all) far.pipe(far);
    const expected = new Set(Array.from({ length: 1_000 }, (_, i) => `hello from ${i}`));
    expect(new Set(await Promise.all(answers))).toEqual(expected);
    expect(both.client.stats().links.length).toBeLessThan(5);
  });
});

/** Time stands still: no timer ever comes to its end. */
const FROZEN: Clock = { ...systemClock, now: () => 0, after: () => ({ clear() {} }) };

test('little data of many sockets waits for no timer, though their peers gather credit', async () => {
  const server = new Switch();
  const clock = { clock: FROZEN };
  await using both = await pair(server.handler, clock, { ...clock, links: 1 });
  const all: [Duplex, Duplex][] = [];
  for (let i = 0; i < 600; i++) all.push(await ends(both, server));
  const message = 'x'.repeat(1_000);
  const arrived = all.flat().map((socket) => once(socket, 'data'));
  for (const socket of all.flat()) socket.write(message);
  for (const [bytes] of await Promise.all(arrived)) expect(String(bytes)).toBe(message);
  for (const socket of all.flat()) socket.end();
  await Promise.all(all.flat().map(closed));
});

describe('an answer with status 101', () => {
  test('that nobody asked for is a fault of the handler', async () => {
    const errors: unknown[] = [];
    const upgrade = () => errors.push('handed out');
    await using both = await pair(() => ({ status: 101, upgrade }));
    const error = await failure(both.client.request({ path: '/' }));
    expect([error.code, error.processed]).toEqual(['INTERNAL', 'yes']);
    expect(errors).toEqual([]);
  });

  test('without `upgrade` is a fault of the handler', async () => {
    await using both = await pair(() => ({ status: 101 }));
    const error = await failure(both.client.upgrade({ path: '/', protocol: 'a' }));
    expect([error.code, error.processed]).toEqual(['INTERNAL', 'yes']);
  });

  test('that switches to another protocol than was asked for is PROTOCOL', async () => {
    const server = new Switch();
    await using both = await pair((request) => {
      const answer = server.handler(request);
      return { ...answer, headers: { upgrade: 'b', connection: 'upgrade' } };
    });
    const error = failure(both.client.upgrade({ path: '/', protocol: 'a' }));
    const ended = end(await server.socket());
    expect([(await error).code, (await error).processed]).toEqual(['PROTOCOL', 'yes']);
    expect(await ended).toMatch(/^CANCEL/);
  });

  test('whose `upgrade` throws ends the exchange and is reported', async () => {
    const errors: unknown[] = [];
    await using both = await pair(
      () => ({
        status: 101,
        upgrade: () => {
          throw new Error('a bug');
        },
      }),
      { onError: (error) => errors.push(error) },
    );
    const error = await failure(both.client.upgrade({ path: '/', protocol: 'a' }));
    expect([error.code, error.processed]).toEqual(['CANCEL', 'yes']);
    expect(errors).toHaveLength(1);
  });
});

async function digest(body: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of body) hash.update(bytes);
  return hash.digest('hex');
}
