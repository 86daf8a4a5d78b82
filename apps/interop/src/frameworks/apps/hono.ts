import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { createAdaptorServer, getRequestListener } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { fromFetch, fromListener } from '@tp/http';
import { Hono } from 'hono';
import { accepts } from 'hono/accepts';
import { bodyLimit } from 'hono/body-limit';
import { compress } from 'hono/compress';
import { deleteCookie, getCookie, getSignedCookie, setCookie, setSignedCookie } from 'hono/cookie';
import { etag } from 'hono/etag';
import { HTTPException } from 'hono/http-exception';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { stream, streamSSE } from 'hono/streaming';
import type { App, AppInit, CreateApp } from './app.ts';
import {
  bareError,
  breakingDownload,
  COOKIE_EXPIRES,
  COOKIE_SECRET,
  forever,
  LARGE_LIST,
  LAST_MODIFIED,
  largeDownload,
  measure,
  PROSE,
  receive,
  uploaded,
} from './content.ts';
import { listening, portOf, stop } from './node-server.ts';

/** Hono 4 with its own middleware, on its server for Node. */
export const createHonoApp: CreateApp = (init) => {
  const { fetch } = honoRoutes(init);
  return hono(fetch, () => fromListener(getRequestListener(fetch)));
};

/** The same, where tp calls `app.fetch` itself. */
export const createHonoFetchApp: CreateApp = (init) => {
  const { fetch } = honoRoutes(init);
  return hono(fetch, () => fromFetch(fetch));
};

function hono(fetch: Hono['fetch'], overTp: App['overTp']): App {
  const server = createAdaptorServer({ fetch });
  return {
    async listen() {
      await listening(server);
      return portOf(server);
    },
    overTp,
    close: () => stop(server),
  };
}

