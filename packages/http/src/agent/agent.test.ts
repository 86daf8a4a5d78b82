import { once } from 'node:events';
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  request,
} from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { type Duplex, Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createAgent, type Handler, isTpError, type Request, TpError } from '../index.ts';
import { failure, gather, pair } from '../test/pair.ts';

/** A server with that handler, and a way to ask it with `http.request` through an agent. */
async function agentTo(handler: Handler, options: Parameters<typeof createAgent>[1] = {}) {
  const both = await pair(handler, { onError: () => {} });
  const agent = createAgent(both.client, options);
  return {
    ...both,
    agent,
    start: (asked: RequestOptions = {}) => request({ agent, host: 'origin.example', ...asked }),
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await both[Symbol.asyncDispose]();
    },
  };
}

/** The response to a request that is ended with that body; rejects with what the request emits. */
async function responseTo(out: ClientRequest, body?: string | Buffer): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  out.on('response', resolve).on('error', reject);
  out.end(body);
  return promise;
}

async function textOf(response: IncomingMessage): Promise<string> {
  return String(await gather(response));
}

const noted: Handler = async (asked) => ({
  headers: [
    'X-Method',
    asked.method,
    'x-path',
    asked.path,
    'X-Fields',
    JSON.stringify([...asked.headers.raw]),
  ],
  body: await asked.bytes(),
});

test('it is an http.Agent, and asks with fields and path as they were given', async () => {
  await using to = await agentTo(noted);
  expect(to.agent).toBeInstanceOf(Agent);
  const response = await responseTo(
    to.start({
      method: 'PATCH',
      path: '/a//b/../%7e?q=é&&',
      headers: ['x-B', '1', 'X-a', 'é', 'x-b', '2', 'Host', 'h:1', 'Content-Length', '3'],
    }),
    'abc',
  );
  expect(response.rawHeaders).toEqual([
    'X-Method',
    'PATCH',
    'x-path',
    '/a//b/../%7e?q=é&&',
    'X-Fields',
    '["x-B","1","X-a","é","x-b","2","Host","h:1","Content-Length","3"]',
    'Transfer-Encoding',
    'chunked',
  ]);
  expect(await textOf(response)).toBe('abc');
});

test('it takes requests of http and of https, and shows the host that they name', async () => {
  await using to = await agentTo((asked) => ({ body: asked.headers.get('host') ?? '' }));
  const { agent } = to;
  for (const [url, host] of [
    ['http://origin.example/', 'origin.example'],
    ['https://origin.example/', 'origin.example'],
    ['http://origin.example:8080/', 'origin.example:8080'],
    ['https://origin.example:8443/', 'origin.example:8443'],
  ] as const) {
    const ask = url.startsWith('https') ? requestHttps : request;
    expect(await textOf(await responseTo(ask(url, { agent })))).toBe(host);
  }
});

test('fields of the connection stay behind, in both directions', async () => {
  await using to = await agentTo((asked) => ({
    headers: [
      'Connection',
      'x-hop',
      'X-Hop',
      '1',
      'Keep-Alive',
      'timeout=5',
      'X-Seen',
      asked.headers.raw.join(),
    ],
  }));
  const response = await responseTo(
    to.start({ headers: { Connection: 'X-Mine', 'X-Mine': '1', 'X-End': '2' } }),
  );
  expect(response.rawHeaders).toEqual([
    'X-Seen',
    'X-End,2,Host,origin.example',
    'Transfer-Encoding',
    'chunked',
  ]);
});

test('a small body goes whole, with its head; also one that was written in pieces', async () => {
  const whole: boolean[] = [];
  await using to = await agentTo((asked) => {
    whole.push(asked.bytes() instanceof Uint8Array);
    return {};
  });
  const out = to.start({ method: 'PUT' });
  out.write('one');
  out.write(Buffer.from('two'));
  await responseTo(out, 'three');
  await responseTo(to.start({ method: 'POST' }), Buffer.alloc(60_000));
  expect(whole).toEqual([true, true]);
});

test('one socket serves request after request, and many at a time have one each', async () => {
  await using to = await agentTo(noted);
  const warnings: Error[] = [];
  const warned = (warning: Error) => warnings.push(warning);
  process.on('warning', warned);
  for (let i = 0; i < 30; i++) {
    const out = to.start({ path: `/${i}` });
    const closed = once(out, 'close');
    const response = await responseTo(out);
    expect([out.reusedSocket, response.headers['x-path']]).toEqual([i > 0, `/${i}`]);
    await gather(response);
    await closed;
  }
  const texts = Array.from({ length: 20 }, async (_, i) =>
    textOf(await responseTo(to.start({ method: 'POST' }), `body ${i}`)),
  );
  expect(await Promise.all(texts)).toEqual(Array.from({ length: 20 }, (_, i) => `body ${i}`));
  process.off('warning', warned);
  expect(warnings).toEqual([]);
});

