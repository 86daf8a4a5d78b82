import type { IncomingHttpHeaders } from 'node:http';

/** Of these, Node keeps the first and drops the others (documented at `message.headers`). */
const SINGLE = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
]);

/** A flat list of fields as the object that Node shows as `message.headers`. */
export function joinHeaders(raw: readonly string[]): IncomingHttpHeaders {
  const joined: IncomingHttpHeaders = {};
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const value = raw[i + 1] ?? '';
    if (name === 'set-cookie') {
      (joined[name] ??= []).push(value);
      continue;
    }
    const before = joined[name];
    if (typeof before !== 'string') joined[name] = value;
    else if (!SINGLE.has(name))
      joined[name] = `${before}${name === 'cookie' ? '; ' : ', '}${value}`;
  }
  return joined;
}

/** A flat list of fields as Node shows it in `message.headersDistinct`. */
export function distinctHeaders(raw: readonly string[]): Record<string, string[]> {
  const distinct: Record<string, string[]> = Object.create(null);
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    const value = raw[i + 1] ?? '';
    const before = distinct[name];
    if (before === undefined) distinct[name] = [value];
    else before.push(value);
  }
  return distinct;
}
