import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { Fields, fromFetch, type Request as LeanRequest, type RequestOptions } from '../index.ts';
import { gather, pair } from '../test/pair.ts';

/** What a handler finds out about a request that is asked over tp. */
async function seen<T>(
  asked: RequestOptions,
  look: (request: Request) => T | Promise<T>,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  await using both = await pair(
    fromFetch(async (request) => {
      await Promise.resolve(request).then(look).then(resolve, reject);
      return new Response(null, { status: 204 });
    }),
    { onError: reject },
  );
  await both.client.request(asked).catch(reject);
  return promise;
}

/** The same of a native request. */
async function native<T>(
  init: RequestInit,
  look: (request: Request) => T | Promise<T>,
): Promise<T> {
  return look(new Request('http://localhost/a?b', { method: 'POST', ...init }));
}

const post: RequestOptions = { method: 'POST', path: '/a?b' };
const stream = (text: string) =>
  ReadableStream.from(Array.from(text, (letter) => Buffer.from(letter)));

const form = new URLSearchParams([
  ['a', '1'],
  ['a', 'é'],
]).toString();
const multipart = [
  '--b',
  'Content-Disposition: form-data; name="a"',
  '',
  '1',
  '--b',
  'Content-Disposition: form-data; name="f"; filename="é.txt"',
  'Content-Type: text/x',
  '',
  'file',
  '--b--',
  '',
].join('\r\n');

const bodies: Record<string, [body: string, type: string]> = {
  text: ['text', 'text/plain'],
  'text with a byte-order mark': ['\ufeffé€', 'text/plain;charset=utf-8'],
  JSON: ['{"a":[1]}', 'application/json'],
  'JSON that is none': ['{', 'application/json'],
  'a form': [form, 'application/x-www-form-urlencoded'],
  'a form with files': [multipart, 'multipart/form-data; boundary=b'],
  'a form that is cut off': [multipart.slice(0, 60), 'multipart/form-data; boundary=b'],
};

/** Every way to read a body, and what comes of it. */
const readings: Record<string, (request: Request) => Promise<unknown>> = {
  arrayBuffer: async (request) => Buffer.from(await request.arrayBuffer()).toString('latin1'),
  blob: async (request) => {
    const blob = await request.blob();
    return [blob.type, blob.size, await blob.text()];
  },
  bytes: async (request) => {
    const bytes = await request.bytes();
    return [bytes.constructor.name, bytes.byteOffset, Buffer.from(bytes).toString('latin1')];
  },
  formData: async (request) => {
    const found: unknown[] = [];
    for (const [name, value] of await request.formData()) {
      found.push([
        name,
        typeof value === 'string' ? value : [value.name, value.type, await value.text()],
      ]);
    }
    return found;
  },
  json: (request) => request.json(),
  text: (request) => request.text(),
  body: async (request) => request.body && String(await gather(request.body)),
  'body by byob': async (request) => {
    const reader = request.body?.getReader({ mode: 'byob' });
    let text = '';
    for (;;) {
      const read = await reader?.read(new Uint8Array(3));
      text += Buffer.from(read?.value ?? []).toString('latin1');
      if (read?.done !== false) return text;
    }
  },
  clone: async (request) => {
    const clone = request.clone();
    return [await request.text(), await clone.text(), request.bodyUsed, clone.bodyUsed];
  },
  'new Request': async (request) => {
    const next = new Request(request);
    return [request.bodyUsed, await next.text(), next.method, next.url];
  },
  'new Request with changes': async (request) => {
    const next = new Request(request, { headers: { 'x-b': '2' }, method: 'PUT' });
    return [await next.text(), next.method, [...next.headers]];
  },
  'new Request with a body of its own': async (request) => {
    const next = new Request(request, { body: 'other' });
    return [await next.text(), next.method, next.url, next.headers.get('x-a'), request.bodyUsed];
  },
  'new Request with a body of its own, when it was read': async (request) => {
    const text = await request.text();
    return [await new Request(request, { body: `${text}, and more` }).text(), request.bodyUsed];
  },
  'the init of another': async (request) => {
    const next = new Request('http://other/', request);
    return [await next.text(), next.method, next.headers.get('x-a')];
  },
};

