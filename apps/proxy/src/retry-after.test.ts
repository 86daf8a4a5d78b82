import { once } from 'node:events';
import { createServer } from 'node:http';
import { TpError } from '@tp/wire';
import { describe, expect, it } from 'vitest';
import { retryAfter, tellRetryAfter } from './retry-after.ts';
import { boundTo, startFile } from './test/chain.ts';
import { exchange } from './test/raw-client.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** An address where nobody listens. */
async function deadAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
}

/** What a client is told by the answer to a request that nobody takes, in seconds. */
async function toldBy(address: string): Promise<number> {
  const answer = await exchange(address, GET);
  expect(answer).toMatch(/^HTTP\/1\.1 503 /);
  return Number(/^Retry-After: (\d+)\r$/m.exec(answer)?.[1]);
}

describe('Retry-After', () => {
  it.each([
    [undefined, 0, '1'],
    [undefined, 0.99, '2'],
    [0, 0, '1'],
    [4_200, 0, '5'],
    [4_200, 0.99, '8'],
  ])('of a failure that may do better in %s ms, by lot %s, is %s', (ms, lot, expected) => {
    const error = new TpError({ code: 'UNREACHABLE', message: 'nobody', processed: 'no' });
    if (ms !== undefined) tellRetryAfter(error, ms);
    expect(retryAfter(error, () => lot)).toBe(expected);
  });

  it('is as long as a member gets nothing that could not be reached', async () => {
    const proxy = await startFile(`in: http://127.0.0.1:0\nout: ${await deadAddress()}\n`);
    expect([1, 2]).toContain(await toldBy(boundTo(proxy)));
  });

  it('is as long as active checks take to find a member well again', async () => {
    const proxy = await startFile(`
in: http://127.0.0.1:0
groups:
  web:
    members: [${await deadAddress()}]
    health: { path: /, interval: 4000, unhealthy: 1, healthy: 2 }
`);
    let told = 0;
    // Until the first check has failed.
    while (told < 8) told = await toldBy(boundTo(proxy));
    expect(told).toBeLessThanOrEqual(12);
  });
});
