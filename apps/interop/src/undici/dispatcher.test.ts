import { createServer as createHttpServer } from 'node:http';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import {
  type Client,
  createClient,
  createDispatcher,
  createServer,
  type Dispatcher,
  fromListener,
  type RequestListener,
} from '@tp/http';
import * as undici8 from 'undici';
import * as undici6 from 'undici-6';
import * as undici7 from 'undici-7';
import { describe, expect, test } from 'vitest';

const origin = 'http://a.example:8080';

/** What the types of three versions have no common call for. */
interface Own {
  /** Sends a filled form of that version, and resolves with the answer. */
  sendForm(dispatcher: Dispatcher): Promise<string>;
  /** Makes it the global dispatcher of that version; returns how to undo that. */
  setGlobal(dispatcher: Dispatcher): () => void;
}

const post = { method: 'POST' } as const;

const own6: Own = {
  async sendForm(dispatcher) {
    const body = filled(new undici6.FormData());
    return (await undici6.request(origin, { dispatcher, ...post, body })).body.text();
  },
  setGlobal(dispatcher) {
    const before = undici6.getGlobalDispatcher();
    undici6.setGlobalDispatcher(dispatcher);
    return () => undici6.setGlobalDispatcher(before);
  },
};

const own7: Own = {
  async sendForm(dispatcher) {
    const body = filled(new undici7.FormData());
    return (await undici7.request(origin, { dispatcher, ...post, body })).body.text();
  },
  setGlobal(dispatcher) {
    const before = undici7.getGlobalDispatcher();
    undici7.setGlobalDispatcher(dispatcher);
    return () => undici7.setGlobalDispatcher(before);
  },
};

const own8: Own = {
  async sendForm(dispatcher) {
    const body = filled(new undici8.FormData());
    return (await undici8.request(origin, { dispatcher, ...post, body })).body.text();
  },
  setGlobal(dispatcher) {
    const before = undici8.getGlobalDispatcher();
    undici8.setGlobalDispatcher(dispatcher);
    return () => undici8.setGlobalDispatcher(before);
  },
};

function filled<Form extends undici6.FormData | undici7.FormData | undici8.FormData>(
  form: Form,
): Form {
  form.append('name', 'value');
  form.append('file', new Blob(['content']), 'a.txt');
  return form;
}

const versions = [
  ['undici 6', undici6, own6],
  ['undici 7', undici7, own7],
  ['undici 8', undici8, own8],
] as const;

interface Served extends AsyncDisposable {
  readonly client: Client;
  readonly dispatcher: Dispatcher;
}

/** A listener served over tp, and a dispatcher to it. */
async function served(listener: RequestListener): Promise<Served> {
  const server = createServer(fromListener(listener), { onError: () => {} });
  const client = createClient(await server.listen('teleport://127.0.0.1:0'));
  return {
    client,
    dispatcher: createDispatcher(client),
    async [Symbol.asyncDispose]() {
      await client.close();
      await server.close();
    },
  };
}

/** A server that switches every request to a protocol that says back what it hears. */
async function switching(): Promise<Served> {
  const server = createServer(() => ({
    status: 101,
    upgrade: (socket) => void socket.pipe(socket),
  }));
  const client = createClient(await server.listen('teleport://127.0.0.1:0'));
  return {
    client,
    dispatcher: createDispatcher(client),
    async [Symbol.asyncDispose]() {
      await client.close();
      await server.close();
    },
  };
}

/** Answers with what it was asked. */
const echo: RequestListener = async (req, res) => {
  const pieces: Buffer[] = [];
  for await (const piece of req) pieces.push(Buffer.from(piece));
  res.writeHead(200, 'Indeed', [
    ...['Content-Type', 'application/json', 'X-Many', '1', 'x-many', '2'],
    ...['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'],
  ]);
  res.end(
    JSON.stringify({
      line: `${req.method} ${req.url}`,
      fields: req.rawHeaders,
      body: String(Buffer.concat(pieces)),
    }),
  );
};