test('maxSockets lets the others wait', async () => {
  let most = 0;
  let running = 0;
  let other = Promise.withResolvers<void>();
  await using to = await agentTo(
    async () => {
      most = Math.max(most, ++running);
      // Each waits until there are two of them.
      const { promise, resolve } = other;
      if (running % 2 === 0) {
        other = Promise.withResolvers();
        resolve();
      }
      await promise;
      running--;
      return {};
    },
    { maxSockets: 2 },
  );
  await Promise.all(Array.from({ length: 10 }, async () => gather(await responseTo(to.start()))));
  expect(most).toBe(2);
});

describe('a request that fails', () => {
  test('before the head emits the error of tp', async () => {
    await using to = await agentTo(() => {
      throw new TpError({ code: 'OVERLOADED', message: 'later', processed: 'no' });
    });
    const error = await failure(responseTo(to.start({ method: 'POST' }), 'x'));
    expect(error).toMatchObject({ code: 'OVERLOADED', processed: 'no' });
  });

  test('after the head emits it on the response', async () => {
    const cause = new TpError({ code: 'UPSTREAM', message: 'gone', processed: 'yes' });
    async function* failing() {
      yield Buffer.from('partial');
      throw cause;
    }
    await using to = await agentTo(() => ({ headers: { 'content-length': '9' }, body: failing() }));
    const out = to.start();
    const response = await responseTo(out);
    out.on('error', () => expect.unreachable('the request had its response'));
    expect(await failure(gather(response))).toMatchObject({ code: 'UPSTREAM', processed: 'yes' });
    expect(response.complete).toBe(false);
  });

  test('because its client is closed says so, processed "no"', async () => {
    const to = await agentTo(noted);
    await to[Symbol.asyncDispose]();
    expect(await failure(responseTo(to.start()))).toMatchObject({
      code: 'CLOSED',
      processed: 'no',
    });
  });

  test.each([
    [
      'shorter than its content-length',
      { method: 'POST', headers: { 'Content-Length': '5' } },
      'maybe',
    ],
    [
      'longer than its content-length',
      { method: 'POST', headers: { 'Content-Length': '2' } },
      'no',
    ],
    ['there without a length', { method: 'GET' }, 'no'],
    [
      'in a coding that is not known',
      { method: 'POST', headers: { 'Transfer-Encoding': 'gzip, chunked' } },
      'no',
    ],
    [
      'framed twice',
      { method: 'POST', headers: ['Transfer-Encoding', 'chunked', 'Content-Length', '3'] },
      'no',
    ],
    ['declared in no number', { method: 'POST', headers: { 'Content-Length': 'three' } }, 'no'],
    ['of a tunnel', { method: 'CONNECT', path: 'host:80' }, 'no'],
  ])('because its body is %s is INVALID_ARGUMENT', async (_name, asked, processed) => {
    const seen: string[] = [];
    await using to = await agentTo(async (incoming) => {
      seen.push(incoming.path);
      await incoming.bytes();
      return {};
    });
    const error = await failure(responseTo(to.start(asked), 'abc'));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.processed).toBe(processed);
    if (processed === 'no') expect(seen).toEqual([]);
  });

  test('sends nothing of what follows a body that is too long, whatever it looks like', async () => {
    const seen: string[] = [];
    await using to = await agentTo((incoming) => {
      seen.push(incoming.path);
      return {};
    });
    const out = to.start({ method: 'POST', path: '/asked', headers: { 'Content-Length': '1' } });
    const failed = failure(responseTo(out, 'aGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n'));
    expect(await failed).toMatchObject({ code: 'INVALID_ARGUMENT', processed: 'no' });
    await gather(await responseTo(to.start({ path: '/after' })));
    expect(seen).toEqual(['/after']);
  });
});

