import { expect } from 'vitest';
import type { Framework } from '../apps/app.ts';
import { type Behaviour, expectJson, seen, values } from './behaviour.ts';

const RAW = '/raw/a%2Fb%20c//d;v=1/%E2%82%AC/~e!?q=%26&&x=1+2';

/** What answers a method that a path has no route for. */
const WRONG_METHOD: Record<Framework, number> = {
  Express: 404,
  Koa: 405,
  Fastify: 404,
  Hono: 405,
  Nest: 404,
};

/** What answers OPTIONS for a path that has a route for GET. */
const OPTIONS: Record<Framework, readonly [status: number, allow: readonly string[]]> = {
  Express: [200, ['GET, HEAD']],
  Koa: [200, ['HEAD, GET']],
  Fastify: [404, []],
  Hono: [405, ['GET, HEAD']],
  Nest: [404, []],
};

/** Paths, queries, methods and hosts. */
export const routing: readonly Behaviour[] = [
  {
    name: 'answers a plain GET',
    program: async ({ ask }) => void (await ask({ path: '/hello' })),
    promise(http) {
      expect(seen(http)).toMatchObject({ status: 200, reason: 'OK', body: 'hello', end: 'whole' });
      expect(values(seen(http), 'content-type')[0]).toMatch(/^text\/plain/);
    },
  },
  {
    name: 'routes by parameters, with escapes in them',
    program: async ({ ask }) => {
      await ask({ path: '/users/ann%20lee/posts/%E2%82%AC5' });
      await ask({ path: '/users/a%2Fb/posts/c%3Fd' });
    },
    promise(http) {
      expectJson(seen(http, 0), 200, { user: 'ann lee', post: '€5' });
      expectJson(seen(http, 1), 200, { user: 'a/b', post: 'c?d' });
    },
  },
  {
    name: 'refuses a parameter whose escapes are broken, or takes it as it is',
    program: async ({ ask }) => void (await ask({ path: '/users/%ff/posts/%zz' })),
    promise(http, framework) {
      expect(seen(http).status).toBe(framework === 'Hono' ? 200 : 400);
    },
  },
  {
    name: 'routes by a wildcard',
    program: async ({ ask }) => void (await ask({ path: '/tree/a/b/c.txt' })),
    promise: (http) =>
      expect(seen(http)).toMatchObject({
        status: 200,
        body: expect.stringMatching(/a.+b.+c\.txt/),
      }),
  },
  {
    name: 'reads a query with repetitions, blanks and odd names',
    program: async ({ ask }) => {
      await ask({ path: '/query?a=1&a=2&b=x+y&c=%C3%BC&empty=&flag&__proto__=p' });
    },
    promise: (http) =>
      expect(JSON.parse(seen(http).body)).toMatchObject({ a: ['1', '2'], b: 'x y', c: 'ü' }),
  },
  {
    name: 'sees a path exactly as it was sent',
    program: async ({ ask }) => void (await ask({ path: RAW })),
    promise(http, framework) {
      // A Request has a whole URL, which is made by the rules for URLs.
      if (framework !== 'Hono') expectJson(seen(http), 200, { url: RAW });
      else expect(JSON.parse(seen(http).body)).toMatchObject({ url: `http://shop.example${RAW}` });
    },
  },
  {
    name: 'knows protocol, host and address of who asks',
    program: async ({ ask }) => {
      await ask({ path: '/about', fields: ['Host', 'api.shop.example:8080'] });
    },
    promise: (http) => expect(seen(http).body).toContain('api.shop.example'),
  },
  {
    name: 'chooses what it answers by Accept',
    program: async ({ ask }) => {
      await ask({
        path: '/content',
        fields: ['Accept', 'application/json;q=0.9, text/html;q=0.8'],
      });
      await ask({ path: '/content', fields: ['Accept', 'text/html'] });
      await ask({ path: '/content', fields: ['Accept', 'image/png'] });
    },
    promise(http) {
      expectJson(seen(http, 0), 200, { hello: true });
      expect(seen(http, 1)).toMatchObject({ status: 200, body: '<p>hello</p>' });
      expect(seen(http, 2).status).toBe(406);
    },
  },
  {
    name: 'answers HEAD with the fields of GET and no body',
    program: async ({ ask }) => {
      await ask({ method: 'HEAD', path: '/hello' });
      await ask({ method: 'HEAD', path: '/large' });
      await ask({ path: '/hello' });
    },
    promise(http) {
      expect(seen(http, 0)).toMatchObject({ status: 200, body: '', end: 'whole' });
      expect(seen(http, 1)).toMatchObject({ status: 200, body: '', end: 'whole' });
      expect(seen(http, 2).body).toBe('hello');
    },
  },
  {
    name: 'answers HEAD for a stream, and sends nothing of it',
    program: async ({ ask, app }) => {
      await ask({ method: 'HEAD', path: '/download' });
      // How far the source is read before it is stopped is chance.
      app.take();
    },
    promise: (http) => expect(seen(http)).toMatchObject({ status: 200, bytes: 0, end: 'whole' }),
  },
  {
    name: 'answers a request that names the whole URL',
    program: async ({ ask }) => void (await ask({ path: 'http://shop.example/hello?a=b' })),
    promise: (http) => expect(seen(http)).toMatchObject({ status: 200, body: 'hello' }),
  },
  {
    name: 'answers OPTIONS',
    program: async ({ ask }) => void (await ask({ method: 'OPTIONS', path: '/hello' })),
    promise(http, framework) {
      const [status, allow] = OPTIONS[framework];
      expect([seen(http).status, values(seen(http), 'allow')]).toEqual([status, allow]);
    },
  },
  {
    name: 'answers OPTIONS for no path at all',
    program: async ({ ask }) => void (await ask({ method: 'OPTIONS', path: '*' })),
    promise: (http) => expect([200, 404]).toContain(seen(http).status),
    not: { Hono: 'a Request has a URL, and its server for Node makes none of this' },
  },
  {
    name: 'answers 404 where there is nothing',
    program: async ({ ask }) => {
      await ask({ path: '/nothing/here?a=b' });
      await ask({ method: 'POST', path: '/nothing', body: 'lost' });
    },
    promise(http) {
      expect(seen(http, 0)).toMatchObject({ status: 404, reason: 'Not Found' });
      expect(seen(http, 1).status).toBe(404);
    },
  },
  {
    name: 'answers a method that a path has no route for',
    program: async ({ ask }) => {
      await ask({ method: 'DELETE', path: '/hello' });
      await ask({ method: 'PROPFIND', path: '/hello' });
    },
    promise: (http, framework) => expect(seen(http).status).toBe(WRONG_METHOD[framework]),
  },
];
