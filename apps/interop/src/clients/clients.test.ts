import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axiosClient } from './adapters/axios.ts';
import { gotClient } from './adapters/got.ts';
import type { Asked, SeenResponse } from './client.ts';
import { comparable, comparableWord } from './differences.ts';
import { createOrigin, digest } from './origin.ts';
import { PROGRAM } from './program.ts';
import { type BothWays, openBothWays, type Way } from './ways.ts';

const clients = [axiosClient, gotClient];
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

  test.each(program)('$name: client and origin see the same over HTTP and over tp', async (one) => {
    const run = async (way: Way) => {
      const outcome = await observe(client.over(way), one.asked(origin));
      const origins = await origin.take();
      return {
        outcome,
        origin: origins.map((seen) => ({
          ...seen,
          rawHeaders: comparable(seen.rawHeaders, 'request, as the origin sees it'),
        })),
      };
    };
    const http = await run(both.http);
    const tp = await run(both.tp);
    if (one.ends === 'fails') expect(http.outcome).toHaveProperty('failed');
    else expect(http.outcome).toMatchObject({ status: one.ends });
    expect(http.origin.length).toBeGreaterThan(0);
    expect(tp).toEqual(http);
  });
});

/** What the client saw, in a form that can be compared. */
async function observe(ask: (asked: Asked) => Promise<SeenResponse>, asked: Asked) {
  try {
    const { headers, body, ...rest } = await ask(asked);
    return {
      ...rest,
      headers: comparable(headers, 'response, as the client sees it'),
      body: digest(body),
    };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
    return { failed: comparableWord(error.name), code: comparableWord(code) };
  }
}
