import { createHash } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import {
  createDispatcher,
  type Dispatcher,
  type DispatchOptions,
  type Handler,
  type Interceptor,
  isTpError,
  TpError,
  UndiciError,
} from '../index.ts';
import { pair } from '../test/pair.ts';
import { generations, recorder } from '../test/recorder.ts';

const GET = { method: 'GET', path: '/', origin: 'http://a.example' };
const POST = { ...GET, method: 'POST' };

/** What a handler of tp got of a request, as JSON. */
async function echo(dispatcher: ReturnType<typeof createDispatcher>, options: DispatchOptions) {
  const response = await dispatcher.request(options);
  const seen: unknown = await response.body.json();
  return seen;
}

/** The error of undici that a promise rejects with; anything else fails the test. */
async function failure(promise: Promise<unknown>): Promise<UndiciError> {
  const outcome: unknown = await promise.catch((error: unknown) => error);
  if (outcome instanceof UndiciError && isTpError(outcome.cause)) return outcome;
  throw new Error('expected an UndiciError', { cause: outcome });
}

/** Hands a handler on in the terms of the older generation alone, as interceptors of undici 6 do. */
const older: Interceptor = (dispatch) => (options, handler) =>
  dispatch(options, {
    onConnect: (abort) => handler.onConnect?.(abort),
    onHeaders: (status, raw, resume, text) => handler.onHeaders?.(status, raw, resume, text),
    onData: (piece) => handler.onData?.(piece),
    onComplete: (trailers) => handler.onComplete?.(trailers),
    onError: (error) => handler.onError?.(error),
  });

/** Hands it on in the terms of the newer one. */
const newer: Interceptor = (dispatch) => (options, handler) =>
  dispatch(options, {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onResponseStart: (controller, ...head) => handler.onResponseStart?.(controller, ...head),
    onResponseData: (controller, piece) => handler.onResponseData?.(controller, piece),
    onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
    onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
  });

const ways: readonly [name: string, way: (dispatcher: Dispatcher) => Dispatcher][] = [
  ['told by the dispatcher', (dispatcher) => dispatcher],
  ['behind an older interceptor', (dispatcher) => dispatcher.compose(older)],
  ['behind a newer interceptor', (dispatcher) => dispatcher.compose([newer])],
  ['behind both', (dispatcher) => dispatcher.compose(older, newer)],
];