describe.each(versions)('%s', (_name, undici, own) => {
  test('request gets status, fields and body, and sends its own', async () => {
    await using to = await served(echo);
    const { statusCode, headers, body } = await undici.request(`${origin}/path?q`, {
      dispatcher: to.dispatcher,
      method: 'POST',
      headers: { 'X-A': '1', accept: ['a', 'b'] },
      body: 'text',
    });
    expect(statusCode).toBe(200);
    expect(headers).toEqual({
      'content-type': 'application/json',
      'x-many': ['1', '2'],
      'set-cookie': ['a=1', 'b=2'],
    });
    const fields = ['host', 'a.example:8080', 'X-A', '1', 'accept', 'a', 'accept', 'b'];
    expect(await body.json()).toEqual({
      line: 'POST /path?q',
      fields: [...fields, 'content-length', '4'],
      body: 'text',
    });
  });

  test('request hands out raw fields in their case, and 1xx heads', async () => {
    await using to = await served((_req, res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      res.writeHead(200, ['X-Case', '1']).end();
    });
    const hints: unknown[] = [];
    const { headers, body } = await undici.request(origin, {
      dispatcher: to.dispatcher,
      responseHeaders: 'raw',
      onInfo: (info) => hints.push(info.statusCode),
    });
    await body.dump();
    expect([headers, hints]).toEqual([['X-Case', '1'], [103]]);
  });

  test('request gets trailers behind the body', async () => {
    await using to = await served((_req, res) => {
      res.writeHead(200, { Trailer: 'X-Sum' });
      res.write('data');
      res.addTrailers({ 'X-Sum': '4' });
      res.end();
    });
    const { body, trailers } = await undici.request(origin, { dispatcher: to.dispatcher });
    expect(await body.text()).toBe('data');
    expect(trailers).toEqual({ 'x-sum': '4' });
  });

  test('request sends a form of its own', async () => {
    await using to = await served(echo);
    const seen = await own.sendForm(to.dispatcher);
    expect(seen).toMatch(/multipart\/form-data; boundary=/);
    expect(seen).toMatch(/name=\\"name\\"\\r\\n\\r\\nvalue.*filename=\\"a.txt\\".*content/);
  });

  test('stream fills a writable, also a slow one', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, 'x');
    await using to = await served((_req, res) => void res.end(megabyte));
    let length = 0;
    await undici.stream(
      origin,
      { dispatcher: to.dispatcher, method: 'GET' },
      () =>
        new Writable({
          highWaterMark: 1,
          write(piece: Buffer, _encoding, done) {
            length += piece.length;
            setImmediate(done);
          },
        }),
    );
    expect(length).toBe(megabyte.length);
  });

  test('pipeline sends what is piped in, and gives what comes back', async () => {
    await using to = await served((req, res) => void req.pipe(res));
    const pieces: Buffer[] = [];
    await pipeline(
      [Buffer.from('to '), Buffer.from('and fro')],
      undici.pipeline(origin, { dispatcher: to.dispatcher, method: 'PUT' }, ({ body }) => body),
      async (source: AsyncIterable<Buffer>) => {
        for await (const piece of source) pieces.push(piece);
      },
    );
    expect(String(Buffer.concat(pieces))).toBe('to and fro');
  });

  test('fetch follows redirects, unpacks, and streams both ways', async () => {
    await using to = await served((req, res) => {
      if (req.url === '/from') res.writeHead(308, { location: '/to' }).end();
      else if (req.url === '/gzip') {
        res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('unpacked'));
      } else req.pipe(res);
    });
    const { dispatcher } = to;
    const redirected = await undici.fetch(`${origin}/from`, {
      dispatcher,
      method: 'PUT',
      body: 'b',
    });
    expect([await redirected.text(), redirected.url]).toEqual(['b', `${origin}/to`]);
    expect(await (await undici.fetch(`${origin}/gzip`, { dispatcher })).text()).toBe('unpacked');
    const streamed = await undici.fetch(origin, {
      dispatcher,
      method: 'POST',
      body: ReadableStream.from([Buffer.from('a'), Buffer.from('b')]),
      duplex: 'half',
    });
    expect(await streamed.text()).toBe('ab');
  });

  test('a signal stops the listener, before the head and within the body', async () => {
    const closed: (string | undefined)[] = [];
    const both = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    await using to = await served((req, res) => {
      res.on('close', () => {
        closed.push(req.url);
        if (closed.length === 2) both.resolve();
      });
      if (req.url === '/body') res.write('part');
      else reached.resolve();
    });
    const { dispatcher } = to;
    const early = new AbortController();
    const call = undici.request(`${origin}/head`, { dispatcher, signal: early.signal });
    const rejected = expect(call).rejects.toMatchObject({ name: 'AbortError' });
    await reached.promise;
    early.abort();
    await rejected;
    const late = new AbortController();
    const { body } = await undici.request(`${origin}/body`, { dispatcher, signal: late.signal });
    const failed = expect(body.text()).rejects.toMatchObject({ name: 'AbortError' });
    late.abort();
    await failed;
    await both.promise;
    expect(closed.toSorted()).toEqual(['/body', '/head']);
  });

  test('errors are instances of its classes', async () => {
    await using to = await served((req, res) => {
      if (req.url === '/reset') res.destroy();
    });
    const { dispatcher } = to;
    const { errors } = undici;
    const cases = [
      [() => undici.request(`${origin}/reset`, { dispatcher, method: 'POST' }), errors.SocketError],
      [() => undici.request(origin, { dispatcher, headersTimeout: 5 }), errors.HeadersTimeoutError],
      [
        () => undici.request(origin, { dispatcher, headers: { expect: 'x' } }),
        errors.NotSupportedError,
      ],
      [
        () => undici.request(origin, { dispatcher, headers: { 'keep-alive': 'x' } }),
        errors.InvalidArgumentError,
      ],
    ] as const;
    for (const [call, type] of cases) {
      const error: unknown = await call().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(type);
      expect(error).toBeInstanceOf(errors.UndiciError);
      expect(error).toMatchObject({ cause: { name: 'TpError' } });
    }
  });

  test('it may be the global dispatcher', async () => {
    await using to = await served(echo);
    const restore = own.setGlobal(to.dispatcher);
    try {
      expect((await undici.request(`${origin}/r`)).statusCode).toBe(200);
      expect(await (await undici.fetch(`${origin}/f`)).json()).toMatchObject({ line: 'GET /f' });
      expect(await (await fetch(`${origin}/p`)).json()).toMatchObject({ line: 'GET /p' });
    } finally {
      restore();
    }
  });

  test('its retry and redirect interceptors work, for it and for the platform', async () => {
    let tries = 0;
    await using to = await served((req, res) => {
      if (req.url === '/busy' && ++tries % 3 !== 0) res.writeHead(503).end();
      else if (req.url === '/from') res.writeHead(302, { location: '/to' }).end();
      else res.end(`${req.url} after ${tries}`);
    });
    const { retry, redirect } = undici.interceptors;
    const dispatcher = to.dispatcher.compose(
      retry({ minTimeout: 1, maxRetries: 3 }),
      redirect({ maxRedirections: 2 }),
    );
    const busy = await undici.request(`${origin}/busy`, { dispatcher });
    expect(await busy.body.text()).toBe('/busy after 3');
    const moved = await undici.request(`${origin}/from`, { dispatcher });
    expect(await moved.body.text()).toBe('/to after 3');
    expect(await (await undici.fetch(`${origin}/busy`, { dispatcher })).text()).toBe(
      '/busy after 6',
    );
    expect(await (await fetch(`${origin}/busy`, { dispatcher })).text()).toBe('/busy after 9');
    expect(
      await (await dispatcher.request({ origin, path: '/from', method: 'GET' })).body.text(),
    ).toBe('/to after 9');
  });

  test('its retry interceptor goes on where a body broke off', async () => {
    let tries = 0;
    await using to = await served((req, res) => {
      const [, start = '0'] = /bytes=(\d+)-/.exec(req.headers.range ?? '') ?? [];
      if (tries++ === 0) {
        res.writeHead(200, { etag: '"1"', 'content-length': '6' });
        res.write('abc', () => setImmediate(() => setImmediate(() => res.destroy())));
        return;
      }
      res.writeHead(206, { etag: '"1"', 'content-range': `bytes ${start}-5/6` });
      res.end('abcdef'.slice(Number(start)));
    });
    const dispatcher = to.dispatcher.compose(undici.interceptors.retry({ minTimeout: 1 }));
    const { body } = await undici.request(origin, { dispatcher });
    expect(await body.text()).toBe('abcdef');
    expect(tries).toBeGreaterThan(1);
  });

  test('upgrade hands out the socket', async () => {
    await using to = await switching();
    const { headers, socket } = await undici.upgrade(origin, {
      dispatcher: to.dispatcher,
      protocol: 'chat',
    });
    expect(headers.upgrade).toBe('chat');
    socket.end('there and back');
    expect(String(Buffer.concat(await socket.toArray()))).toBe('there and back');
  });

  test('its Agent takes the origins that are elsewhere', async () => {
    await using to = await served((_req, res) => void res.end('over tp'));
    const http = createHttpServer((_req, res) => void res.end('over HTTP'));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const address = http.address();
    const other = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    const agent = new undici.Agent();
    const dispatcher = createDispatcher(to.client, { origins: [origin], elsewhere: agent });
    try {
      for (const fetching of [fetch, undici.fetch]) {
        expect(await (await fetching(origin, { dispatcher })).text()).toBe('over tp');
        expect(await (await fetching(other, { dispatcher })).text()).toBe('over HTTP');
      }
    } finally {
      await agent.close();
      http.close();
    }
  });
});