/** A reading, then what is left of the request. */
const all = (read: (request: Request) => Promise<unknown>) => async (request: Request) => {
  const before = request.bodyUsed;
  const failed = (error: unknown) => (error instanceof Error ? error.name : 'no error');
  const outcome = await read(request).catch(failed);
  const again = await request.text().catch(failed);
  const third = await Promise.resolve(request)
    .then((one) => new Request(one).text())
    .catch(failed);
  const sent = await new Promise((resolve) => resolve(new Response(request.body).text())).catch(
    failed,
  );
  return { before, outcome, again, third, sent, used: request.bodyUsed };
};

const each = Object.entries(bodies).flatMap(([kind, [body, type]]) =>
  Object.entries(readings).map(([how, read]) => ({ kind, how, body, type, read })),
);

test.each(each)('$how of $kind is as with a native request', async ({ body, type, read }) => {
  const headers = { 'content-type': type, 'x-a': '1' };
  const expected = await native({ headers, body }, all(read));
  expect(await seen({ ...post, headers, body }, all(read))).toEqual(expected);
  expect(await seen({ ...post, headers, body: stream(body) }, all(read))).toEqual(expected);
});

test.each(Object.entries(readings).filter(([how]) => !/byob/.test(how)))(
  '%s of no body is as with a native request',
  async (_how, read) => {
    expect(await seen(post, all(read))).toEqual(await native({}, all(read)));
    expect(await seen({ ...post, method: 'GET', body: 'ignored' }, all(read))).toEqual(
      await native({ method: 'GET' }, all(read)),
    );
  },
);

test('each member says what a native request says', async () => {
  const look = (request: Request) => {
    const found: Record<string, unknown> = {};
    for (const name of Object.keys(Object.getOwnPropertyDescriptors(Request.prototype))) {
      const value: unknown = Reflect.get(request, name, request);
      found[name] =
        typeof value === 'object' && value !== null
          ? value.constructor.name
          : typeof value === 'function'
            ? value.name.replace(/^bound /, '')
            : value;
    }
    return { ...found, shown: inspect(request).split('\n')[0] };
  };
  const found = await seen({ ...post, body: 'x' }, look);
  expect(found).toEqual(await native({ body: 'x' }, look));
  expect(Object.keys(found)).toEqual(expect.arrayContaining(['keepalive', 'referrer', 'duplex']));
});

test('it is a Request for those who ask, and subclasses and others are made as before', async () => {
  await seen(post, (request) => {
    expect(request instanceof Request).toBe(true);
    expect(request.constructor).toBe(Request);
    expect(new Request(request).constructor).toBe(Request);
    expect(Object.prototype.toString.call(request)).toBe('[object Request]');
    class Mine extends Request {
      readonly mine = true;
    }
    expect(new Mine(request)).toMatchObject({ mine: true, method: 'POST' });
    expect(new Mine('http://a/')).toBeInstanceOf(Request);
    expect(Request.name).toBe('Request');
    expect(() => Reflect.apply(Request, undefined, ['http://a/'])).toThrow(TypeError);
    expect(() => new Request('no url')).toThrow(TypeError);
  });
});

test('fetch sends it on: method, fields and a body that streams', async () => {
  const origin = createHttpServer(async (req, res) => {
    const chunks = await req.toArray();
    res.end(
      JSON.stringify([req.method, req.url, req.headers['x-a'], Buffer.concat(chunks).toString()]),
    );
  });
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  onTestFinished(() => {
    origin.close();
  });
  const address = origin.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  for (const body of ['whole', stream('streamed')]) {
    await using both = await pair(
      fromFetch(async (request) => {
        request.headers.set('x-a', '2');
        return fetch(request);
      }),
    );
    const response = await both.client.request({
      method: 'PUT',
      path: '/over',
      headers: { host: `127.0.0.1:${port}`, 'x-a': '1' },
      body,
    });
    expect(await response.json()).toEqual([
      'PUT',
      '/over',
      '2',
      typeof body === 'string' ? 'whole' : 'streamed',
    ]);
    // What belonged to the connection with the origin stays there.
    expect(response.headers.has('connection') || response.headers.has('transfer-encoding')).toBe(
      false,
    );
  }
});

test('fields that were changed are those of every native request that is made', async () => {
  await seen({ ...post, headers: { 'x-a': '1', 'x-b': '1' } }, (request) => {
    expect(request.clone().headers.get('x-a')).toBe('1');
    request.headers.set('x-a', '2');
    request.headers.delete('x-b');
    request.headers.append('set-cookie', 'a');
    request.headers.append('set-cookie', 'b');
    const next = new Request(request);
    expect([...next.headers]).toEqual([...request.headers]);
    expect(next.headers.getSetCookie()).toEqual(['a', 'b']);
    expect(request.headers).toBe(request.headers);
  });
});

