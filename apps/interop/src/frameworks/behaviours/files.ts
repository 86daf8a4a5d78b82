import { expect } from 'vitest';
import type { Framework } from '../apps/app.ts';
import { NUMBERS_BYTES } from '../static-folder.ts';
import { type Behaviour, seen, values } from './behaviour.ts';

/** Koa's usual middleware for files answers a range with the whole file, as a server may. */
const HAS_RANGES: Record<Framework, boolean> = {
  Express: true,
  Koa: false,
  Fastify: true,
  Hono: true,
  Nest: true,
};

/** To `If-Range` with the tag of the file, and with another; Hono's middleware does not look at it. */
const IF_RANGE: Record<Framework, readonly [number, number]> = {
  Express: [206, 200],
  Koa: [200, 200],
  Fastify: [206, 200],
  Hono: [206, 206],
  Nest: [206, 200],
};

/** The middleware of Koa and Hono for files leaves conditions to others. */
const HAS_CONDITIONS: Record<Framework, boolean> = {
  Express: true,
  Koa: false,
  Fastify: true,
  Hono: false,
  Nest: true,
};

const SIZE = NUMBERS_BYTES;

/** Static files and parts of them. */
export const files: readonly Behaviour[] = [
  {
    name: 'serves files, small, large and empty',
    program: async ({ ask }) => {
      await ask({ path: '/static/note.txt' });
      await ask({ path: '/static/numbers.bin' });
      await ask({ path: '/static/empty.txt' });
      await ask({ path: '/static/with%20blank.html' });
    },
    promise(http) {
      expect(seen(http, 0)).toMatchObject({ status: 200, body: 'a note\n' });
      expect(seen(http, 1)).toMatchObject({ status: 200, bytes: SIZE });
      expect(seen(http, 2)).toMatchObject({ status: 200, bytes: 0 });
      expect(values(seen(http, 3), 'content-type')[0]).toMatch(/^text\/html/);
    },
  },
  {
    name: 'answers HEAD for a file with its length',
    program: async ({ ask }) => void (await ask({ method: 'HEAD', path: '/static/numbers.bin' })),
    promise(http) {
      expect(seen(http)).toMatchObject({ status: 200, bytes: 0 });
      expect(values(seen(http), 'content-length')).toEqual([`${SIZE}`]);
    },
  },
  {
    name: 'serves a part of a file as 206',
    program: async ({ ask }) => {
      for (const range of ['bytes=0-9', 'bytes=299990-', 'bytes=-5', 'bytes=100-250099']) {
        await ask({ path: '/static/numbers.bin', fields: ['Range', range] });
      }
    },
    promise(http, framework) {
      if (!HAS_RANGES[framework]) {
        for (const { status, bytes } of http.exchanges)
          expect([status, bytes]).toEqual([200, SIZE]);
        return;
      }
      expect(http.exchanges.map(({ status, bytes }) => [status, bytes])).toEqual(
        [10, 10, 5, 250_000].map((bytes) => [206, bytes]),
      );
      expect(values(seen(http, 0), 'content-range')).toEqual([`bytes 0-9/${SIZE}`]);
    },
  },
  {
    name: 'answers 416 to a part that a file has not',
    program: async ({ ask }) => {
      await ask({ path: '/static/numbers.bin', fields: ['Range', 'bytes=300000-'] });
    },
    promise(http, framework) {
      expect(seen(http).status).toBe(HAS_RANGES[framework] ? 416 : 200);
      if (!HAS_RANGES[framework]) return;
      expect(values(seen(http), 'content-range')).toEqual([`bytes */${SIZE}`]);
    },
  },
  {
    name: 'serves a part only of the file that the client knows',
    program: async ({ ask }) => {
      const [tag = '"none"'] = values(await ask({ path: '/static/numbers.bin' }), 'etag');
      for (const known of [tag, '"another"']) {
        await ask({
          path: '/static/numbers.bin',
          fields: ['Range', 'bytes=1-2', 'If-Range', known],
        });
      }
    },
    promise(http, framework) {
      expect(seen(http, 0)).toMatchObject({ status: 200, bytes: SIZE });
      expect([seen(http, 1).status, seen(http, 2).status]).toEqual(IF_RANGE[framework]);
    },
  },
  {
    name: 'answers 304 for a file that the client has',
    program: async ({ ask }) => {
      const known = await ask({ path: '/static/note.txt' });
      const [tag = '"none"'] = values(known, 'etag');
      const [date = ''] = values(known, 'last-modified');
      await ask({ path: '/static/note.txt', fields: ['If-None-Match', tag] });
      await ask({ path: '/static/note.txt', fields: ['If-Modified-Since', date] });
    },
    promise(http, framework) {
      const expected = HAS_CONDITIONS[framework] ? [304, 0] : [200, 'a note\n'.length];
      for (const place of [1, 2]) {
        expect([seen(http, place).status, seen(http, place).bytes]).toEqual(expected);
      }
    },
  },
  {
    name: 'serves no file that is not there, or outside of its folder',
    program: async ({ ask }) => {
      await ask({ path: '/static/missing.txt' });
      await ask({ path: '/static/../package.json' });
      await ask({ path: '/static/%2e%2e/package.json' });
    },
    promise(http) {
      for (const { status } of http.exchanges) expect([400, 403, 404]).toContain(status);
    },
  },
  {
    name: 'names a download beyond ASCII',
    program: async ({ ask }) => void (await ask({ path: '/attachment' })),
    promise(http) {
      expect(seen(http)).toMatchObject({ status: 200, body: '1 €' });
      expect(values(seen(http), 'content-disposition')[0]).toContain(
        "UTF-8''prices%20%E2%82%AC.txt",
      );
    },
  },
];
