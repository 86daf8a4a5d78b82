import { once } from 'node:events';
import type { Server } from 'node:http';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import multer from '@koa/multer';
import Router from '@koa/router';
import { fromListener } from '@tp/http';
import Koa from 'koa';
import bodyParser from 'koa-bodyparser';
import compress from 'koa-compress';
import serve from 'koa-static';
import type { CreateApp } from './app.ts';
import {
  bareError,
  breakingDownload,
  COOKIE_EXPIRES,
  COOKIE_SECRET,
  events,
  forever,
  LARGE_LIST,
  LAST_MODIFIED,
  largeDownload,
  measure,
  PROSE,
  partial,
  receive,
  uploaded,
} from './content.ts';
import { noteLeaving, portOf, stop } from './node-server.ts';

/** Koa 3 with its usual middleware. */
export const createKoaApp: CreateApp = ({ journal, files }) => {
  const app = new Koa({ keys: [COOKIE_SECRET] });
  app.silent = true;
  app.use((ctx, next) => {
    journal.request(ctx.method, ctx.originalUrl, ctx.req.rawHeaders);
    return next();
  });
  app.use((ctx, next) => {
    if (!ctx.path.startsWith('/raw/')) return next();
    ctx.body = { url: ctx.originalUrl };
  });
  // The folder is called `static` and has nothing beside it.
  app.use(serve(dirname(files)));

  const router = new Router();
  const body = bodyParser({ enableTypes: ['json', 'form', 'text'] });

  router.get('/hello', (ctx) => {
    ctx.body = 'hello';
  });
  router.get('/users/:user/posts/:post', (ctx) => {
    ctx.body = ctx.params;
  });
  router.get('/tree/*path', (ctx) => {
    ctx.body = ctx.params;
  });
  router.get('/query', (ctx) => {
    ctx.body = ctx.query;
  });
  router.get('/about', (ctx) => {
    const { protocol, secure, hostname, host, ip, ips, origin, href } = ctx;
    ctx.body = { protocol, secure, hostname, host, ip, ips, origin, href };
  });
  router.get('/content', (ctx) => {
    ctx.vary('Accept');
    const type = ctx.accepts('html', 'json');
    if (type === false) ctx.throw(406);
    ctx.body = type === 'html' ? '<p>hello</p>' : { hello: true };
  });

  router.post('/json', body, (ctx) => {
    ctx.status = 201;
    ctx.body = { received: ctx.request.body };
  });
  router.post('/form', body, (ctx) => {
    ctx.body = { received: ctx.request.body };
  });
  router.post('/upload', multer().any(), async (ctx) => {
    ctx.body = await uploaded(Object(ctx.request.body), ctx.files);
  });
  router.post('/echo', (ctx) => {
    ctx.type = ctx.get('content-type') || 'bin';
    ctx.body = ctx.req;
  });
  router.post('/measure', async (ctx) => {
    ctx.body = await measure(ctx.req);
  });
  router.post('/later', async (ctx) => {
    await journal.until('the client is held back');
    ctx.body = await measure(ctx.req);
  });
  router.post('/early', (ctx) => {
    ctx.status = 413;
    ctx.body = { error: 'too much' };
  });
  router.post('/trailers', async (ctx) => {
    await measure(ctx.req);
    ctx.body = { raw: ctx.req.rawTrailers, joined: ctx.req.trailers };
  });
  router.put('/item', body, (ctx) => {
    ctx.body = { put: ctx.request.body };
  });
  router.patch('/item', body, (ctx) => {
    ctx.body = { patched: ctx.request.body };
  });
  router.delete('/item', (ctx) => {
    ctx.status = 204;
  });

  router.get('/cookies/set', (ctx) => {
    ctx.cookies.set('plain', 'a%20b', { httpOnly: false });
    ctx.cookies.set('strict', '1', { expires: COOKIE_EXPIRES, sameSite: 'strict' });
    ctx.cookies.set('user', 'ann', { signed: true });
    ctx.cookies.set('old');
    ctx.body = { set: 4 };
  });
  router.get('/cookies', (ctx) => {
    const user = ctx.cookies.get('user', { signed: true });
    ctx.body = { plain: ctx.cookies.get('plain', { signed: false }), signed: { user } };
  });
  router.get('/redirect', (ctx) => ctx.redirect('/hello'));
  router.get('/moved', (ctx) => {
    ctx.status = 301;
    ctx.redirect('https://other.example/a?b=ü');
  });

  router.get('/attachment', (ctx) => {
    ctx.attachment('prices €.txt');
    ctx.body = '1 €';
  });
  router.get('/tagged', (ctx) => {
    ctx.body = { tagged: true };
    ctx.etag = 'tag';
    if (ctx.fresh) ctx.status = 304;
  });
  router.get('/dated', (ctx) => {
    ctx.body = 'dated';
    ctx.lastModified = LAST_MODIFIED;
    if (ctx.fresh) ctx.status = 304;
  });
  router.get('/compressed', compress(), (ctx) => {
    ctx.body = PROSE;
  });

  router.get('/large', (ctx) => {
    ctx.body = LARGE_LIST;
  });
  router.get('/empty', (ctx) => {
    ctx.body = '';
  });
  router.get('/reason', (ctx) => {
    ctx.status = 200;
    ctx.message = 'Quite Fine';
    ctx.body = 'reasoned';
  });
  router.get('/fields', (ctx) => {
    ctx.append('X-Many', '1');
    ctx.append('X-Other', 'between');
    ctx.append('X-Many', '2');
    ctx.set('x-MiXeD', 'CaSe');
    ctx.vary('Accept');
    ctx.vary('Origin');
    ctx.body = {};
  });

  router.get('/throw', () => {
    throw bareError('thrown');
  });
  router.get('/reject', async () => {
    await Promise.resolve();
    throw bareError('rejected');
  });
  router.get('/refuse', (ctx) =>
    ctx.throw(418, 'short and stout', { headers: { 'X-Pot': 'tea' } }),
  );

  router.get('/download', (ctx) => {
    ctx.body = largeDownload(journal);
  });
  router.get('/break', (ctx) => {
    ctx.body = breakingDownload(journal);
  });
  router.get('/events', (ctx) => {
    noteLeaving(ctx.res, journal);
    ctx.type = 'text/event-stream';
    ctx.set('Cache-Control', 'no-cache');
    ctx.body = Readable.from(events(journal));
  });
  router.post('/events/next', (ctx) => {
    journal.note('the next event is asked for');
    ctx.status = 204;
  });
  router.get('/wait', async (ctx) => {
    noteLeaving(ctx.res, journal);
    journal.note('the handler waits');
    await forever();
  });
  router.get('/partial', (ctx) => {
    noteLeaving(ctx.res, journal);
    ctx.type = 'text';
    ctx.body = Readable.from(partial());
  });
  router.post('/receive', async (ctx) => {
    await receive(ctx.req, journal);
    ctx.body = '';
  });
  router.get('/trailers', (ctx) => {
    ctx.respond = false;
    ctx.status = 200;
    ctx.res.setHeader('Trailer', 'X-Sum');
    ctx.res.write('summed');
    ctx.res.addTrailers({ 'X-Sum': '42', 'x-Case': 'kept' });
    ctx.res.end();
  });
  router.get('/hints', (ctx) => {
    ctx.res.writeEarlyHints({ link: ['</a.css>; rel=preload', '</b.js>; rel=preload'] });
    ctx.body = 'hinted';
  });

  app.use(router.routes()).use(router.allowedMethods());

  let server: Server | undefined;
  return {
    async listen() {
      server = app.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return portOf(server);
    },
    overTp: () => fromListener(app.callback()),
    close: () => stop(server),
  };
};
