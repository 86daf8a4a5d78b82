import { once } from 'node:events';
import type { Server } from 'node:http';
import { pipeline } from 'node:stream';
import { fromListener } from '@tp/http';
import compression from 'compression';
import cookieParser from 'cookie-parser';
import express, { type Express } from 'express';
import multer from 'multer';
import type { CreateApp } from './app.ts';
import {
  bareError,
  breakingDownload,
  COOKIE_EXPIRES,
  COOKIE_SECRET,
  events,
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

/** Express 5 with its usual middleware. */
export const createExpressApp: CreateApp = ({ journal, files }) => {
  const app: Express = express();
  app.use((req, _res, next) => {
    journal.request(req.method, req.originalUrl, req.rawHeaders);
    next();
  });

  app.get('/hello', (_req, res) => void res.type('text').send('hello'));
  app.get('/users/:user/posts/:post', (req, res) => void res.json(req.params));
  app.get('/tree/*path', (req, res) => void res.json(req.params));
  app.get('/query', (req, res) => void res.json(req.query));
  app.use('/raw', (req, res) => void res.json({ url: req.originalUrl }));
  app.get('/about', (req, res) => {
    const { protocol, secure, hostname, host, ip, ips, httpVersion, subdomains } = req;
    res.json({ protocol, secure, hostname, host, ip, ips, httpVersion, subdomains });
  });
  app.get('/content', (_req, res) => {
    res.format({ html: () => res.send('<p>hello</p>'), json: () => res.json({ hello: true }) });
  });

  app.post(
    '/json',
    express.json(),
    (req, res) => void res.status(201).json({ received: req.body }),
  );
  app.post('/form', express.urlencoded({ extended: false }), (req, res) => {
    res.json({ received: req.body });
  });
  app.post('/upload', multer().any(), async (req, res) => {
    res.json(await uploaded(req.body, Array.isArray(req.files) ? req.files : []));
  });
  app.post('/echo', (req, res) => {
    res.type(req.get('content-type') ?? 'bin');
    pipeline(req, res, () => {});
  });
  app.post('/measure', async (req, res) => void res.json(await measure(req)));
  app.post('/later', async (req, res) => {
    await journal.until('the client is held back');
    res.json(await measure(req));
  });
  app.post('/early', (_req, res) => void res.status(413).json({ error: 'too much' }));
  app.post('/trailers', async (req, res) => {
    await measure(req);
    res.json({ raw: req.rawTrailers, joined: req.trailers });
  });
  app
    .route('/item')
    .put(express.text(), (req, res) => void res.json({ put: req.body ?? null }))
    .patch(express.json(), (req, res) => void res.json({ patched: req.body ?? null }))
    .delete((_req, res) => void res.status(204).end());

  const cookies = cookieParser(COOKIE_SECRET);
  app.get('/cookies/set', cookies, (_req, res) => {
    res.cookie('plain', 'a b', { path: '/' });
    res.cookie('strict', '1', { expires: COOKIE_EXPIRES, httpOnly: true, sameSite: 'strict' });
    res.cookie('user', 'ann', { signed: true, path: '/' });
    res.clearCookie('old');
    res.json({ set: 4 });
  });
  app.get('/cookies', cookies, (req, res) => {
    res.json({ plain: { ...req.cookies }, signed: { ...req.signedCookies } });
  });
  app.get('/redirect', (_req, res) => void res.redirect('/hello'));
  app.get('/moved', (_req, res) => void res.redirect(301, 'https://other.example/a?b=ü'));

  app.use('/static', express.static(files));
  app.get('/attachment', (_req, res) => void res.attachment('prices €.txt').send('1 €'));
  app.get('/tagged', (_req, res) => void res.json({ tagged: true }));
  app.get('/dated', (_req, res) => {
    res.set('Last-Modified', LAST_MODIFIED.toUTCString()).type('text').send('dated');
  });
  app.get('/compressed', compression(), (_req, res) => void res.type('text').send(PROSE));

  app.get('/large', (_req, res) => void res.json(LARGE_LIST));
  app.get('/empty', (_req, res) => void res.end());
  app.get('/reason', (_req, res) => {
    res.statusMessage = 'Quite Fine';
    res.send('reasoned');
  });
  app.get('/fields', (_req, res) => {
    res.append('X-Many', '1').append('X-Other', 'between').append('X-Many', '2');
    res.set('x-MiXeD', 'CaSe').vary('Accept').vary('Origin');
    res.json({});
  });

  app.get('/throw', () => {
    throw bareError('thrown');
  });
  app.get('/reject', async () => {
    await Promise.resolve();
    throw bareError('rejected');
  });
  app.get('/throw/late', async (_req, res) => {
    res.type('text').write('begun');
    await journal.until('the client has the head');
    throw bareError('thrown late');
  });
  app.get('/refuse', () => {
    throw bareError('short and stout', { status: 418, expose: true, headers: { 'X-Pot': 'tea' } });
  });

  app.get('/download', (_req, res) => {
    res.type('bin');
    pipeline(largeDownload(journal), res, () => {});
  });
  app.get('/break', (_req, res) => {
    res.type('bin');
    pipeline(breakingDownload(journal), res, () => {});
  });
  app.get('/events', async (_req, res) => {
    noteLeaving(res, journal);
    res.type('text/event-stream').set('Cache-Control', 'no-cache').flushHeaders();
    for await (const event of events(journal)) res.write(event);
  });
  app.post('/events/next', (_req, res) => {
    journal.note('the next event is asked for');
    res.status(204).end();
  });
  app.get('/wait', (_req, res) => {
    noteLeaving(res, journal);
    journal.note('the handler waits');
  });
  app.get('/partial', (_req, res) => {
    noteLeaving(res, journal);
    res.type('text');
    pipeline(partial(), res, () => {});
  });
  app.post('/receive', async (req, res) => {
    await receive(req, journal);
    res.end();
  });
  app.get('/trailers', (_req, res) => {
    res.set('Trailer', 'X-Sum').type('text');
    res.write('sum');
    setImmediate(() => {
      res.write('med');
      res.addTrailers({ 'X-Sum': '42', 'x-Case': 'kept' });
      res.end();
    });
  });
  app.get('/hints', (_req, res) => {
    res.writeEarlyHints({ link: ['</a.css>; rel=preload', '</b.js>; rel=preload'] }, () =>
      res.type('text').send('hinted'),
    );
  });

  let server: Server | undefined;
  return {
    async listen() {
      server = app.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return portOf(server);
    },
    overTp: () => fromListener(app),
    close: () => stop(server),
  };
};
