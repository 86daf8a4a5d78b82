import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { DEFAULT_LIMITS, Fields } from '@tp/wire';

/** Why a request is refused before it is passed on. */
export interface Refusal {
  readonly status: number;
  /** The code that its answer and the metrics name. */
  readonly code: string;
  readonly why: string;
}

/** A request head that may be passed on. */
export interface FrontHead {
  /** The target for the origin: as the client wrote it, an absolute one reduced to its path. */
  readonly path: string;
  readonly headers: Fields;
  readonly hasBody: boolean;
}

const MAX_NAME = 256;
const MAX_VALUE = 16 * 1024;
const MAX_PATH = 8 * 1024;
/** RFC 3986 section 3.2.2: what a host and port may consist of. */
const AUTHORITY = /^(?:\[([0-9A-Fa-f:.]+)\]|[A-Za-z0-9\-._~!$&'()*+,;=%]*)(?::\d{0,5})?$/;

/** What a parser found. */
export type HeadLines = Pick<
  IncomingMessage,
  'rawHeaders' | 'url' | 'method' | 'httpVersionMajor' | 'httpVersionMinor'
>;

/** Checks what Node's parser lets through, and what the lengths of its parts are. */
export function readFrontHead(incoming: HeadLines): FrontHead | Refusal {
  const { rawHeaders: raw, url: target = '', method } = incoming;
  if (incoming.httpVersionMajor !== 1) return refusal(505, 'PROTOCOL', 'HTTP/1.1 is spoken here');
  if (target.length > MAX_PATH) return refusal(414, 'HEAD_LIMIT', 'the target is too long');
  if (raw.length > DEFAULT_LIMITS.fields * 2) return tooLarge('too many fields');
  let host = -1;
  let chunked = false;
  let hasLength = false;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    if (name.length > MAX_NAME || value.length > MAX_VALUE) return tooLarge('a field is too long');
    switch (name.length) {
      case 4:
        if (name.toLowerCase() !== 'host') break;
        if (host >= 0 || !isAuthority(value)) return bad('there is one Host, and it is valid');
        host = i;
        break;
      case 14:
        hasLength ||= name.toLowerCase() === 'content-length' && value !== '0';
        break;
      case 17:
        if (name.toLowerCase() !== 'transfer-encoding') break;
        // RFC 9112 section 6.1: what is not understood must not be passed on as understood.
        if (chunked || value.toLowerCase() !== 'chunked') {
          return refusal(501, 'PROTOCOL', 'chunked is the only transfer coding known here');
        }
        if (incoming.httpVersionMinor === 0) return bad('HTTP/1.0 has no transfer codings');
        chunked = true;
        break;
    }
  }
  if (host < 0 && incoming.httpVersionMinor > 0) return bad('there is one Host, and it is valid');
  if (chunked && hasLength) return bad('content-length and transfer-encoding exclude each other');
  const hasBody = chunked || hasLength;
  if (target.startsWith('/') || (target === '*' && method === 'OPTIONS')) {
    // HTTP/1.0 need not say it; who passes that on as HTTP/1.1 must (RFC 9112 section 3.2).
    const headers = new Fields(host < 0 ? ['Host', '', ...raw] : raw);
    return { path: target, headers, hasBody };
  }
  return absolute(target, method, raw, host, hasBody);
}

/** RFC 9112 section 3.2.2: the authority of an absolute target replaces Host; it chooses nothing. */
function absolute(
  target: string,
  method: string | undefined,
  raw: readonly string[],
  host: number,
  hasBody: boolean,
): FrontHead | Refusal {
  const parts = /^https?:\/\/([^/?#@]+)([/?].*)?$/i.exec(target);
  const authority = parts?.[1];
  if (authority === undefined || !isAuthority(authority)) return bad('the target is no path');
  const rest = parts?.[2] ?? (method === 'OPTIONS' ? '*' : '/');
  const headers = host < 0 ? ['Host', authority, ...raw] : raw.with(host + 1, authority);
  return { path: rest.startsWith('?') ? `/${rest}` : rest, headers: new Fields(headers), hasBody };
}

function isAuthority(text: string): boolean {
  const parts = AUTHORITY.exec(text);
  return parts !== null && (parts[1] === undefined || isIPv6(parts[1]));
}

function bad(why: string): Refusal {
  return refusal(400, 'PROTOCOL', why);
}

function tooLarge(why: string): Refusal {
  return refusal(431, 'HEAD_LIMIT', why);
}

function refusal(status: number, code: string, why: string): Refusal {
  return { status, code, why };
}
