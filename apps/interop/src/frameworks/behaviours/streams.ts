import { expect } from 'vitest';
import type { Framework } from '../apps/app.ts';
import { DOWNLOAD_BYTES, largePieces } from '../apps/content.ts';
import { type Behaviour, expectJson, notes, seen, values } from './behaviour.ts';
import { inPieces } from './bodies.ts';

const MEGABYTE = Buffer.alloc(1_000_000, 'upload ');
const NO_TRAILERS: Partial<Record<Framework, string>> = {
  Hono: 'a Request and a Response have no trailers',
};

/** Bodies as they come, what goes before a head, and what behind a body. */
export const streams: readonly Behaviour[] = [
  {
    name: 'sends a large download no faster than the client reads',
    program: async ({ open, app }) => {
      const exchange = await open({ path: '/download' });
      await app.until('the first piece was asked for');
      await manyTurns();
      app.note('the client reads');
      await exchange.rest();
    },
    promise(http) {
      expect(seen(http)).toMatchObject({ status: 200, bytes: DOWNLOAD_BYTES, end: 'whole' });
      expect(notes(http)).toEqual([
        'the first piece was asked for',
        'the client reads',
        'all was asked for',
      ]);
    },
  },
  {
    name: 'takes a large upload no faster than it reads',
    program: async ({ start, app }) => {
      const { opened } = start({ method: 'POST', path: '/later', body: largePieces(app) });
      await app.until('the first piece was asked for');
      await manyTurns();
      app.note('the client is held back');
      await (await opened).rest();
    },
    promise(http) {
      expectJson(seen(http), 200, { bytes: DOWNLOAD_BYTES, sha256: expect.any(String) });
      expect(notes(http)).toEqual([
        'the first piece was asked for',
        'the client is held back',
        'all was asked for',
      ]);
    },
  },
  {
    name: 'reads a streamed upload to its end',
    program: async ({ ask }) => {
      await ask({ method: 'POST', path: '/measure', body: inPieces(MEGABYTE, 50_001) });
      await ask({ method: 'POST', path: '/measure', body: MEGABYTE });
    },
    promise(http) {
      const measured = { bytes: MEGABYTE.length, sha256: expect.any(String) };
      expectJson(seen(http, 0), 200, measured);
      expectJson(seen(http, 1), 200, measured);
    },
  },
  {
    name: 'answers before it has read the upload',
    program: async ({ ask }) => {
      await ask({ method: 'POST', path: '/early', body: inPieces(MEGABYTE, 50_001) });
      await ask({ method: 'POST', path: '/early', body: 'small' });
    },
    promise(http) {
      expectJson(seen(http, 0), 413, { error: 'too much' });
      expectJson(seen(http, 1), 413, { error: 'too much' });
    },
  },
  {
    name: 'sends each event at once, and sees the client go',
    program: async ({ open, ask, app }) => {
      const stream = await open({ path: '/events', fields: ['Accept', 'text/event-stream'] });
      await stream.readUntil('first\n\n');
      await ask({ method: 'POST', path: '/events/next' });
      await stream.readUntil('second');
      await stream.readUntil('\n\n');
      stream.leave();
      await stream.rest();
      await app.until('the client is gone');
    },
    promise(http) {
      expect(seen(http)).toMatchObject({ status: 200, end: 'left in the body' });
      expect(seen(http).body).toMatch(/data: first[\s\S]*data: second/);
      expect(values(seen(http), 'content-type')[0]).toMatch(/^text\/event-stream/);
      expect(seen(http, 1).status).toBe(204);
      expect(notes(http).slice(-1)).toEqual(['the client is gone']);
    },
  },
  {
    name: 'breaks a response off when its source breaks',
    program: async ({ open, app }) => {
      const exchange = await open({ path: '/break' });
      app.note('the client has the head');
      await exchange.rest();
    },
    promise: (http) => expect(seen(http)).toMatchObject({ status: 200, end: 'cut in the body' }),
  },
  {
    name: 'sends trailers',
    program: async ({ ask }) => void (await ask({ path: '/trailers' })),
    promise(http) {
      expect(seen(http)).toMatchObject({ status: 200, body: 'summed' });
      expect(values({ fields: seen(http).trailers }, 'x-sum')).toEqual(['42']);
    },
    not: NO_TRAILERS,
  },
  {
    name: 'reads trailers',
    program: async ({ ask }) => {
      await ask({
        method: 'POST',
        path: '/trailers',
        fields: ['Trailer', 'X-Sum'],
        body: inPieces(MEGABYTE.subarray(0, 1000), 100),
        trailers: ['X-Sum', '42', 'x-Case', 'kept'],
      });
    },
    promise: (http) =>
      expectJson(seen(http), 200, {
        raw: ['X-Sum', '42', 'x-Case', 'kept'],
        joined: { 'x-sum': '42', 'x-case': 'kept' },
      }),
    not: NO_TRAILERS,
  },
  {
    name: 'tells a client that expects it to go on',
    program: async ({ ask }) => {
      const body = 'only when told';
      const fields = ['Expect', '100-continue', 'Content-Type', 'application/octet-stream'];
      await ask({ method: 'POST', path: '/echo', fields, body });
    },
    promise: (http) =>
      expect(seen(http)).toMatchObject({
        status: 200,
        body: 'only when told',
        information: [{ status: 100, fields: [] }],
      }),
  },
  {
    name: 'sends early hints',
    program: async ({ ask }) => void (await ask({ path: '/hints' })),
    not: { Hono: 'its middleware for it needs the connection of its Node server' },
    promise(http) {
      expect(seen(http)).toMatchObject({ status: 200, body: 'hinted' });
      const [hint] = seen(http).information;
      expect(hint?.status).toBe(103);
      expect(values({ fields: hint?.fields ?? [] }, 'link').join()).toContain('</b.js>');
    },
  },
];

/** Time for what can still happen without anyone's doing. */
async function manyTurns(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
}