test('bytes are the handler’s own: to transfer them takes nothing from others', async () => {
  await using both = await pair(
    fromFetch(async (request) => {
      const buffer = await request.arrayBuffer();
      structuredClone(buffer, { transfer: [buffer] });
      return new Response(String(buffer.byteLength));
    }),
  );
  const ask = async () => (await both.client.request({ ...post, body: 'one' })).text();
  expect(await Promise.all(Array.from({ length: 20 }, ask))).toEqual(Array(20).fill('0'));
});

/** A lean request that says what is asked of it. */
function watched(): { request: LeanRequest; asked: string[] } {
  const asked: string[] = [];
  const parts = {
    method: 'POST',
    path: '/',
    headers: Fields.from({ host: 'h' }),
    hasBody: true,
    signal: new AbortController().signal,
    remainingMs: undefined,
    trailers: undefined,
    body: ReadableStream.from([Buffer.from('x')]),
    bytes: () => Buffer.from('x'),
    text: () => 'x',
    json: () => null,
    inform: () => {},
  };
  const request = new Proxy(parts, {
    get(target, name, receiver) {
      asked.push(String(name));
      return Reflect.get(target, name, receiver);
    },
  });
  return { request, asked };
}

test.each([
  ['nothing', () => {}, []],
  ['the method', (one: Request) => one.method, ['method']],
  ['the URL', (one: Request) => one.url, ['path', 'headers']],
  ['the fields', (one: Request) => one.headers, ['headers']],
  ['the signal', (one: Request) => one.signal, ['signal']],
  ['the text', (one: Request) => one.text(), ['method', 'hasBody', 'bytes']],
  ['the stream', (one: Request) => one.body, ['method', 'hasBody', 'body']],
] as const)('of a handler that looks at %s nothing else is made', async (_what, look, needed) => {
  const { request, asked } = watched();
  const handler = fromFetch((one) => {
    look(one);
    // What the answer needs is not counted.
    asked.push('answer');
    return new Response(null);
  });
  await handler(request);
  expect(new Set(asked.slice(0, asked.indexOf('answer')))).toEqual(new Set(needed));
});

test.each([
  [{ host: 'Example.COM' }, '/a', 'http://example.com/a'],
  [{ host: 'example.com:80' }, '/a?b#c', 'http://example.com/a?b#c'],
  [{ host: '[::1]:8080' }, '/', 'http://[::1]:8080/'],
  [{ HOST: 'h' }, '//other/a', 'http://h//other/a'],
  [{ host: 'h' }, '/a/../b/./c', 'http://h/b/c'],
  [{ host: 'h' }, '/a%2F..%2fb/%', 'http://h/a%2F..%2fb/%'],
  [{ host: 'h' }, '/\\other/a"<>é', 'http://h//other/a%22%3C%3E%C3%A9'],
  [{ host: 'h' }, '*', 'http://h/'],
  [{ host: 'h' }, 'other:443', 'http://h/other:443'],
  [{ host: 'h' }, 'https://Other/a/../b?c', 'https://other/b?c'],
  [{ host: 'h' }, 'http://user:secret@other/', 'http://h/http://user:secret@other/'],
  [{ host: 'h' }, 'javascript:alert(1)', 'http://h/javascript:alert(1)'],
  [{}, '/a', 'http://localhost/a'],
  [{ host: '' }, '/a', 'http://localhost/a'],
  [{ host: 'a/b' }, '/a', 'http://localhost/a'],
  [{ host: 'user@h' }, '/a', 'http://localhost/a'],
  [{ host: 'a b' }, '/a', 'http://localhost/a'],
  [{ host: 'h:99999' }, '/a', 'http://localhost/a'],
  [{ host: 'h?x' }, '/a', 'http://localhost/a'],
  [{ host: '[::g]' }, '/a', 'http://localhost/a'],
  [{ host: ['h', 'other'] }, '/a', 'http://localhost/a'],
  [{ host: `${'x'.repeat(2000)}` }, '/a', `http://${'x'.repeat(2000)}/a`],
])('the URL of %j and %s is %s', async (headers, path, url) => {
  expect(await seen({ ...post, headers, path }, (request) => request.url)).toBe(url);
});

