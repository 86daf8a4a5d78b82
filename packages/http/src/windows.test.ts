import { expect, test } from 'vitest';
import type { RequestOptions, ResponseInit } from './index.ts';
import { pair } from './test/pair.ts';

const text = JSON.stringify(Array.from({ length: 200 }, (_, id) => ({ id, name: `name ${id}` })));

/** What 20 equal exchanges put on the wire, against what their bodies have, in each direction. */
async function shares(request: Partial<RequestOptions>, response: Partial<ResponseInit> = {}) {
  await using both = await pair(() => ({ ...response, body: text }));
  for (let i = 0; i < 20; i++) {
    const answer = await both.client.request({ method: 'POST', path: '/', body: text, ...request });
    expect(await answer.text()).toBe(text);
  }
  const { wireBytesIn, wireBytesOut } = both.client.stats();
  const share = (bytes: number) => (bytes > 20 * text.length ? 'plain' : 'packed');
  return [share(wireBytesOut), share(wireBytesIn)];
}

test('requests and their responses go through the window that the request names', async () => {
  expect(await shares({})).toEqual(['packed', 'packed']);
  expect(await shares({ window: 'shared' })).toEqual(['packed', 'packed']);
  expect(await shares({ window: { isolated: 'a' } })).toEqual(['packed', 'packed']);
  expect(await shares({ window: 'off' })).toEqual(['plain', 'plain']);
});

test('a response may name another', async () => {
  expect(await shares({}, { window: 'off' })).toEqual(['packed', 'plain']);
  expect(await shares({ window: 'off' }, { window: 'shared' })).toEqual(['plain', 'packed']);
});

test('a key that is no text shares a window with nobody', async () => {
  const window: RequestOptions['window'] = JSON.parse('{}');
  expect(await shares(window === undefined ? {} : { window })).toEqual(['plain', 'plain']);
});
