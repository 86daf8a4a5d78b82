import { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import axios, { type AxiosRequestConfig } from 'axios';
import type { Asked, HttpClient, SeenResponse } from '../client.ts';
import { searchOf } from '../client.ts';
import { readBody } from '../read-body.ts';
import type { Way } from '../ways.ts';

/** axios with its Node adapter; it takes agents as `httpAgent` and `httpsAgent`. */
export const axiosClient: HttpClient = {
  name: 'axios',
  lacks: ['retries'],
  over: (way: Way) => {
    const instance = axios.create({
      baseURL: way.url,
      adapter: 'http',
      proxy: false,
      validateStatus: null,
      responseType: 'stream',
      ...(way.agent === undefined ? {} : { httpAgent: way.agent, httpsAgent: way.agent }),
    });
    return async (asked: Asked): Promise<SeenResponse> => {
      const leaving = new AbortController();
      const response = await instance.request<Readable>({
        ...configOf(asked),
        signal: asked.signal ?? leaving.signal,
      });
      const { status, statusText, data, request } = response;
      const incoming: unknown = request?.res;
      return {
        status,
        reason: statusText,
        headers: incoming instanceof IncomingMessage ? incoming.rawHeaders : [],
        body: await readBody(data, asked, leaving),
        url: request?.res?.responseUrl,
        trailers: incoming instanceof IncomingMessage ? incoming.rawTrailers : [],
      };
    };
  },
};

function configOf(asked: Asked): AxiosRequestConfig {
  const { method = 'GET', path, query, headers, json, form, text, pieces, auth } = asked;
  const data =
    json ?? (form && new URLSearchParams(form)) ?? text ?? (pieces && Readable.from(pieces));
  return {
    url: path,
    method,
    maxRedirects: asked.redirects ?? 0,
    ...(query === undefined ? {} : { params: searchOf(query) }),
    ...(headers === undefined ? {} : { headers }),
    ...(data === undefined ? {} : { data }),
    ...(auth === undefined ? {} : { auth }),
    ...(asked.timeoutMs === undefined ? {} : { timeout: asked.timeoutMs }),
  };
}