describe.each([
  ['undici 7', undici7],
  ['undici 8', undici8],
] as const)('%s', (_name, undici) => {
  test('its cache interceptor keeps what may be kept', async () => {
    let asked = 0;
    await using to = await served((_req, res) => {
      res.writeHead(200, { 'cache-control': 'max-age=60', 'x-asked': String(++asked) });
      res.end('cached');
    });
    const dispatcher = to.dispatcher.compose(undici.interceptors.cache());
    for (const fetching of [undici.fetch, undici.fetch, fetch]) {
      const response = await fetching(`${origin}/cached`, { dispatcher });
      expect([await response.text(), response.headers.get('x-asked')]).toEqual(['cached', '1']);
    }
  });

  test('its decompress interceptor unpacks', async () => {
    await using to = await served((_req, res) => {
      res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('unpacked'));
    });
    const dispatcher = to.dispatcher.compose(undici.interceptors.decompress());
    const { body } = await undici.request(origin, { dispatcher });
    expect(await body.text()).toBe('unpacked');
    expect(await (await dispatcher.request({ origin, path: '/', method: 'GET' })).body.text()).toBe(
      'unpacked',
    );
  });

  test('its redirect interceptor works around that of undici 6', async () => {
    await using to = await served((req, res) => {
      if (req.url === '/from') res.writeHead(302, { location: '/to' }).end();
      else if (req.url === '/to' && req.headers.cookie === undefined) res.writeHead(503).end();
      else res.end(req.url);
    });
    const dispatcher = to.dispatcher.compose([
      undici6.interceptors.redirect({ maxRedirections: 2 }),
      undici.interceptors.retry({ minTimeout: 1 }),
    ]);
    const headers = { cookie: 'a=1' };
    const { body } = await undici.request(`${origin}/from`, { dispatcher, headers });
    expect(await body.text()).toBe('/to');
  });
});