describe.each(generations)('a handler with %s', (generation) => {
  test('is told of 1xx heads, the head, the body and the trailers, as they came', async () => {
    await using both = await pair((request) => {
      request.inform(103, { Link: '</a.css>' });
      return {
        status: 299,
        reason: 'Fine',
        headers: ['X-Many', '1', 'x-many', '2', '__proto__', 'ü'],
        body: Readable.from([Buffer.from('ab'), Buffer.from('cd')]),
        trailers: () => ({ 'X-Sum': '4' }),
      };
    });
    const { handler, over, body } = recorder(generation);
    expect(createDispatcher(both.client).dispatch(GET, handler)).toBe(true);
    expect(await over).toEqual([
      'start',
      ['head', 103, 'Early Hints', ['Link', '</a.css>']],
      ['head', 299, 'Fine', ['X-Many', '1', 'x-many', '2', '__proto__', 'ü']],
      ['end', ['X-Sum', '4']],
    ]);
    expect(body()).toBe('abcd');
  });

  test('gets the usual reason phrase, and no body with 204', async () => {
    await using both = await pair(() => ({ status: 204, headers: { a: '1' } }));
    const { handler, over, body } = recorder(generation);
    createDispatcher(both.client).dispatch(GET, handler);
    expect(await over).toEqual(['start', ['head', 204, 'No Content', ['a', '1']], ['end', []]]);
    expect(body()).toBe('');
  });

  test.each(
    ways.flatMap(([name, way]) => [
      ['pausesAtHead', name, way] as const,
      ['pausesAtPiece', name, way] as const,
    ]),
  )('that %s holds the sender back until it resumes, %s', async (where, _name, way) => {
    let given = 0;
    const piece = Buffer.alloc(16 * 1024, 'x');
    async function* long(): AsyncGenerator<Uint8Array> {
      for (; given < 4 * 1024 * 1024; given += piece.length) yield piece;
    }
    await using both = await pair(
      ({ path }) => ({ body: path === '/ping' ? 'pong' : long() }),
      {},
      { limits: { streamWindow: 256 * 1024, linkWindow: 1024 * 1024 } },
    );
    const { handler, over, body, answered, resume } = recorder(generation, { [where]: true });
    way(createDispatcher(both.client)).dispatch(GET, handler);
    await answered;
    // Round trips behind it: what could be sent without credit has been sent by then.
    for (let i = 0; i < 50; i++) await both.client.request({ path: '/ping' });
    expect(given).toBeLessThanOrEqual(1024 * 1024);
    let isOver = false;
    void over.then(() => (isOver = true));
    while (!isOver) {
      resume();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(body().length).toBe(4 * 1024 * 1024);
  });

  test.each([
    ['pausesAtHead', ''],
    ['pausesAtPiece', 'whole'],
  ])('that %s is told no more of a whole body until it resumes', async (where, before) => {
    await using both = await pair(() => ({ body: 'whole' }));
    const { handler, over, log, body, answered, resume } = recorder(generation, { [where]: true });
    createDispatcher(both.client).dispatch(GET, handler);
    await answered;
    await both.client.request({ path: '/' });
    expect([body(), log.length]).toEqual([before, 2]);
    resume();
    expect((await over).at(-1)).toEqual(['end', []]);
    expect(body()).toBe('whole');
  });

  const phases = ['when it starts', 'before the head', 'at the head', 'within the body'] as const;
  test.each(phases)('that aborts %s is told its reason, and the peer stops', async (phase) => {
    const reached = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<void>();
    let asked = false;
    await using both = await pair((request) => {
      asked = true;
      request.signal.addEventListener('abort', () => stopped.resolve());
      reached.resolve();
      if (phase === 'before the head') return new Promise(() => {});
      async function* unending(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('part');
        await stopped.promise;
      }
      return { body: unending() };
    });
    const reason = new Error('enough');
    const { handler, over, log, abort, answered } = recorder(generation, {
      onStart: (give) => phase === 'when it starts' && give(reason),
      onHead: () => phase === 'at the head' && abort(reason),
    });
    createDispatcher(both.client).dispatch(GET, handler);
    if (phase === 'before the head') await reached.promise.then(() => abort(reason));
    if (phase === 'within the body') await answered.then(() => abort(reason));
    expect((await over).at(-1)).toBe(reason);
    if (phase === 'when it starts') {
      await both.client.request({ path: '/', method: 'HEAD' }).catch(() => {});
      expect(log).toEqual(['start', reason]);
    } else await stopped.promise;
    expect(asked).toBe(true);
  });

  test('that aborts without a reason is told UND_ERR_ABORTED', async () => {
    await using both = await pair(() => ({}));
    const { handler, over } = recorder(generation, { onStart: (give) => give() });
    createDispatcher(both.client).dispatch(GET, handler);
    expect((await over).at(-1)).toMatchObject({ code: 'UND_ERR_ABORTED', name: 'AbortError' });
  });

  test('that throws at the head is told what it threw', async () => {
    await using both = await pair(() => ({ body: 'x' }));
    const thrown = new Error('no');
    const { handler, over } = recorder(generation, {
      onHead: () => {
        throw thrown;
      },
    });
    createDispatcher(both.client).dispatch(GET, handler);
    expect((await over).at(-1)).toBe(thrown);
  });

  test('hears of a bad request without a start, and dispatch says false', async () => {
    await using both = await pair(() => ({}));
    const { handler, log } = recorder(generation);
    const options = { ...GET, headers: { 'Transfer-Encoding': 'chunked' } };
    expect(createDispatcher(both.client).dispatch(options, handler)).toBe(false);
    expect(log).toMatchObject([{ code: 'UND_ERR_INVALID_ARG', processed: 'no' }]);
  });

  test('is told of pieces of the request, and of its end', async () => {
    await using both = await pair(async (request) => ({ body: await request.text() }));
    const sent: unknown[] = [];
    const { handler, over, body } = recorder(generation);
    handler.onBodySent = (piece, total) => sent.push([String(piece), total]);
    handler.onRequestSent = () => sent.push('end');
    createDispatcher(both.client).dispatch({ ...POST, body: ['ab', Buffer.from('c')] }, handler);
    await over;
    expect([body(), ...sent]).toEqual(['abc', ['ab', 2], ['c', 3], 'end']);
  });
});

test.each<[name: string, options: Partial<DispatchOptions>, expected: readonly string[]]>([
  ['the authority of its origin', {}, ['host', 'a.example']],
  ['its port', { origin: new URL('http://a.example:81/') }, ['host', 'a.example:81']],
  ['none without an origin', { origin: '', headers: {} }, []],
  ['the host that is given, first', { headers: { A: '1', Host: 'b' } }, ['host', 'b', 'A', '1']],
  [
    'fields in any form: a flat list',
    { headers: ['A', '1', 'b', '2', 'A', '3'] },
    ['host', 'a.example', 'A', '1', 'b', '2', 'A', '3'],
  ],
  ['pairs', { headers: new Map([['A', ['1', '2']]]) }, ['host', 'a.example', 'A', '1', 'A', '2']],
  [
    'an object, with numbers, lists and what is undefined',
    { headers: { n: 5, l: ['1', '2'], none: null, gone: undefined, connection: 'close' } },
    ['host', 'a.example', 'n', '5', 'l', '1', 'l', '2', 'none', ''],
  ],
  ['no blanks around a value', { headers: { a: ' x\t' } }, ['host', 'a.example', 'a', 'x']],
  [
    'the length of a whole body',
    { method: 'PUT', body: 'grün' },
    ['host', 'a.example', 'content-length', '5'],
  ],
  ['that a body is empty', { method: 'PUT' }, ['host', 'a.example', 'content-length', '0']],
  ['no length of no body with GET', { headers: { 'content-length': '0' } }, ['host', 'a.example']],
  [
    'the declared length of a stream',
    { method: 'PUT', body: Readable.from(['ab']), headers: { 'content-length': '2' } },
    ['host', 'a.example', 'content-length', '2'],
  ],
  [
    'type and length of a blob',
    { method: 'PUT', body: new Blob(['abc'], { type: 'text/x' }) },
    ['host', 'a.example', 'content-type', 'text/x', 'content-length', '3'],
  ],
])('a request says %s', async (_name, options, expected) => {
  await using both = await pair(async (request) => {
    await request.bytes();
    return { body: JSON.stringify(request.headers.raw) };
  });
  const { origin, ...rest } = { ...GET, ...options };
  const dispatcher = createDispatcher(both.client);
  expect(await echo(dispatcher, origin === '' ? rest : { origin, ...rest })).toEqual(expected);
});

test('a query is written behind the path', async () => {
  await using both = await pair((request) => ({ body: JSON.stringify(request.path) }));
  const dispatcher = createDispatcher(both.client);
  const query = { a: 1, b: ['x', 'y z'] };
  expect(await echo(dispatcher, { ...GET, path: '/p', query })).toBe('/p?a=1&b=x&b=y%20z');
  const bad = await failure(dispatcher.request({ ...GET, path: '/p?x', query }));
  expect(bad).toMatchObject({ code: 'UND_ERR_INVALID_ARG', processed: 'no' });
});

const form = new FormData();
form.append('name', 'value');
form.append('file', new Blob(['content']), 'a.txt');
const words = 'grüße, 世界 🌍';

test.each<[name: string, make: () => unknown, expected: string | RegExp]>([
  ['null', () => null, ''],
  ['an empty text', () => '', ''],
  ['text', () => words, words],
  ['a Buffer', () => Buffer.from(words), words],
  ['a typed array', () => new Uint16Array([0x6161, 0x6262]).subarray(1), 'bb'],
  ['an ArrayBuffer', () => new Uint8Array([0x61]).buffer, 'a'],
  ['a Readable of text', () => Readable.from([words, words]), words + words],
  ['a web stream', () => ReadableStream.from([Buffer.from(words)]), words],
  ['a list', () => ['a', Buffer.from('b')], 'ab'],
  ['a Blob', () => new Blob([words]), words],
  ['an empty Blob', () => new Blob([]), ''],
  ['a form', () => form, /name="name"\r\n\r\nvalue\r\n.*filename="a.txt".*content/s],
  [
    'an async generator',
    async function* () {
      yield 'a';
      yield Buffer.from('b');
    },
    'ab',
  ],
])('a body may be %s', async (_name, make, expected) => {
  await using both = await pair(async (request) => ({
    headers: { 'x-type': request.headers.get('content-type') ?? '' },
    body: await request.bytes(),
  }));
  const { headers, body } = await createDispatcher(both.client).request({ ...POST, body: make() });
  expect(await body.text()).toEqual(
    typeof expected === 'string' ? expected : expect.stringMatching(expected),
  );
  if (make() === form) expect(headers['x-type']).toMatch(/^multipart\/form-data; boundary=/);
});

test('a Readable that fails ends the exchange with its error', async () => {
  const stopped = Promise.withResolvers<void>();
  await using both = await pair((request) => {
    request.signal.addEventListener('abort', () => stopped.resolve());
    return new Promise(() => {});
  });
  const broken = new Error('broken');
  async function* source() {
    yield 'a';
    throw broken;
  }
  const call = createDispatcher(both.client).request({ ...POST, body: Readable.from(source()) });
  await expect(call).rejects.toBe(broken);
  await stopped.promise;
});

test('a short body that is still waited for is stopped with its exchange', async () => {
  await using both = await pair(() => ({}));
  const { handler, over, abort } = recorder('controller');
  const body = new Readable({ read() {} });
  const closed = new Promise((resolve) => body.once('close', resolve));
  const options = { ...POST, body, headers: { 'content-length': '2' } };
  createDispatcher(both.client).dispatch(options, handler);
  abort(new Error('enough'));
  await over;
  await closed;
});

test('an upload that is not wanted any more is stopped', async () => {
  const destroyed = Promise.withResolvers<void>();
  const endless = new Readable({
    read() {
      this.push(Buffer.alloc(64 * 1024));
    },
    destroy(error, done) {
      destroyed.resolve();
      done(error);
    },
  });
  await using both = await pair(() => ({ status: 413 }));
  const { statusCode, body } = await createDispatcher(both.client).request({
    ...POST,
    body: endless,
  });
  expect([statusCode, await body.text()]).toEqual([413, '']);
  await destroyed.promise;
});

test.each<[name: string, options: Partial<DispatchOptions>, code: string]>([
  ['an odd list of fields', { headers: ['a'] }, 'UND_ERR_INVALID_ARG'],
  ['two hosts', { headers: ['host', 'a', 'Host', 'b'] }, 'UND_ERR_INVALID_ARG'],
  [
    'two lengths',
    { headers: ['content-length', '1', 'Content-Length', '1'] },
    'UND_ERR_INVALID_ARG',
  ],
  ['a length that is none', { headers: { 'content-length': '1x' } }, 'UND_ERR_INVALID_ARG'],
  ['a keep-alive field', { headers: { 'Keep-Alive': 'x' } }, 'UND_ERR_INVALID_ARG'],
  ['an upgrade field', { headers: { upgrade: 'x' } }, 'UND_ERR_INVALID_ARG'],
  ['an expect field', { headers: { expect: '100-continue' } }, 'UND_ERR_NOT_SUPPORTED'],
  ['a line break in a value', { headers: { a: 'x\r\ny: z' } }, 'UND_ERR_INVALID_ARG'],
  ['a name that is no token', { headers: { 'a b': '' } }, 'UND_ERR_INVALID_ARG'],
  ['a blank in the path', { path: '/a b' }, 'UND_ERR_INVALID_ARG'],
  ['a method that is no token', { method: 'A B' }, 'UND_ERR_INVALID_ARG'],
  ['an origin that is none', { origin: 'nowhere' }, 'UND_ERR_INVALID_ARG'],
  ['a body that is none', { method: 'PUT', body: 5 }, 'UND_ERR_INVALID_ARG'],
  ['an object as a body', { method: 'PUT', body: {} }, 'UND_ERR_INVALID_ARG'],
  [
    'a body of another length',
    { method: 'PUT', body: 'ab', headers: { 'content-length': '3' } },
    'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  ],
  [
    'a stream that is too long',
    { method: 'PUT', body: ['ab', 'cd'], headers: { 'content-length': '3' } },
    'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  ],
  [
    'a stream that is too short',
    { method: 'PUT', body: ['ab'], headers: { 'content-length': '3' } },
    'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  ],
  ['an upgrade to nothing', { upgrade: true }, 'UND_ERR_INVALID_ARG'],
  ['an upgrade with a body', { upgrade: 'chat', body: 'x' }, 'UND_ERR_INVALID_ARG'],
  ['CONNECT', { method: 'CONNECT', path: 'a:1' }, 'UND_ERR_NOT_SUPPORTED'],
])('%s is refused', async (_name, options, code) => {
  await using both = await pair(async (request) => ({ body: await request.bytes() }));
  const error = await failure(createDispatcher(both.client).request({ ...GET, ...options }));
  expect(error).toMatchObject({ code, processed: 'no' });
});

test('a short stream that is there already comes with its head', async () => {
  await using both = await pair(async (request) => {
    const bytes = request.bytes();
    if (bytes instanceof Uint8Array) return { body: bytes };
    await bytes;
    return { body: 'in pieces' };
  });
  async function* source() {
    yield 'a';
    yield Buffer.from('b');
  }
  const dispatcher = createDispatcher(both.client);
  const headers = { 'content-length': '2' };
  const { body } = await dispatcher.request({ ...POST, body: source(), headers });
  expect(await body.text()).toBe('ab');
  const fetched = await fetch('http://a.example/', { dispatcher, method: 'POST', body: 'text' });
  expect(await fetched.text()).toBe('text');
  const unknown = await dispatcher.request({ ...POST, body: source() });
  expect(await unknown.body.text()).toBe('in pieces');
});

test('a short stream that takes its time does not hold back its head', async () => {
  const reached = Promise.withResolvers<void>();
  await using both = await pair(async (request) => {
    reached.resolve();
    return { body: await request.text() };
  });
  async function* source() {
    yield 'a';
    await reached.promise;
    yield 'b';
  }
  const options = { ...POST, body: source(), headers: { 'content-length': '2' } };
  const { body } = await createDispatcher(both.client).request(options);
  expect(await body.text()).toBe('ab');
});

test('an upgrade gives the socket, and one that is refused fails', async () => {
  const handler: Handler = (request) => {
    if (request.upgrade === undefined || request.path === '/no') return { status: 403 };
    return { status: 101, upgrade: (socket) => void socket.pipe(socket) };
  };
  await using both = await pair(handler, {}, { drainTimeoutMs: 50 });
  const dispatcher = createDispatcher(both.client);
  const { socket, headers } = await dispatcher.upgrade({ ...GET, protocol: 'chat' });
  expect(headers).toEqual({ connection: 'Upgrade', upgrade: 'chat' });
  socket.end('there and back');
  expect(String(Buffer.concat(await socket.toArray()))).toBe('there and back');
  const refused = await failure(dispatcher.upgrade({ ...GET, path: '/no', protocol: 'chat' }));
  expect(refused).toMatchObject({ code: 'UND_ERR_SOCKET', processed: 'yes' });
  expect(refused.message).toContain('403');
});

test('the WebSocket of the platform talks through a dispatcher', async () => {
  await using both = await pair(
    (request) => {
      const key = `${request.headers.get('sec-websocket-key')}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash('sha1').update(key).digest('base64');
      return {
        status: 101,
        headers: { 'sec-websocket-accept': accept },
        upgrade: (socket) => void socket.write(Buffer.from([0x81, 2, 0x68, 0x69])),
      };
    },
    {},
    { drainTimeoutMs: 50 },
  );
  const dispatcher = createDispatcher(both.client);
  const socket = new WebSocket('ws://a.example/chat', { dispatcher });
  const said = await new Promise((resolve, reject) => {
    socket.addEventListener('message', (event) => resolve(event.data));
    socket.addEventListener('error', reject);
  });
  expect(said).toBe('hi');
  socket.close();
});

test('headersTimeout ends a request without an answer', async () => {
  await using both = await pair(() => new Promise(() => {}));
  const dispatcher = createDispatcher(both.client);
  const error = await failure(dispatcher.request({ ...GET, headersTimeout: 5 }));
  expect(error).toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT', name: 'HeadersTimeoutError' });
});

test('bodyTimeout ends a body that is silent', async () => {
  await using both = await pair(() => ({
    body: (async function* () {
      yield Buffer.from('a');
      await new Promise(() => {});
    })(),
  }));
  const { body } = await createDispatcher(both.client).request({ ...GET, bodyTimeout: 5 });
  expect(await failure(body.text())).toMatchObject({
    code: 'UND_ERR_BODY_TIMEOUT',
    processed: 'yes',
  });
});

test('with expectContinue the body waits for 100', async () => {
  let asked = false;
  async function* source() {
    asked = true;
    yield 'body';
  }
  await using both = await pair(async (request) => {
    const before = asked;
    if (request.path === '/no') return { status: 417 };
    request.inform(100);
    return { body: JSON.stringify([before, request.headers.get('expect'), await request.text()]) };
  });
  const dispatcher = createDispatcher(both.client);
  const options = { ...POST, body: source(), expectContinue: true };
  const refused = await dispatcher.request({ ...options, path: '/no' });
  expect([refused.statusCode, asked]).toEqual([417, false]);
  expect(await echo(dispatcher, { ...options, body: source() })).toEqual([
    false,
    '100-continue',
    'body',
  ]);
});

test('a link that is lost is UND_ERR_SOCKET, with the TpError as its cause', async () => {
  const reached = Promise.withResolvers<void>();
  await using both = await pair(
    () => {
      reached.resolve();
      return new Promise(() => {});
    },
    { limits: { drainTimeoutMs: 1 } },
  );
  const call = createDispatcher(both.client).request({ ...POST, body: 'x' });
  call.catch(() => {});
  await reached.promise;
  await both.server.close();
  const error = await failure(call);
  expect(error).toMatchObject({ code: 'UND_ERR_SOCKET', processed: 'maybe', name: 'SocketError' });
});

test('what a peer refuses keeps that it was not processed', async () => {
  await using both = await pair(() => {
    throw new TpError({ code: 'OVERLOADED', message: 'later', processed: 'no' });
  });
  const error = await failure(createDispatcher(both.client).request({ ...POST, body: 'x' }));
  expect(error).toMatchObject({ code: 'UND_ERR_SOCKET', processed: 'no', message: 'later' });
  expect(error.cause).toMatchObject({ code: 'OVERLOADED' });
});

test('close waits for what is under way, and takes no more', async () => {
  const reached = Promise.withResolvers<void>();
  const going = Promise.withResolvers<void>();
  await using both = await pair(async () => {
    reached.resolve();
    await going.promise;
    return { body: 'done' };
  });
  const dispatcher = createDispatcher(both.client);
  const call = dispatcher.request(GET);
  await reached.promise;
  const closed = dispatcher.close();
  expect([dispatcher.closed, dispatcher.destroyed]).toEqual([true, false]);
  expect(await failure(dispatcher.request(GET))).toMatchObject({ code: 'UND_ERR_CLOSED' });
  going.resolve();
  expect(await (await call).body.text()).toBe('done');
  await closed;
  expect(dispatcher.destroyed).toBe(true);
  expect(await failure(dispatcher.request(GET))).toMatchObject({ code: 'UND_ERR_DESTROYED' });
});

test('destroy ends what is under way with its error', async () => {
  const reached = Promise.withResolvers<void>();
  await using both = await pair(() => {
    reached.resolve();
    return new Promise(() => {});
  });
  const dispatcher = createDispatcher(both.client);
  const call = dispatcher.request(GET);
  const error = new Error('gone');
  const ended = expect(call).rejects.toBe(error);
  await reached.promise;
  await new Promise<void>((resolve) => dispatcher.destroy(error, resolve));
  await ended;
  expect([dispatcher.closed, dispatcher.destroyed]).toEqual([true, true]);
});

test('other origins are refused, or taken elsewhere', async () => {
  await using both = await pair(() => ({ body: 'here' }));
  await using other = await pair(() => ({ body: 'elsewhere' }));
  const origins = ['http://a.example', new URL('https://b.example/')];
  const only = createDispatcher(both.client, { origins });
  const c = { ...GET, origin: 'http://c.example' };
  expect(await (await only.request(GET)).body.text()).toBe('here');
  expect(await (await only.request({ ...GET, origin: 'https://b.example/' })).body.text()).toBe(
    'here',
  );
  const error = await failure(only.request(c));
  expect(error).toMatchObject({ code: 'UND_ERR_INVALID_ARG', processed: 'no' });
  expect(error.message).toContain('http://c.example');
  const elsewhere = createDispatcher(other.client);
  const split = createDispatcher(both.client, { origins, elsewhere });
  expect(await (await split.request(c)).body.text()).toBe('elsewhere');
});

test('stream pipes a response, and pipeline is a duplex', async () => {
  await using both = await pair(async (request) => ({
    body: request.body,
    trailers: () => ({ 'x-end': '1' }),
  }));
  const dispatcher = createDispatcher(both.client);
  const pieces: string[] = [];
  const { opaque, trailers } = await dispatcher.stream(
    { ...POST, body: 'streamed', opaque: 7 },
    ({ statusCode }) =>
      new Writable({
        write(piece, _encoding, done) {
          pieces.push(`${statusCode} ${piece}`);
          done();
        },
      }),
  );
  expect([pieces, opaque, trailers]).toEqual([['200 streamed'], 7, { 'x-end': '1' }]);
  const duplex = dispatcher.pipeline(POST, ({ body }) => body);
  duplex.end('through');
  expect(String(Buffer.concat(await duplex.toArray()))).toBe('through');
});

test('a signal ends a request, and its body', async () => {
  const stopped = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await using both = await pair((request) => {
    const i = request.path === '/body' ? 1 : 0;
    request.signal.addEventListener('abort', () => stopped[i]?.resolve());
    if (i === 0) return new Promise(() => {});
    return {
      body: (async function* () {
        yield Buffer.from('a');
        await stopped[1]?.promise;
      })(),
    };
  });
  const dispatcher = createDispatcher(both.client);
  const early = new AbortController();
  const call = dispatcher.request({ ...GET, signal: early.signal });
  const reason = new Error('enough');
  early.abort(reason);
  await expect(call).rejects.toBe(reason);
  const late = new AbortController();
  const { body } = await dispatcher.request({ ...GET, path: '/body', signal: late.signal });
  late.abort(reason);
  await expect(body.text()).rejects.toBe(reason);
  await stopped[1]?.promise;
  await expect(dispatcher.request({ ...GET, signal: late.signal })).rejects.toBe(reason);
});

test('a body that is left or dumped beyond its limit stops the peer', async () => {
  const stopped: string[] = [];
  const all = Promise.withResolvers<void>();
  await using both = await pair((request) => {
    request.signal.addEventListener('abort', () => {
      stopped.push(request.path);
      if (stopped.length === 2) all.resolve();
    });
    return {
      body: (async function* () {
        for (;;) yield Buffer.alloc(16 * 1024);
      })(),
    };
  });
  const dispatcher = createDispatcher(both.client);
  const left = await dispatcher.request({ ...GET, path: '/left' });
  for await (const _ of left.body) break;
  const dumped = await dispatcher.request({ ...GET, path: '/dumped' });
  await dumped.body.dump({ limit: 100_000 });
  await all.promise;
  expect(stopped.toSorted()).toEqual(['/dumped', '/left']);
});