test('the scheme is that of the option', async () => {
  const handler = fromFetch((request) => new Response(request.url), { scheme: 'https' });
  await using both = await pair(handler);
  const ask = async (host: string) =>
    (await both.client.request({ path: '/', headers: { host } })).text();
  expect([await ask('a:443'), await ask('b:80'), await ask('b:80')]).toEqual([
    'https://a/',
    'https://b:80/',
    'https://b:80/',
  ]);
});

test('a body is read as the handler reads it, and one that it cancels stops the client', async () => {
  let made = 0;
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const source = async function* () {
    try {
      for (;;) {
        made++;
        yield Buffer.alloc(64 * 1024);
      }
    } finally {
      stop();
    }
  };
  await using both = await pair(
    fromFetch(async (request) => {
      const reader = request.body?.getReader();
      const first = await reader?.read();
      for (let before = -1; made !== before; ) {
        before = made;
        for (let i = 0; i < 20; i++) await turn();
      }
      await reader?.cancel();
      return new Response(`${first?.value?.length} ${made < 1_000}`);
    }),
  );
  const response = await both.client.request({ ...post, body: source() });
  expect(await response.text()).toMatch(/^\d+ true$/);
  await stopped;
});

test('the signal fires when the client goes away, and a body under way fails', async () => {
  const { promise, resolve } = Promise.withResolvers<unknown[]>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  await using both = await pair(
    fromFetch(async (request) => {
      const reader = request.body?.getReader();
      await reader?.read();
      request.signal.addEventListener('abort', async () => {
        const read = await reader?.read().catch((error: unknown) => error);
        resolve([request.signal.reason, read]);
      });
      begin();
      return new Promise(() => {});
    }),
  );
  const leaving = new AbortController();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  void writable.getWriter().write(Buffer.from('x'));
  const call = both.client.request({ ...post, body: readable, signal: leaving.signal });
  await begun;
  leaving.abort();
  await expect(call).rejects.toMatchObject({ code: 'CANCEL' });
  expect(await promise).toMatchObject([{ code: 'CANCEL' }, { code: 'CANCEL' }]);
});

test('text() and its like gather what bytes() would', async () => {
  await using both = await pair(
    fromFetch(async (request) => new Response(await request.text().catch((error) => error.code))),
    { limits: { maxBufferedBodyBytes: 10 } },
  );
  const ask = async (size: number) =>
    (await both.client.request({ ...post, body: stream('x'.repeat(size)) })).text();
  expect([await ask(10), await ask(11)]).toEqual(['x'.repeat(10), 'BODY_LIMIT']);
});

/** Whatever may stand in a head (W-062). */
const text = (from: number) =>
  fc.string({
    unit: fc
      .integer({ min: from, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map((code) => String.fromCharCode(code)),
    minLength: 1,
    maxLength: 12,
  });
const piece = fc.oneof(
  text(0x21),
  fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    '%2e',
    '%',
    '?',
    '#',
    '\\',
    '@',
    ':',
    'http://',
    'HTTPS://a',
    "'",
    '"',
    '*',
    '[',
    '^',
    '`',
    '|',
  ),
);
const path = fc.array(piece, { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''));
const host = fc.oneof(
  text(0x20),
  fc.constantFrom(
    'a',
    'A.b:80',
    'a:',
    'a:000000080',
    '127.1',
    '[::1]:7',
    '0x7f.1:443',
    'xn--a',
    'a..b',
    '-',
    'a_b',
    '1.2.3.4.5',
    '[::ffff:1.2.3.4]',
  ),
);

test('the URL of any head is one, as URL would write it, and its host is that of the head or nobody’s', () => {
  let url = '';
  const handler = fromFetch((request) => {
    url = request.url;
    return new Response(null);
  });
  const { request } = watched();
  fc.assert(
    fc.property(fc.option(host), path, (host, path) => {
      const headers = host === null ? Fields.empty : Fields.from({ Host: host });
      void handler({ ...request, headers, path, inform: () => {} });
      const found = new URL(url);
      expect(found.href).toBe(url);
      expect([found.username, found.password]).toEqual(['', '']);
      if (/^https?:/i.test(path)) return;
      const named = host === null ? null : URL.parse(`http://${host}`);
      const isPlain = named !== null && /^[\w.:[\]-]+$/.test(host ?? '');
      expect(found.host).toBe(isPlain ? named.host : 'localhost');
      if (/^\/[\w/?=&-]*$/.test(path)) expect(url).toBe(found.origin + path);
    }),
    { numRuns: 3_000 },
  );
});
