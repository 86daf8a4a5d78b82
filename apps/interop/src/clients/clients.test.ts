import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axiosClient } from './adapters/axios.ts';
import { fetchClient } from './adapters/fetch.ts';
import { gotClient } from './adapters/got.ts';
import { kyClient } from './adapters/ky.ts';
import { undiciClient } from './adapters/undici.ts';
import { runOverBoth } from './comparison.ts';
import { comparable } from './differences.ts';
import { createOrigin } from './origin.ts';
import { PROGRAM } from './program.ts';
import { digest } from './recorder.ts';
import { type BothWays, openBothWays } from './ways.ts';

const clients = [axiosClient, gotClient, fetchClient, undiciClient, kyClient];
const origin = createOrigin();
let both: BothWays;

beforeAll(async () => {
  both = await openBothWays(origin.listener);
});
afterAll(() => both[Symbol.asyncDispose]());

describe.each(clients)('$name', (client) => {
  const program = PROGRAM.filter(
    ({ needs }) => needs === undefined || !client.lacks?.includes(needs),
  );

  test('has a program of at least twelve behaviours', () => {
    expect(program.length).toBeGreaterThanOrEqual(12);
  });

  test.each(program)('$name: the same over HTTP and over tp', async ({ asked, ends }) => {
    const { http, tp } = await runOverBoth(both, origin, async (way) => {
      const { headers, body, ...rest } = await client.over(way)(asked(origin));
      const fields = comparable(headers, 'response, as the client sees it');
      return { ...rest, headers: fields, body: digest(body) };
    });
    if (ends === 'fails') expect(http.client).toHaveProperty('failed');
    else expect(http.client).toMatchObject({ status: ends });
    expect(http.origin.length).toBeGreaterThan(0);
    expect(tp).toEqual(http);
  });
});

test.each([axiosClient, gotClient])('$name takes the agent for https URLs too', async (client) => {
  const ask = client.over({ ...both.tp, url: 'https://secure.example' });
  const { status } = await ask({ method: 'POST', path: '/echo', json: { a: 1 } });
  const [request] = await origin.take();
  expect(status).toBe(200);
  expect(comparable(request?.rawHeaders ?? [], 'request, as the origin sees it')).toContain(
    'secure.example',
  );
});