describe('a request that is left', () => {
  test.each([
    ['destroyed', (out: ClientRequest) => void out.destroy()],
    ['aborted', (out: ClientRequest) => out.abort()],
    ['closed with its agent', (_out: ClientRequest, agent: Agent) => agent.destroy()],
  ])('%s stops the handler', async (_name, leave) => {
    const handled = Promise.withResolvers<Request>();
    const stopped = Promise.withResolvers<unknown>();
    await using to = await agentTo((incoming) => {
      handled.resolve(incoming);
      incoming.signal.addEventListener('abort', () => stopped.resolve(incoming.signal.reason));
      return new Promise(() => {});
    });
    const out = to.start();
    const failed = responseTo(out).catch((error: unknown) => error);
    await handled.promise;
    leave(out, to.agent);
    expect(isTpError(await stopped.promise)).toBe(true);
    expect(await failed).toMatchObject({ code: 'ECONNRESET' });
  });

  test('in mid-upload ends it where it is read', async () => {
    const begun = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<unknown>();
    await using to = await agentTo(async (incoming) => {
      try {
        for await (const _ of incoming.body) begun.resolve();
        ended.resolve('read to its end');
      } catch (error) {
        ended.resolve(error);
      }
      return {};
    });
    const out = to.start({ method: 'PUT' });
    out.on('error', () => {});
    out.write('the first half');
    await begun.promise;
    out.destroy();
    expect(await ended.promise).toMatchObject({ code: 'CANCEL' });
  });

  test('in mid-response stops its source', async () => {
    const stopped = Promise.withResolvers<void>();
    async function* endless() {
      try {
        for (;;) yield Buffer.alloc(1000);
      } finally {
        stopped.resolve();
      }
    }
    await using to = await agentTo(() => ({ body: endless() }));
    const response = await responseTo(to.start());
    for await (const piece of response) if (piece.length > 0) break;
    await stopped.promise;
  });

  test('by its signal rejects as in Node', async () => {
    await using to = await agentTo(() => new Promise(() => {}));
    const leaving = new AbortController();
    const failed = responseTo(to.start({ signal: leaving.signal })).catch((error) => error.name);
    setImmediate(() => leaving.abort());
    expect(await failed).toBe('AbortError');
  });

  test('silent for too long emits timeout', async () => {
    await using to = await agentTo(() => new Promise(() => {}));
    const out = to.start();
    out.on('error', () => {});
    out.setTimeout(5);
    out.end();
    await once(out, 'timeout');
    out.destroy();
  });
});

describe('streams', () => {
  test('an upload is written no faster than the handler reads', async () => {
    const read = Promise.withResolvers<void>();
    await using to = await agentTo(async (incoming) => {
      if (incoming.path === '/ping') return {};
      await read.promise;
      let size = 0;
      for await (const { length } of incoming.body) size += length;
      return { body: String(size) };
    });
    const out = to.start({ method: 'PUT' });
    let written = 0;
    const piece = Buffer.alloc(64 * 1024);
    const source = new Readable({
      read() {
        written += piece.length;
        this.push(written > 8 * 1024 * 1024 ? null : piece);
      },
    });
    const response = new Promise<IncomingMessage>((resolve) => {
      out.on('response', resolve);
    });
    source.pipe(out);
    // What can be sent without credit has been sent when other calls have gone to and fro behind it.
    await once(source, 'pause');
    for (let i = 0; i < 50; i++) await gather(await responseTo(to.start({ path: '/ping' })));
    expect(written).toBeLessThan(2 * 1024 * 1024);
    read.resolve();
    expect(await textOf(await response)).toBe(String(8 * 1024 * 1024));
  });

  test('a download is read no faster than the response is', async () => {
    let given = 0;
    async function* source() {
      for (; given < 8 * 1024 * 1024; given += 16_384) yield Buffer.alloc(16_384);
    }
    await using to = await agentTo((incoming) =>
      incoming.path === '/download' ? { body: source() } : {},
    );
    const response = await responseTo(to.start({ path: '/download' }));
    for (let i = 0; i < 50; i++) await gather(await responseTo(to.start({ path: '/ping' })));
    expect(given).toBeLessThan(2 * 1024 * 1024);
    let size = 0;
    for await (const { length } of response) size += length;
    expect(size).toBe(8 * 1024 * 1024);
  });

  test('both ways at once, each piece as it comes', async () => {
    await using to = await agentTo((incoming) => ({ body: incoming.body }));
    const out = to.start({ method: 'POST' });
    const responded = new Promise<IncomingMessage>((resolve) => {
      out.on('response', resolve);
    });
    out.write('0');
    const response = await responded;
    const heard: string[] = [];
    for await (const piece of response) {
      heard.push(String(piece));
      if (heard.length === 5) out.end();
      else if (heard.length < 5) out.write(String(heard.length));
    }
    expect(heard.join('')).toBe('01234');
  });

  test('trailers travel both ways', async () => {
    await using to = await agentTo(async (incoming) => {
      const text = await incoming.text();
      const back = incoming.trailers?.raw ?? [];
      return { body: text, trailers: () => ['X-Back', back.join()] };
    });
    const out = to.start({ method: 'POST', headers: { 'Transfer-Encoding': 'chunked' } });
    out.addTrailers([['X-Sum', '42']]);
    const response = await responseTo(out, 'abc');
    expect(await textOf(response)).toBe('abc');
    expect(response.rawTrailers).toEqual(['X-Back', 'X-Sum,42']);
  });

  test('an answer that comes before the upload is over ends it, and the socket serves on', async () => {
    await using to = await agentTo((incoming) => ({ status: incoming.path === '/' ? 413 : 200 }));
    const out = to.start({ method: 'POST' });
    const responded = new Promise<IncomingMessage>((resolve) => {
      out.on('response', resolve);
    });
    out.write(Buffer.alloc(5_000_000));
    const response = await responded;
    expect([response.statusCode, await textOf(response)]).toEqual([413, '']);
    out.end();
    await once(out, 'close');
    const next = to.start({ path: '/next' });
    expect((await responseTo(next)).statusCode).toBe(200);
    expect(next.reusedSocket).toBe(true);
  });
});