function honoRoutes({ journal, files }: AppInit): Hono {
  const app = new Hono();
  app.use((c, next) => {
    const fields = [...c.req.raw.headers].flat();
    journal.request(c.req.method, c.req.url, fields);
    return next();
  });
  app.use(methodNotAllowed({ app }));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    return c.text('Internal Server Error', 500);
  });

  app.get('/hello', (c) => c.text('hello'));
  app.get('/users/:user/posts/:post', (c) => c.json(c.req.param()));
  app.get('/tree/*', (c) => c.json({ path: c.req.path }));
  app.get('/query', (c) => {
    const lists = Object.entries(c.req.queries());
    return c.json(Object.fromEntries(lists.map(([k, v]) => [k, v.length === 1 ? v[0] : v])));
  });
  app.get('/raw/*', (c) => c.json({ url: c.req.url, path: c.req.path }));
  app.get('/about', (c) => c.json({ url: c.req.url, host: c.req.header('host') }));
  app.get('/content', (c) => {
    const supports = ['application/json', 'text/html'];
    const type = accepts(c, { header: 'Accept', supports, default: 'none' });
    c.header('Vary', 'Accept');
    if (type === 'application/json') return c.json({ hello: true });
    return type === 'text/html' ? c.html('<p>hello</p>') : c.text('Not Acceptable', 406);
  });

  app.post('/json', bodyLimit({ maxSize: 1024 * 1024 }), async (c) => {
    try {
      return c.json({ received: await c.req.json() }, 201);
    } catch {
      throw new HTTPException(400, { message: 'broken JSON' });
    }
  });
  app.post('/form', async (c) => c.json({ received: await c.req.parseBody({ all: true }) }));
  app.post('/upload', async (c) => {
    const form = await c.req.formData().catch(() => {
      throw new HTTPException(400, { message: 'broken form' });
    });
    const fields: Record<string, string> = {};
    const uploads = [];
    for (const [fieldname, value] of form) {
      if (typeof value === 'string') fields[fieldname] = value;
      else {
        const { name: originalname, type: mimetype } = value;
        const buffer = new Uint8Array(await value.arrayBuffer());
        uploads.push({ fieldname, originalname, mimetype, buffer });
      }
    }
    return c.json(await uploaded(fields, uploads));
  });
  app.post('/echo', (c) => {
    c.header('Content-Type', c.req.header('content-type') ?? 'application/octet-stream');
    return c.newResponse(c.req.raw.body);
  });
  app.post('/measure', async (c) => c.json(await measure(c.req.raw.body ?? [])));
  app.post('/later', async (c) => {
    await journal.until('the client is held back');
    return c.json(await measure(c.req.raw.body ?? []));
  });
  app.post('/early', (c) => c.json({ error: 'too much' }, 413));
  app.put('/item', async (c) => c.json({ put: await c.req.text() }));
  app.patch('/item', async (c) => c.json({ patched: await c.req.json() }));
  app.delete('/item', (c) => c.body(null, 204));

  app.get('/cookies/set', async (c) => {
    setCookie(c, 'plain', 'a b', { path: '/' });
    setCookie(c, 'strict', '1', { expires: COOKIE_EXPIRES, httpOnly: true, sameSite: 'Strict' });
    await setSignedCookie(c, 'user', 'ann', COOKIE_SECRET);
    deleteCookie(c, 'old');
    return c.json({ set: 4 });
  });
  app.get('/cookies', async (c) => {
    const user = await getSignedCookie(c, COOKIE_SECRET, 'user');
    return c.json({ plain: getCookie(c), signed: { user } });
  });
  app.get('/redirect', (c) => c.redirect('/hello'));
  app.get('/moved', (c) => c.redirect('https://other.example/a?b=ü', 301));

  app.get('/static/*', serveStatic({ root: dirname(files) }));
  app.get('/attachment', (c) => {
    c.header('Content-Disposition', "attachment; filename*=UTF-8''prices%20%E2%82%AC.txt");
    return c.text('1 €');
  });
  app.get('/tagged', etag(), (c) => c.json({ tagged: true }));
  app.get('/dated', (c) => {
    c.header('Last-Modified', LAST_MODIFIED.toUTCString());
    const known = new Date(c.req.header('if-modified-since') ?? 0);
    return known >= LAST_MODIFIED ? c.body(null, 304) : c.text('dated');
  });
  app.get('/compressed', compress(), (c) => c.text(PROSE));

  app.get('/large', (c) => c.json(LARGE_LIST));
  app.get('/empty', (c) => c.body(''));
  app.get('/fields', (c) => {
    c.header('X-Many', '1');
    c.header('X-Other', 'between');
    c.header('X-Many', '2', { append: true });
    c.header('x-MiXeD', 'CaSe');
    c.header('Vary', 'Accept, Origin');
    return c.json({});
  });

  app.get('/throw', () => {
    throw bareError('thrown');
  });
  app.get('/reject', async () => {
    await Promise.resolve();
    throw bareError('rejected');
  });
  app.get('/refuse', () => {
    throw new HTTPException(418, { message: 'short and stout' });
  });

  app.get('/download', (c) => {
    c.header('Content-Type', 'application/octet-stream');
    return c.body(Readable.toWeb(largeDownload(journal)));
  });
  app.get('/break', (c) => {
    c.header('Content-Type', 'application/octet-stream');
    return c.body(Readable.toWeb(breakingDownload(journal)));
  });
  app.get('/events', (c) =>
    streamSSE(c, async (events) => {
      events.onAbort(() => journal.note('the client is gone'));
      await events.writeSSE({ event: 'greeting', data: 'first' });
      await journal.until('the next event is asked for');
      await events.writeSSE({ data: 'second', id: '2' });
      await forever();
    }),
  );
  app.post('/events/next', (c) => {
    journal.note('the next event is asked for');
    return c.body(null, 204);
  });
  app.get('/wait', (c) => {
    c.req.raw.signal.addEventListener('abort', () => journal.note('the client is gone'));
    journal.note('the handler waits');
    return forever();
  });
  app.get('/partial', (c) => {
    c.header('Content-Type', 'text/plain');
    return stream(c, async (body) => {
      body.onAbort(() => journal.note('the client is gone'));
      await body.write('partial');
      await forever();
    });
  });
  app.post('/receive', async (c) => {
    await receive(c.req.raw.body ?? Readable.from([]), journal);
    return c.body('');
  });
  return app;
}
