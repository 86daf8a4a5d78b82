import { expect } from 'vitest';
import { type Behaviour, expectJson, notes, seen } from './behaviour.ts';

/** Errors of the application, clients that leave, and connections that are used again. */
export const endings: readonly Behaviour[] = [
  {
    name: 'answers 500 when a handler throws',
    program: async ({ ask }) => void (await ask({ path: '/throw' })),
    promise: (http) =>
      expect(seen(http)).toMatchObject({ status: 500, reason: 'Internal Server Error' }),
  },
  {
    name: 'answers 500 when a promise rejects',
    program: async ({ ask }) => void (await ask({ path: '/reject' })),
    promise: (http) => expect(seen(http)).toMatchObject({ status: 500, end: 'whole' }),
  },
  {
    name: 'breaks a response off, or ends it, when its handler throws in the middle',
    program: async ({ open, app }) => {
      const exchange = await open({ path: '/throw/late' });
      await exchange.readUntil('begun');
      app.note('the client has the head');
      await exchange.rest();
    },
    promise: (http, framework) =>
      expect(seen(http)).toMatchObject({
        status: 200,
        end: framework === 'Nest' ? 'whole' : 'cut in the body',
      }),
    not: {
      Koa: 'a handler that writes to the response itself leaves what follows to itself',
      Fastify: 'a handler that writes to the response itself leaves what follows to itself',
      Hono: 'a handler that returned cannot throw',
    },
  },
  {
    name: 'answers an error that has a status with that status',
    program: async ({ ask }) => void (await ask({ path: '/refuse' })),
    promise: (http) =>
      expect(seen(http)).toMatchObject({
        status: 418,
        reason: "I'm a Teapot",
        body: expect.stringContaining('short and stout'),
      }),
  },
  {
    name: 'sees a client leave before there is a head',
    program: async ({ start, app }) => {
      const { exchange, opened } = start({ path: '/wait' });
      await app.until('the handler waits');
      exchange.leave();
      await opened;
      await app.until('the client is gone');
    },
    promise(http) {
      expect(seen(http)).toMatchObject({ status: 0, end: 'left before the head' });
      expect(notes(http)).toEqual(['the handler waits', 'the client is gone']);
    },
  },
  {
    name: 'sees a client leave in the middle of a response',
    program: async ({ open, app }) => {
      const exchange = await open({ path: '/partial' });
      await exchange.readUntil('partial');
      exchange.leave();
      await exchange.rest();
      await app.until('the client is gone');
    },
    promise(http) {
      expect(seen(http)).toMatchObject({ status: 200, body: 'partial', end: 'left in the body' });
      expect(notes(http)).toEqual(['the client is gone']);
    },
  },
  {
    name: 'stops a large download when the client leaves',
    program: async ({ open, app }) => {
      const exchange = await open({ path: '/download' });
      exchange.leave();
      await exchange.rest();
      await app.until('it was stopped');
    },
    promise(http) {
      expect(seen(http)).toMatchObject({ status: 200, end: 'left in the body' });
      expect(notes(http)).toEqual(['the first piece was asked for', 'it was stopped']);
    },
  },
  {
    name: 'sees a client leave in the middle of its upload',
    program: async ({ start, app }) => {
      const { exchange, opened } = start({ method: 'POST', path: '/receive', body: unending() });
      await app.until('the upload has begun');
      exchange.leave();
      await opened;
      await app.until('the upload is broken');
    },
    promise(http) {
      expect(seen(http).end).toBe('left before the head');
      expect(notes(http)).toEqual(['the upload has begun', 'the upload is broken']);
    },
  },
  {
    name: 'answers several requests on one connection, one after the other',
    program: async ({ ask }) => {
      await ask({ path: '/hello' });
      await ask({ method: 'POST', path: '/echo', fields: ['Content-Type', 'text/a'], body: 'two' });
      await ask({ method: 'DELETE', path: '/item' });
      await ask({ path: '/nothing' });
      await ask({ path: '/large' });
      await ask({ method: 'HEAD', path: '/hello' });
    },
    promise(http) {
      const [first] = http.reused;
      if (first !== undefined) expect(http.reused).toEqual([false, true, true, true, true, true]);
      const statuses = http.exchanges.map(({ status }) => status);
      expect(statuses).toEqual([200, 200, 204, 404, 200, 200]);
    },
  },
  {
    name: 'answers many requests at once, each its own',
    program: async ({ ask, app }) => {
      const users = Array.from({ length: 40 }, (_, i) => `/users/${i}/posts/${i * i}`);
      await Promise.all(users.map((path) => ask({ path })));
      // Which of them comes first is chance.
      app.take();
    },
    promise(http) {
      http.exchanges.forEach((exchange, i) => {
        expectJson(exchange, 200, { user: `${i}`, post: `${i * i}` });
      });
    },
  },
];

/** A body that begins, and waits forever. */
async function* unending(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('begun');
  await new Promise(() => {});
}
