import { Readable } from 'node:stream';
import got, { type OptionsInit } from 'got';
import type { Asked, HttpClient, SeenResponse } from '../client.ts';
import { searchOf } from '../client.ts';
import { readBody } from '../read-body.ts';
import type { Way } from '../ways.ts';

/** got; it takes agents as `agent: { http, https }`. */
export const gotClient: HttpClient = {
  name: 'got',
  over: (way: Way) => {
    const instance = got.extend({
      prefixUrl: way.url,
      throwHttpErrors: false,
      ...(way.agent === undefined ? {} : { agent: { http: way.agent, https: way.agent } }),
    });
    return async (asked: Asked): Promise<SeenResponse> => {
      const leaving = new AbortController();
      const signal = asked.signal ?? leaving.signal;
      const options = { ...optionsOf(asked), signal };
      if (asked.leaveInBody === true) {
        const body = await readBody(instance.stream(asked.path.slice(1), options), asked, leaving);
        return { status: 200, headers: [], body };
      }
      const response = await instance(asked.path.slice(1), { ...options, responseType: 'buffer' });
      return {
        status: response.statusCode,
        reason: response.statusMessage,
        headers: response.rawHeaders,
        body: response.rawBody,
        url: response.url,
        trailers: response.rawTrailers,
      };
    };
  },
};

function optionsOf(
  asked: Asked,
): Omit<OptionsInit, 'isStream' | 'responseType' | 'resolveBodyOnly'> {
  const { query, headers, json, form, text, pieces, auth, redirects = 0 } = asked;
  const body = text ?? (pieces && Readable.from(pieces));
  return {
    method: methodOf(asked.method),
    followRedirect: redirects > 0,
    maxRedirects: redirects,
    retry: { limit: asked.retries ?? 0 },
    ...(query === undefined ? {} : { searchParams: searchOf(query) }),
    ...(headers === undefined ? {} : { headers: { ...headers } }),
    ...(json === undefined ? {} : { json }),
    ...(form === undefined ? {} : { form: { ...form } }),
    ...(body === undefined ? {} : { body }),
    ...auth,
    ...(asked.timeoutMs === undefined ? {} : { timeout: { request: asked.timeoutMs } }),
  };
}

function methodOf(method = 'GET'): 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' {
  switch (method) {
    case 'GET':
    case 'POST':
    case 'PUT':
    case 'PATCH':
    case 'DELETE':
    case 'HEAD':
      return method;
    default:
      throw new Error(`got has no method ${method}`);
  }
}
