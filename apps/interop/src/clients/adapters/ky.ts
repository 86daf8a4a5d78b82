import ky from 'ky';
import { type Asked, type HttpClient, searchOf } from '../client.ts';
import type { Way } from '../ways.ts';
import { initOf, seenIn } from './fetch.ts';

/** ky; it takes a `fetch`. */
export const kyClient: HttpClient = {
  name: 'ky',
  lacks: ['auth'],
  over: (way: Way) => async (asked: Asked) => {
    const leaving = new AbortController();
    const { timeoutMs, json, query, retries = 0, ...rest } = asked;
    const response = await ky(asked.path, {
      ...initOf(rest, leaving.signal),
      prefix: way.url,
      fetch: way.fetch,
      throwHttpErrors: retries > 0,
      timeout: timeoutMs ?? false,
      retry: { limit: retries, backoffLimit: 1 },
      ...(json === undefined ? {} : { json }),
      ...(query === undefined ? {} : { searchParams: searchOf(query) }),
    });
    return seenIn(response, asked, leaving);
  },
};
