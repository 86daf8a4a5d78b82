import { Readable } from 'node:stream';
import compress from '@fastify/compress';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import multipart from '@fastify/multipart';
import serve from '@fastify/static';
import { createNodeServer, fromListener } from '@tp/http';
import createFastify, { type FastifyInstance } from 'fastify';
import type { AppInit, CreateApp } from './app.ts';
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
  type UploadedFile,
  uploaded,
} from './content.ts';
import { noteLeaving, portOf } from './node-server.ts';

/** Fastify 5 with its usual plugins. */
export const createFastifyApp: CreateApp = async (init) => {
  const app = createFastify({ forceCloseConnections: true });
  await addRoutes(app, init);
  return {
    async listen() {
      await app.listen({ port: 0, host: '127.0.0.1' });
      return portOf(app.server);
    },
    async overTp() {
      await app.ready();
      return fromListener(app.routing);
    },
    close: () => app.close(),
  };
};

/** The same on a server of HTTP and tp, as Fastify takes one from `serverFactory`. */
export const createFastifyFactoryApp: CreateApp = async (init) => {
  // Fastify's own default, which it does not give to a server that it has not made.
  const http = { keepAliveTimeout: 72_000 };
  const app = createFastify({ serverFactory: (handler) => createNodeServer(handler, { http }) });
  await addRoutes(app, init);
  const listen = async () => {
    await app.listen({ port: 0, host: '127.0.0.1' });
    return portOf(app.server);
  };
  return {
    listen,
    overTp: async () => `teleport://127.0.0.1:${await listen()}`,
    close: () => {
      app.server.closeAllConnections();
      return app.close();
    },
  };
};

