import { requestHttp1, responseHttp1 } from '@tp/savings';
import { expect, it } from 'vitest';
import { makeExchanges } from '../traffic/kinds.ts';
import { countHttp2Bytes } from './http2-bytes.ts';
import { countOfflineBytes, countSshBytes } from './stream-bytes.ts';

const exchanges = makeExchanges('rtb', 3, 96);
const http1 = {
  request: exchanges.reduce((sum, { request }) => sum + requestHttp1(request).length, 0),
  response: exchanges.reduce((sum, { response }) => sum + responseHttp1(response).length, 0),
};

it('ssh packs better the more it is given at once, and offline packing beats it', async () => {
  const [one, many] = [await countSshBytes(exchanges, 1), await countSshBytes(exchanges, 16)];
  const offline = await countOfflineBytes(exchanges);
  for (const way of ['request', 'response'] as const) {
    expect(one[way]).toBeLessThan(http1[way] / 2);
    expect(many[way]).toBeLessThan(one[way]);
    expect(offline[way]).toBeLessThan(many[way]);
    expect(offline[way]).toBeGreaterThan(100);
  }
});

it('HTTP/2 carries bodies as they are, and heads in fewer bytes', async () => {
  const found = await countHttp2Bytes(exchanges);
  const bodies = exchanges.reduce((sum, { request }) => sum + (request.body?.length ?? 0), 0);
  expect(found.request).toBeGreaterThan(bodies);
  expect(found.request).toBeLessThan(http1.request);
  expect(found.response).toBeLessThan(http1.response);
});
