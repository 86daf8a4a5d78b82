import { expect } from 'vitest';
import { type Behaviour, expectJson, seen, values } from './behaviour.ts';

const BYTES = Buffer.from(Uint8Array.from({ length: 200_003 }, (_, i) => i * 7 + (i >> 8)));
const BOUNDARY = '----shop7Ma4YWxk';
const JSON_TYPE = ['Content-Type', 'application/json'];

/** Two fields and two files, one of them of bytes that are no text. */
const MULTIPART = Buffer.concat([
  part('name="title"', 'Größe'),
  part('name="title2"', ''),
  part('name="first"; filename="a b.txt"\r\nContent-Type: text/plain', 'line\r\nline'),
  part('name="second"; filename="data.bin"\r\nContent-Type: application/octet-stream', BYTES),
  Buffer.from(`--${BOUNDARY}--\r\n`),
]);

/** Bodies of requests and responses, whole and none. */
export const bodies: readonly Behaviour[] = [
  {
    name: 'takes and gives JSON',
    program: async ({ ask }) => {
      const body = JSON.stringify({ name: 'Jürgen', list: [1, null, { deep: true }] });
      await ask({ method: 'POST', path: '/json', fields: JSON_TYPE, body });
      const streamed = inPieces(Buffer.from(body), 7);
      await ask({ method: 'POST', path: '/json', fields: JSON_TYPE, body: streamed });
    },
    promise(http) {
      const received = { name: 'Jürgen', list: [1, null, { deep: true }] };
      expectJson(seen(http, 0), 201, { received });
      expectJson(seen(http, 1), 201, { received });
      expect(values(seen(http), 'content-type')[0]).toMatch(/^application\/json/);
    },
  },
  {
    name: 'refuses broken JSON',
    program: async ({ ask }) => {
      await ask({ method: 'POST', path: '/json', fields: JSON_TYPE, body: '{"open":' });
    },
    promise: (http) => expect(seen(http)).toMatchObject({ status: 400, reason: 'Bad Request' }),
  },
  {
    name: 'refuses JSON that is too large for its parser',
    program: async ({ ask }) => {
      const body = JSON.stringify({ long: 'x'.repeat(1_200_000) });
      await ask({ method: 'POST', path: '/json', fields: JSON_TYPE, body });
    },
    promise: (http) => expect(seen(http).status).toBe(413),
  },
  {
    name: 'takes a form',
    program: async ({ ask }) => {
      await ask({
        method: 'POST',
        path: '/form',
        fields: ['Content-Type', 'application/x-www-form-urlencoded'],
        body: 'name=J%C3%BCrgen+K&tag=a&tag=b&empty=',
      });
    },
    promise: (http) =>
      expectJson(seen(http), 200, { received: { name: 'Jürgen K', tag: ['a', 'b'], empty: '' } }),
  },
  {
    name: 'takes an upload of fields and files',
    program: async ({ ask }) => {
      const fields = ['Content-Type', `multipart/form-data; boundary=${BOUNDARY}`];
      await ask({ method: 'POST', path: '/upload', fields, body: MULTIPART });
      await ask({ method: 'POST', path: '/upload', fields, body: inPieces(MULTIPART, 7001) });
    },
    promise(http) {
      for (const place of [0, 1]) {
        expectJson(seen(http, place), 200, {
          fields: { title: 'Größe', title2: '' },
          files: [
            {
              fieldname: 'first',
              originalname: 'a b.txt',
              mimetype: 'text/plain',
              bytes: 10,
              sha256: expect.any(String),
            },
            {
              fieldname: 'second',
              originalname: 'data.bin',
              mimetype: 'application/octet-stream',
              bytes: BYTES.length,
              sha256: expect.any(String),
            },
          ],
        });
      }
    },
  },
  {
    name: 'refuses an upload that ends in the middle of a part',
    program: async ({ ask }) => {
      const fields = ['Content-Type', `multipart/form-data; boundary=${BOUNDARY}`];
      await ask({ method: 'POST', path: '/upload', fields, body: MULTIPART.subarray(0, 400) });
    },
    promise: (http) => expect(seen(http).status).toBeGreaterThanOrEqual(400),
  },
  {
    name: 'echoes bytes of every kind',
    program: async ({ ask }) => {
      const fields = ['Content-Type', 'application/octet-stream'];
      await ask({ method: 'POST', path: '/echo', fields, body: BYTES });
      await ask({ method: 'POST', path: '/echo', fields, body: BYTES.subarray(0, 256) });
      await ask({ method: 'POST', path: '/echo', fields, body: inPieces(BYTES, 9973) });
    },
    promise(http) {
      expect(http.exchanges.map(({ bytes }) => bytes)).toEqual([BYTES.length, 256, BYTES.length]);
      expect(seen(http, 2).body).toBe(seen(http, 0).body);
    },
  },
  {
    name: 'echoes no bytes at all',
    program: async ({ ask }) => {
      const fields = ['Content-Type', 'application/octet-stream'];
      await ask({ method: 'POST', path: '/echo', fields, body: '' });
      await ask({ method: 'POST', path: '/echo', fields, body: inPieces(Buffer.alloc(0), 1) });
    },
    promise(http) {
      expect(seen(http, 0)).toMatchObject({ status: 200, bytes: 0, end: 'whole' });
      expect(seen(http, 1)).toMatchObject({ status: 200, bytes: 0, end: 'whole' });
    },
  },
  {
    name: 'takes PUT, PATCH and DELETE, and answers 204 with nothing',
    program: async ({ ask }) => {
      await ask({
        method: 'PUT',
        path: '/item',
        fields: ['Content-Type', 'text/plain'],
        body: 'put there',
      });
      await ask({ method: 'PATCH', path: '/item', fields: JSON_TYPE, body: '{"a":1}' });
      await ask({ method: 'DELETE', path: '/item' });
    },
    promise(http) {
      expectJson(seen(http, 0), 200, { put: 'put there' });
      expectJson(seen(http, 1), 200, { patched: { a: 1 } });
      expect(seen(http, 2)).toMatchObject({ status: 204, reason: 'No Content', bytes: 0 });
      expect(values(seen(http, 2), 'content-length')).toEqual([]);
    },
  },
  {
    name: 'answers 200 with an empty body',
    program: async ({ ask }) => void (await ask({ path: '/empty' })),
    promise: (http) => expect(seen(http)).toMatchObject({ status: 200, bytes: 0, end: 'whole' }),
  },
  {
    name: 'gives JSON of more than 64 KiB',
    program: async ({ ask }) => void (await ask({ path: '/large' })),
    promise(http) {
      expect(seen(http).status).toBe(200);
      expect(seen(http).bytes).toBeGreaterThan(150_000);
    },
  },
];

function part(disposition: string, content: string | Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
}

/** A streamed body of that content. */
export async function* inPieces(content: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}