describe('heads before the response', () => {
  test('arrive as information', async () => {
    await using to = await agentTo((incoming) => {
      incoming.inform(103, ['Link', '</a.css>; rel=preload', 'link', '</b.js>']);
      return {};
    });
    const out = to.start();
    const seen: unknown[] = [];
    out.on('information', ({ statusCode, rawHeaders }) => seen.push([statusCode, rawHeaders]));
    await responseTo(out);
    expect(seen).toEqual([[103, ['Link', '</a.css>; rel=preload', 'link', '</b.js>']]]);
  });

  test.each([
    ['asks for the body', true],
    ['says nothing of it', false],
  ])('a client that expects to be told to go on is, by a handler that %s', async (_name, asks) => {
    await using to = await agentTo(async (incoming) => {
      if (asks) incoming.inform(100);
      return { body: await incoming.text() };
    });
    const out = to.start({ method: 'POST', headers: { Expect: '100-continue' } });
    const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
    out.on('response', resolve);
    out.flushHeaders();
    await once(out, 'continue');
    out.end('the body');
    expect(await textOf(await promise)).toBe('the body');
  });
});

describe('a request that asks for another protocol', () => {
  const headers = ['Connection', 'keep-alive, Upgrade', 'Upgrade', 'echo/1', 'X-Own', '1'];

  /** The socket that an upgrade gives, and what came with its head. */
  async function upgraded(out: ClientRequest): Promise<[IncomingMessage, Socket, Buffer]> {
    const { promise, resolve, reject } = Promise.withResolvers<[IncomingMessage, Socket, Buffer]>();
    out.on('upgrade', (response, socket, head) => resolve([response, socket, head]));
    out.on('response', () => reject(new Error('refused'))).on('error', reject);
    out.end();
    return promise;
  }

  test('gets a socket, through which both sides speak it, and end it each by itself', async () => {
    const asked: Request[] = [];
    await using to = await agentTo((incoming) => {
      asked.push(incoming);
      return { status: 101, headers: ['X-Back', '2'], upgrade: (far) => far.pipe(far) };
    });
    const [response, socket] = await upgraded(to.start({ headers }));
    expect(response.statusCode).toBe(101);
    expect(response.headers).toMatchObject({ upgrade: 'echo/1', 'x-back': '2' });
    expect(asked[0]?.headers.get('x-own')).toBe('1');
    const sent = Buffer.alloc(5_000_000, 'abcdefg');
    socket.write('first, ');
    socket.end(sent);
    const heard = await gather(socket);
    expect(heard.equals(Buffer.concat([Buffer.from('first, '), sent]))).toBe(true);
    if (!socket.closed) await once(socket, 'close');
    expect(Object.keys(to.agent.sockets)).toEqual([]);
  });

  test('hears a server that speaks first', async () => {
    await using to = await agentTo(() => ({ status: 101, upgrade: (far) => far.end('hello') }));
    const [, socket, head] = await upgraded(to.start({ headers }));
    expect(`${head}${await gather(socket)}`).toBe('hello');
  });

  test('is told when it is refused, and may go on with the response', async () => {
    await using to = await agentTo(() => ({ status: 426, body: 'not that one' }));
    const response = await responseTo(to.start({ headers }));
    expect([response.statusCode, await textOf(response)]).toEqual([426, 'not that one']);
  });

  test.each(['client', 'server'])('is cut off when the %s destroys its socket', async (who) => {
    const switched = Promise.withResolvers<Duplex>();
    await using to = await agentTo(() => ({ status: 101, upgrade: switched.resolve }));
    const [, near] = await upgraded(to.start({ headers }));
    near.on('error', () => {});
    const far = await switched.promise;
    const [leaving, other] = who === 'client' ? [near, far] : [far, near];
    const closed = new Promise((resolve) => other.once('close', resolve));
    leaving.destroy();
    await closed;
    expect(other.destroyed).toBe(true);
  });

  test('but does not listen for the answer is closed, as over HTTP', async () => {
    const switched = Promise.withResolvers<Duplex>();
    await using to = await agentTo(() => ({ status: 101, upgrade: switched.resolve }));
    const out = to.start({ headers });
    out.on('error', () => {});
    out.end();
    const far = await switched.promise;
    await new Promise((resolve) => far.once('close', resolve));
    expect(far.destroyed).toBe(true);
  });
});
