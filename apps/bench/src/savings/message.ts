import { endToEnd, Fields, requestEndToEnd } from '@tp/http';
import { isFieldValue, isTarget, isToken } from '@tp/wire';
import type { TrafficRequest } from '../traffic/exchange.ts';
import { codedBody } from './content-coding.ts';
import type { JsonField } from './json-field.ts';
import type { LeftOut, RecordedExchange } from './recorded.ts';

/** Where a request goes, in the forms that HTTP/1.1 has for it. */
export interface Target {
  readonly host: string | undefined;
  readonly path: string;
}

/** Browsers write the repetitions of a field as one value, a line for each. */
const REPEATED = '\n';
const EMPTY = new Uint8Array(0);
/** Answers to HEAD, and these, have no body, whatever their fields say of one. */
const BODYLESS = new Set([204, 304]);

/** @throws {TrafficFileError} when it is neither a URL nor a path. */
export function readTarget(field: JsonField): Target | LeftOut {
  const expected = 'a URL such as "https://api.example/items?page=2"';
  const text = field.text(expected);
  if (text.startsWith('/') && isTarget(text)) return { host: undefined, path: text };
  if (!URL.canParse(text)) return field.fail(expected);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return { leftOut: `not HTTP (${url.protocol})` };
  }
  return { host: url.host, path: `${url.pathname}${url.search}` };
}

/** @throws {TrafficFileError} when it is no method. */
export function readMethod(field: JsonField): string {
  const expected = 'a method such as "GET"';
  const method = field.text(expected);
  return isToken(method) ? method : field.fail(expected);
}

/** @throws {TrafficFileError} when name or value cannot stand in a head. Fields of HTTP/2 itself (`:path`) are dropped. */
export function readHeader(name: JsonField, value: JsonField): string[] {
  const expected = 'the name of a header field';
  const written = name.text(expected);
  if (written.startsWith(':')) return [];
  if (!isToken(written)) return name.fail(expected);
  return headerOf(written, value);
}

/** As `readHeader`, where the name is the key of an object. */
export function headerOf(name: string, value: JsonField): string[] {
  if (name.startsWith(':')) return [];
  const expected = `the value of the header field ${JSON.stringify(name)} as text`;
  return value
    .text(expected)
    .split(REPEATED)
    .flatMap((line) => {
      const bytes = /[^\0-\xff]/.test(line) ? Buffer.from(line).toString('latin1') : line;
      const trimmed = bytes.trim();
      return isFieldValue(trimmed) ? [name, trimmed] : value.fail(expected);
    });
}

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
export function headerValue(headers: readonly string[], name: string): string | undefined {
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
