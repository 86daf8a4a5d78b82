import { expect } from 'vitest';
import { LAST_MODIFIED, PROSE } from '../apps/content.ts';
import { type Behaviour, expectJson, seen, values } from './behaviour.ts';

const BEFORE = new Date(LAST_MODIFIED.getTime() - 60_000).toUTCString();
const AFTER = new Date(LAST_MODIFIED.getTime() + 60_000).toUTCString();

/** Cookies, redirects, conditional requests and compression. */
export const resources: readonly Behaviour[] = [
  {
    name: 'sets several cookies, one of them signed, and reads them back',
    program: async ({ ask }) => {
      const set = await ask({ path: '/cookies/set' });
      const pairs = values(set, 'set-cookie').map((one) => one.split(';')[0]);
      await ask({ path: '/cookies', fields: ['Cookie', pairs.join('; ')] });
      await ask({ path: '/cookies', fields: pairs.flatMap((pair) => ['Cookie', pair ?? '']) });
      await ask({ path: '/cookies', fields: ['Cookie', 'user=ann.forged; plain=p'] });
    },
    promise(http) {
      expect(values(seen(http, 0), 'set-cookie').length).toBeGreaterThanOrEqual(4);
      for (const place of [1, 2]) {
        expect(JSON.parse(seen(http, place).body)).toMatchObject({ signed: { user: 'ann' } });
      }
      expect(JSON.parse(seen(http, 3).body)).not.toMatchObject({ signed: { user: 'ann' } });
    },
  },
  {
    name: 'redirects',
    program: async ({ ask }) => {
      await ask({ path: '/redirect' });
      await ask({ path: '/moved', fields: ['Accept', 'text/html'] });
    },
    promise(http) {
      expect(seen(http, 0)).toMatchObject({ status: 302, reason: 'Found' });
      expect(values(seen(http, 0), 'location')).toEqual(['/hello']);
      expect(seen(http, 1).status).toBe(301);
      expect(values(seen(http, 1), 'location')[0]).toMatch(/^https:\/\/other\.example\/a\?b=/);
    },
  },
  {
    name: 'answers 304 to a request that has the current entity tag',
    program: async ({ ask }) => {
      const [tag = ''] = values(await ask({ path: '/tagged' }), 'etag');
      await ask({ path: '/tagged', fields: ['If-None-Match', tag] });
      await ask({ path: '/tagged', fields: ['If-None-Match', '"another"'] });
      await ask({ method: 'HEAD', path: '/tagged', fields: ['If-None-Match', `"x", ${tag}`] });
    },
    promise(http) {
      expectJson(seen(http, 0), 200, { tagged: true });
      expect(seen(http, 1)).toMatchObject({ status: 304, reason: 'Not Modified', bytes: 0 });
      expect(values(seen(http, 1), 'etag')).toEqual(values(seen(http, 0), 'etag'));
      expectJson(seen(http, 2), 200, { tagged: true });
      expect(seen(http, 3).status).toBe(304);
    },
  },
  {
    name: 'answers 304 to a request that has the current date',
    program: async ({ ask }) => {
      await ask({ path: '/dated', fields: ['If-Modified-Since', BEFORE] });
      await ask({ path: '/dated', fields: ['If-Modified-Since', AFTER] });
    },
    promise(http) {
      expect(seen(http, 0)).toMatchObject({ status: 200, body: 'dated' });
      expect(values(seen(http, 0), 'last-modified')).toEqual([LAST_MODIFIED.toUTCString()]);
      expect(seen(http, 1)).toMatchObject({ status: 304, bytes: 0 });
    },
  },
  {
    name: 'compresses for those who accept it',
    program: async ({ ask }) => {
      await ask({ path: '/compressed', fields: ['Accept-Encoding', 'gzip'] });
      await ask({ path: '/compressed', fields: ['Accept-Encoding', 'deflate'] });
      await ask({ path: '/compressed' });
      await ask({ method: 'HEAD', path: '/compressed', fields: ['Accept-Encoding', 'gzip'] });
    },
    promise(http) {
      expect(values(seen(http, 0), 'content-encoding')).toEqual(['gzip']);
      expect(values(seen(http, 1), 'content-encoding')).toEqual(['deflate']);
      expect(values(seen(http, 0), 'vary').join().toLowerCase()).toContain('accept-encoding');
      expect(seen(http, 0).bytes).toBeLessThan(1000);
      expect(seen(http, 2)).toMatchObject({ status: 200, bytes: PROSE.length });
      expect(seen(http, 3)).toMatchObject({ status: 200, bytes: 0 });
    },
  },
  {
    name: 'keeps repeated fields, and the case and order of names',
    program: async ({ ask }) => {
      await ask({
        path: '/fields',
        fields: ['x-B', '1', 'ACCEPT', 'a/b', 'X-b', '2', 'accept', 'c/d', 'X-Latin', 'caf\u00e9'],
      });
    },
    promise(http, framework) {
      expect(values(seen(http), 'x-many').join(', ')).toBe('1, 2');
      if (framework === 'Hono') return;
      expect(values(seen(http), 'x-many')).toEqual(['1', '2']);
      expect(http.app).toContainEqual({
        request: expect.objectContaining({
          fields: expect.arrayContaining(['x-B', 'ACCEPT', 'X-b', 'accept', 'caf\u00e9']),
        }),
      });
    },
  },
  {
    name: 'says a reason of its own',
    program: async ({ ask }) => void (await ask({ path: '/reason' })),
    promise: (http) =>
      expect(seen(http)).toMatchObject({ status: 200, reason: 'Quite Fine', body: 'reasoned' }),
    not: { Hono: 'a Response has a statusText, but its Node server does not send it' },
  },
];
