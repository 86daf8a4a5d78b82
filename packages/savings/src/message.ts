import { endToEnd, Fields, requestEndToEnd } from '@tp/http';
import { codedBody } from './content-coding.ts';
import type { TrafficRequest } from './exchange.ts';
import type { LeftOut, RecordedExchange } from './recorded.ts';

/** Where a request goes, in the forms that HTTP/1.1 has for it. */
export interface Target {
  readonly host: string | undefined;
  readonly path: string;
}

const EMPTY = new Uint8Array(0);
/** Answers to HEAD, and these, have no body, whatever their fields say of one. */
const BODYLESS = new Set([204, 304]);

/** A request as HTTP/1.1 carries it, less what holds for one connection only. */
export function makeRequest(
  method: string,
  { host, path }: Target,
  headers: readonly string[],
  body: Uint8Array | undefined,
): TrafficRequest | LeftOut {
  const kept = [...requestEndToEnd(new Fields(headers)).raw];
  if (host !== undefined && headerValue(kept, 'host') === undefined) kept.unshift('Host', host);
  if (body !== undefined && body.length > 0) {
    return { method, path, headers: withLength(kept, body.length), body };
  }
  const length = headerValue(kept, 'content-length');
  if (length !== undefined && Number(length) !== 0) {
    return { leftOut: "the request's body is not in the file" };
  }
  return { method, path, headers: length === undefined ? kept : withLength(kept, 0), body: null };
}

/** An answer as HTTP/1.1 carries it, less what holds for one connection only: as sent, and unpacked. */
export function makeResponse(
  method: string,
  status: number,
  headers: readonly string[],
  recorded: Uint8Array,
): Pick<RecordedExchange, 'response' | 'plainResponse'> {
  const kept = endToEnd(new Fields(headers)).raw;
  if (method === 'HEAD' || BODYLESS.has(status)) {
    const response = { status, headers: kept, body: EMPTY };
    return { response, plainResponse: response };
  }
  const body = codedBody(headerValue(kept, 'content-encoding'), recorded);
  const response = { status, headers: withLength(kept, body.sent.length), body: body.sent };
  if (body.plain === body.sent) return { response, plainResponse: response };
  const uncoded = withLength(without(kept, 'content-encoding'), body.plain.length);
  return { response, plainResponse: { status, headers: uncoded, body: body.plain } };
}

/** The first value of a field; undefined when there is none. */
function headerValue(headers: readonly string[], name: string): string | undefined {
  const at = headers.findIndex((entry, i) => i % 2 === 0 && entry.toLowerCase() === name);
  return at < 0 ? undefined : headers[at + 1];
}

function without(headers: readonly string[], name: string): string[] {
  return headers.filter((_, i) => headers[i - (i % 2)]?.toLowerCase() !== name);
}

/** With one `content-length`, which is true, where it stood, or at the end. */
function withLength(headers: readonly string[], length: number): string[] {
  const isLength = (entry: string, i: number) =>
    i % 2 === 0 && entry.toLowerCase() === 'content-length';
  const at = headers.findIndex(isLength);
  if (at < 0) return [...headers, 'Content-Length', String(length)];
  const behind = without(headers.slice(at + 2), 'content-length');
  return [...headers.slice(0, at + 1), String(length), ...behind];
}
