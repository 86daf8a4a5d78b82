import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { axiosClient } from './adapters/axios.ts';
import { fetchClient } from './adapters/fetch.ts';
import { gotClient } from './adapters/got.ts';
import type { Asked } from './client.ts';
import { comparable, FIELDS, WORDS } from './differences.ts';
import { createOrigin, PIECE } from './origin.ts';
import { type BothWays, openBothWays, type Way } from './ways.ts';

const origin = createOrigin();
const clients = [gotClient, fetchClient, axiosClient];
let both: BothWays;

beforeAll(async () => {
  both = await openBothWays(origin.listener);
});
afterAll(() => both[Symbol.asyncDispose]());

describe('what is listed as a difference is one', () => {
  test.each(FIELDS)('$field in a $side', async ({ side, field }) => {
    const seenBy = async (way: Way): Promise<string[][]> => {
      const all: string[][] = [];
      for (const client of clients) {
        const asked: Asked[] = [
          { path: '/pieces/1' },
          { method: 'POST', path: '/echo', pieces: [PIECE], headers: { 'X-Last': '1' } },
        ];
        for (const one of asked) {
          const { headers } = await client.over(way)(one);
          const [request] = await origin.take();
          const raw = side.startsWith('request') ? (request?.rawHeaders ?? []) : headers;
          all.push(comparable(raw, side, field));
        }
      }
      return all;
    };
    expect(await seenBy(both.tp)).not.toEqual(await seenBy(both.http));
  });

  test.each(WORDS)('$http is $tp over tp', async ({ http, tp }) => {
    const seenBy = async (way: Way): Promise<unknown> => {
      const asked = { method: 'POST', path: '/reset' };
      const error: unknown = await axiosClient
        .over(way)(asked)
        .catch((reason) => reason);
      await origin.take();
      if (!(error instanceof Error) || !('code' in error)) throw new Error('it did not fail');
      return [error.name, error.code];
    };
    expect(await seenBy(both.http)).toContain(http);
    expect(await seenBy(both.tp)).toContain(tp);
  });
});
