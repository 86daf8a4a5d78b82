import { type Asked, type HttpClient, type SeenResponse, searchOf } from '../client.ts';
import { readBody } from '../read-body.ts';
import type { Way } from '../ways.ts';

/** Node's global `fetch`; it takes a dispatcher in `init`. */
export const fetchClient: HttpClient = {
  name: 'fetch',
  lacks: ['retries', 'auth'],
  over: (way: Way) => async (asked: Asked) => {
    const leaving = new AbortController();
    const url = new URL(asked.path, way.url);
    if (asked.query !== undefined) url.search = String(searchOf(asked.query));
    const { dispatcher } = way;
    const response = await fetch(url, {
      ...initOf(asked, leaving.signal),
      ...(dispatcher === undefined ? {} : { dispatcher }),
    });
    return seenIn(response, asked, leaving);
  },
};

/** What a program asks as the platform has it. */
export function initOf(asked: Asked, leaving: AbortSignal): RequestInit {
  const { method = 'GET', headers, json, form, text, pieces, redirects = 0, timeoutMs } = asked;
  const body = pieces === undefined ? text : ReadableStream.from(pieces);
  const signals = [asked.signal ?? leaving];
  if (timeoutMs !== undefined) signals.push(AbortSignal.timeout(timeoutMs));
  return {
    method,
    redirect: redirects > 0 ? 'follow' : 'manual',
    signal: AbortSignal.any(signals),
    ...(headers === undefined ? {} : { headers }),
    ...(json === undefined ? {} : jsonInit(json, headers)),
    ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    ...(body === undefined ? {} : { body, duplex: 'half' }),
  };
}

function jsonInit(json: unknown, headers: Asked['headers']): RequestInit {
  return {
    body: JSON.stringify(json),
    headers: { 'Content-Type': 'application/json', ...headers },
  };
}

/** What the platform's response shows. */
export async function seenIn(
  response: Response,
  asked: Asked,
  leaving: AbortController,
): Promise<SeenResponse> {
  const { status, statusText, headers, url } = response;
  return {
    status,
    reason: statusText,
    headers: [...headers].flat(),
    body: response.body === null ? Buffer.alloc(0) : await readBody(response.body, asked, leaving),
    url,
  };
}
