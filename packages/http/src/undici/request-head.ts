import { type ParsedUrlQueryInput, stringify } from 'node:querystring';
import { Fields } from '@tp/wire';
import { trimBlanks } from '../listener/trim-blanks.ts';
import type { DispatchHeaders, DispatchOptions } from './types.ts';
import { invalidArgument } from './undici-error.ts';

/** A request's head as undici means it. */
export interface OutgoingHead {
  readonly path: string;
  /** Without `content-length`, which depends on the body. */
  readonly raw: string[];
  /** What `content-length` was given as, in bytes. */
  readonly contentLength: number | undefined;
  readonly hasContentType: boolean;
}

/**
 * Reads the head out of what undici gives a dispatcher. `host` comes first, as undici sends it:
 * the one that is given, or that of `origin`. `connection` belongs to a connection and is dropped.
 *
 * @throws {UndiciError} for what undici refuses as well.
 */
export function outgoingHead(options: DispatchOptions): OutgoingHead {
  const { path, query, origin, headers, expectContinue } = options;
  const reader = new HeaderReader(origin === undefined ? undefined : authorityOf(origin));
  if (headers !== undefined && headers !== null) reader.read(headers);
  const { raw } = reader;
  if (expectContinue === true) raw.push('expect', '100-continue');
  const { contentLength, hasContentType } = reader;
  return { path: query ? withQuery(path, query) : path, raw, contentLength, hasContentType };
}

class HeaderReader {
  readonly raw: string[];
  contentLength: number | undefined;
  hasContentType = false;
  #hasHost = false;

  /** @param host what the field says unless one is given. */
  constructor(host: string | undefined) {
    this.raw = host === undefined ? [] : ['host', host];
  }

  read(headers: DispatchHeaders): void {
    if (isFlat(headers)) {
      if (headers.length % 2 !== 0) throw invalidArgument('headers array must be even');
      for (let i = 0; i < headers.length; i += 2) this.#field(headers[i], headers[i + 1]);
    } else if (isPairs(headers)) {
      for (const [name, value] of headers) this.#field(name, value);
    } else if (typeof headers === 'object') {
      for (const name of Object.keys(headers)) this.#field(name, headers[name]);
    } else {
      throw invalidArgument('headers must be an object or an array');
    }
  }

  #field(name: unknown, value: unknown): void {
    if (value === undefined) return;
    if (typeof name !== 'string') throw invalidArgument('invalid header key');
    if (Array.isArray(value)) for (const one of value) this.#line(name, textOf(name, one));
    else this.#line(name, textOf(name, value));
  }

  #line(name: string, value: string): void {
    const lower = name.toLowerCase();
    switch (lower) {
      case 'host':
        if (this.#hasHost) throw invalidArgument('duplicate host header');
        this.#hasHost = true;
        if (this.raw[0] === 'host') this.raw[1] = value;
        else this.raw.unshift('host', value);
        return;
      case 'content-length':
        if (this.contentLength !== undefined) throw invalidArgument(`duplicate ${lower} header`);
        if (!/^\d{1,15}$/.test(value)) throw invalidArgument(`invalid ${lower} header`);
        this.contentLength = Number(value);
        return;
      case 'connection':
        return;
      case 'transfer-encoding':
      case 'keep-alive':
      case 'upgrade':
        throw invalidArgument(`invalid ${lower} header`);
      case 'expect':
        throw invalidArgument(
          'expect header not supported: set expectContinue',
          'UND_ERR_NOT_SUPPORTED',
        );
      case 'content-type':
        this.hasContentType = true;
    }
    this.raw.push(name, value);
  }
}

function textOf(name: string, value: unknown): string {
  if (value === null) return '';
  if (typeof value === 'object' || typeof value === 'function') {
    throw invalidArgument(`invalid ${name} header`);
  }
  return trimBlanks(String(value));
}

let lastFields = Fields.empty;

/** The fields of a list; the same ones for one that repeats, since those cost the least to send. */
export function fieldsOf(raw: readonly string[]): Fields {
  const last = lastFields.raw;
  if (raw.length !== last.length || raw.some((text, i) => text !== last[i])) {
    lastFields = new Fields(raw);
  }
  return lastFields;
}

/** Most programs ask one origin again and again. */
let lastOrigin = '';
let lastAuthority = '';

/** The authority of an origin, as it stands in `host`. */
function authorityOf(origin: string | URL): string {
  if (typeof origin !== 'string') return origin.host;
  if (origin !== lastOrigin) {
    if (!URL.canParse(origin)) throw invalidArgument(`invalid origin: ${origin}`);
    lastAuthority = new URL(origin).host;
    lastOrigin = origin;
  }
  return lastAuthority;
}

function withQuery(path: string, query: ParsedUrlQueryInput): string {
  if (path.includes('?') || path.includes('#')) {
    throw invalidArgument('query cannot be passed when path already contains "?" or "#"');
  }
  const text = stringify(query);
  return text === '' ? path : `${path}?${text}`;
}

function isFlat(headers: DispatchHeaders): headers is readonly string[] {
  return Array.isArray(headers);
}

type Pairs = Iterable<readonly [name: string, value: string | readonly string[] | undefined]>;

function isPairs(headers: Exclude<DispatchHeaders, readonly string[]>): headers is Pairs {
  return typeof headers === 'object' && Symbol.iterator in headers;
}
