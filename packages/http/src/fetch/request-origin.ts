import type { Request } from '../types.ts';

/**
 * What a `Host` may look like: a name or address, and a port that may be empty (RFC 3986 section
 * 3.2.3). What it may be is for `URL` to say.
 */
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]*)?$/i;
/** A path that `URL` leaves as it is. A slash and a dot may be the start of a dot segment. */
const PLAIN_PATH = /^(?!.*\/\.)\/[\w\-.~!$&()*+,;=:@/?]*$/;
const ABSOLUTE = /^https?:\/\//i;

/** Makes the URL of a request from its head, whatever stands there. */
export class RequestOrigin {
  readonly #scheme: 'http' | 'https';
  /** Most requests have the host of the one before. */
  #host: string | undefined;
  #origin: string;

  constructor(scheme: 'http' | 'https') {
    this.#scheme = scheme;
    this.#origin = `${scheme}://localhost`;
  }

  /**
   * The URL as fetch writes it. A target that is a whole URL stands for itself (RFC 9112 section
   * 3.2.2), `*` for the origin alone; anything else becomes a path.
   */
  urlOf(request: Request): string {
    const { path } = request;
    if (ABSOLUTE.test(path)) {
      const url = URL.parse(path);
      if (url !== null && url.username === '' && url.password === '') return url.href;
    }
    const origin = this.#of(hostOf(request));
    if (PLAIN_PATH.test(path)) return origin + path;
    if (path === '*') return `${origin}/`;
    return new URL(origin + (path.startsWith('/') ? '' : '/') + path).href;
  }

  #of(host: string | undefined): string {
    if (host === this.#host) return this.#origin;
    const url =
      host !== undefined && HOST.test(host) ? URL.parse(`${this.#scheme}://${host}`) : null;
    this.#host = host;
    this.#origin = url?.origin ?? `${this.#scheme}://localhost`;
    return this.#origin;
  }
}

/** The request's host; undefined when there is none, or more than one (RFC 9112 section 3.2). */
function hostOf({ headers }: Request): string | undefined {
  const raw = headers.raw;
  let host: string | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i];
    if (name === undefined || name.length !== 4) continue;
    if (name !== 'host' && name.toLowerCase() !== 'host') continue;
    if (host !== undefined) return undefined;
    host = raw[i + 1];
  }
  return host;
}
