import { Readable } from 'node:stream';
import { Agent, type Dispatcher, interceptors, request } from 'undici';
import { type Asked, type HttpClient, type SeenResponse, searchOf } from '../client.ts';
import { readBody } from '../read-body.ts';
import type { Way } from '../ways.ts';

const overHttp = new Agent();

/** `undici.request`; it takes a dispatcher, with undici's own interceptors for redirects and retries. */
export const undiciClient: HttpClient = {
  name: 'undici.request',
  lacks: ['auth'],
  over:
    (way: Way) =>
    async (asked: Asked): Promise<SeenResponse> => {
      const leaving = new AbortController();
      const { headers, json, form, text, query, timeoutMs, redirects = 0, retries = 0 } = asked;
      const url = new URL(asked.path, way.url);
      if (query !== undefined) url.search = String(searchOf(query));
      const dispatcher: Dispatcher = way.dispatcher ?? overHttp;
      const body =
        json === undefined ? form && String(new URLSearchParams(form)) : JSON.stringify(json);
      const type = json === undefined ? 'application/x-www-form-urlencoded' : 'application/json';
      const response = await request(url, {
        dispatcher: dispatcher.compose(
          interceptors.redirect({ maxRedirections: redirects, throwOnMaxRedirect: redirects > 0 }),
          interceptors.retry({
            maxRetries: retries,
            minTimeout: 1,
            maxTimeout: 1,
            statusCodes: [503],
          }),
        ),
        method: asked.method ?? 'GET',
        signal: asked.signal ?? leaving.signal,
        headers: { ...(body === undefined ? {} : { 'Content-Type': type }), ...headers },
        body: body ?? text ?? (asked.pieces && Readable.from(asked.pieces)) ?? null,
        ...(timeoutMs === undefined ? {} : { headersTimeout: timeoutMs }),
      });
      return {
        status: response.statusCode,
        reason: response.statusText,
        headers: Object.entries(response.headers).flatMap(([name, value = '']) =>
          [value].flat().flatMap((one) => [name, one]),
        ),
        body: await readBody(response.body, asked, leaving),
        trailers: Object.entries(response.trailers).flat(),
      };
    },
};
