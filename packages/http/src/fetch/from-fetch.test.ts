import { expect, test } from 'vitest';
import { fromFetch } from '../index.ts';
import { pair } from '../test/pair.ts';

test('a handler sees method, URL and fields of the request, and what tp knows besides', async () => {
  await using both = await pair(
    fromFetch(async (request, info) => {
      expect(request).toBeInstanceOf(Request);
      expect(Object.prototype.toString.call(request)).toBe('[object Request]');
      expect(request.constructor).toBe(Request);
      info.inform(103, { link: '</a.css>' });
      return Response.json({
        method: request.method,
        url: request.url,
        headers: [...request.headers],
        body: await request.json(),
        remaining: (info.remainingMs ?? 0) > 0,
        peer: info.peer,
        raw: info.headers.raw,
        path: info.path,
      });
    }),
  );
  const informed: number[] = [];
  const response = await both.client.request({
    method: 'POST',
    path: '/items/%C3%A9?q=a%20b&q=2',
    headers: ['Host', 'Shop.example:8080', 'X-A', '1', 'x-a', '2', 'Content-Type', 'text/x'],
    body: '{"a":1}',
    deadlineMs: 60_000,
    onInformation: (status) => informed.push(status),
  });
  expect(await response.json()).toEqual({
    method: 'POST',
    url: 'http://shop.example:8080/items/%C3%A9?q=a%20b&q=2',
    headers: [
      ['content-type', 'text/x'],
      ['host', 'Shop.example:8080'],
      ['x-a', '1, 2'],
    ],
    body: { a: 1 },
    remaining: true,
    peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    raw: ['Host', 'Shop.example:8080', 'X-A', '1', 'x-a', '2', 'Content-Type', 'text/x'],
    path: '/items/%C3%A9?q=a%20b&q=2',
  });
  expect(response.headers.raw).toEqual(['content-type', 'application/json']);
  expect(informed).toEqual([103]);
});