async function addRoutes(app: FastifyInstance, { journal, files }: AppInit): Promise<void> {
  await app.register(cookie, { secret: COOKIE_SECRET });
  await app.register(formbody);
  await app.register(multipart);
  await app.register(serve, { root: files, prefix: '/static/' });
  await app.register(compress, { global: false });
  // Any other body is left to its handler, as a stream.
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.addHook('onRequest', async ({ method, raw }) => {
    journal.request(method, raw.url ?? '', raw.rawHeaders);
  });

  app.get('/hello', async () => 'hello');
  app.get('/users/:user/posts/:post', async ({ params }) => params);
  app.get('/tree/*', async ({ params }) => params);
  app.get('/query', async ({ query }) => query);
  app.get('/raw/*', async ({ originalUrl }) => ({ url: originalUrl }));
  app.get('/about', async ({ protocol, hostname, host, port, ip, ips }) => ({
    ...{ protocol, hostname, host, port, ip, ips },
  }));
  app.get('/content', async ({ headers: { accept = '' } }, reply) => {
    reply.header('Vary', 'Accept');
    if (accept.startsWith('application/json')) return { hello: true };
    if (accept.startsWith('text/html')) return reply.type('text/html').send('<p>hello</p>');
    return reply.code(406).send({ error: 'Not Acceptable' });
  });

  app.post('/json', async ({ body }, reply) => reply.code(201).send({ received: body }));
  app.post('/form', async ({ body }) => ({ received: body }));
  app.post('/upload', async (request) => {
    const fields: Record<string, unknown> = {};
    const uploads: UploadedFile[] = [];
    for await (const part of request.parts()) {
      const { fieldname, mimetype } = part;
      if (part.type === 'field') fields[fieldname] = part.value;
      else {
        const buffer = await part.toBuffer();
        uploads.push({ fieldname, originalname: part.filename, mimetype, buffer });
      }
    }
    return uploaded(fields, uploads);
  });
  app.post('/echo', async ({ raw, headers }, reply) =>
    reply.type(headers['content-type'] ?? 'application/octet-stream').send(raw),
  );
  app.post('/measure', async ({ raw }) => measure(raw));
  app.post('/later', async ({ raw }) => {
    await journal.until('the client is held back');
    return measure(raw);
  });
  app.post('/early', async (_request, reply) => reply.code(413).send({ error: 'too much' }));
  app.post('/trailers', async ({ raw }) => {
    await measure(raw);
    return { raw: raw.rawTrailers, joined: raw.trailers };
  });
  app.put('/item', async ({ body }) => ({ put: body }));
  app.patch('/item', async ({ body }) => ({ patched: body }));
  app.delete('/item', async (_request, reply) => reply.code(204).send());

  app.get('/cookies/set', async (_request, reply) => {
    reply.setCookie('plain', 'a b', { path: '/' });
    reply.setCookie('strict', '1', { expires: COOKIE_EXPIRES, httpOnly: true, sameSite: 'strict' });
    reply.setCookie('user', 'ann', { signed: true, path: '/' });
    reply.clearCookie('old');
    return { set: 4 };
  });
  app.get('/cookies', async (request) => {
    const { valid, value } = request.unsignCookie(request.cookies.user ?? '');
    return { plain: request.cookies, signed: { user: valid ? value : null } };
  });
  app.get('/redirect', async (_request, reply) => reply.redirect('/hello'));
  app.get('/moved', async (_request, reply) => reply.redirect('https://other.example/a?b=ü', 301));

  app.get('/attachment', async (_request, reply) => {
    reply.header('Content-Disposition', "attachment; filename*=UTF-8''prices%20%E2%82%AC.txt");
    return '1 €';
  });
  app.get('/tagged', async ({ headers }, reply) => {
    reply.header('ETag', '"tag"');
    if (headers['if-none-match']?.includes('"tag"')) return reply.code(304).send();
    return { tagged: true };
  });
  app.get('/dated', async ({ headers }, reply) => {
    reply.header('Last-Modified', LAST_MODIFIED.toUTCString());
    const known = new Date(headers['if-modified-since'] ?? 0);
    return known >= LAST_MODIFIED ? reply.code(304).send() : 'dated';
  });
  app.get('/compressed', { compress: {} }, async (_request, reply) =>
    reply.type('text/plain').send(PROSE),
  );

  app.get('/large', async () => LARGE_LIST);
  app.get('/empty', async (_request, reply) => reply.send());
  app.get('/reason', async (_request, reply) => {
    reply.raw.statusMessage = 'Quite Fine';
    return 'reasoned';
  });
  app.get('/fields', async (_request, reply) => {
    reply.header('X-Many', ['1', '2']).header('x-MiXeD', 'CaSe').header('Vary', 'Accept, Origin');
    return {};
  });

  app.get('/throw', () => {
    throw bareError('thrown');
  });
  app.get('/reject', async () => {
    await Promise.resolve();
    throw bareError('rejected');
  });
  app.get('/refuse', async () => {
    throw bareError('short and stout', { statusCode: 418, headers: { 'X-Pot': 'tea' } });
  });

  app.get('/download', async (_request, reply) => reply.send(largeDownload(journal)));
  app.get('/break', async (_request, reply) => reply.send(breakingDownload(journal)));
  app.get('/events', async (_request, reply) => {
    noteLeaving(reply.raw, journal);
    reply.type('text/event-stream').header('Cache-Control', 'no-cache');
    return reply.send(Readable.from(events(journal)));
  });
  app.post('/events/next', async (_request, reply) => {
    journal.note('the next event is asked for');
    return reply.code(204).send();
  });
  app.get('/wait', async (_request, reply) => {
    noteLeaving(reply.raw, journal);
    journal.note('the handler waits');
    return forever();
  });
  app.get('/partial', async (_request, reply) => {
    noteLeaving(reply.raw, journal);
    return reply.type('text/plain').send(Readable.from(partial()));
  });
  app.post('/receive', async ({ raw }) => {
    await receive(raw, journal);
    return '';
  });
  app.get('/trailers', async (_request, reply) => {
    reply.trailer('X-Sum', async () => '42').trailer('x-Case', async () => 'kept');
    return 'summed';
  });
  app.get('/hints', (_request, reply) => {
    reply.writeEarlyHints({ link: ['</a.css>; rel=preload', '</b.js>; rel=preload'] }, () => {
      reply.send('hinted');
    });
  });
}
