/** A request, the same over HTTP/1.1 and over tp. */
export interface Ask {
  /** Default `GET`. */
  readonly method?: string;
  readonly path: string;
  /** Name, value, name, value, …; a `Host` is added in front when there is none. */
  readonly fields?: readonly string[];
  /** Bytes and text declare their length; a stream does not. With `Expect` it waits to be told to go on. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Fields behind a streamed body. */
  readonly trailers?: readonly string[];
}

/** A response's head, and its body to be read. */
export interface Answer {
  readonly status: number;
  /** As an HTTP/1.1 client sees it: never empty because it is the usual one. */
  readonly reason: string;
  readonly fields: readonly string[];
  readonly body: AsyncIterable<Uint8Array>;
  /** Fields behind the body, once it was read. */
  trailers(): readonly string[];
  /** Whether the request went over a connection that had carried one before; undefined over tp. */
  readonly reused?: boolean;
}

/** Sends a request one way and resolves with the head of what comes back. */
export type Send = (
  ask: Ask,
  signal: AbortSignal,
  informed: (status: number, fields: readonly string[]) => void,
) => Promise<Answer>;

/** The fields of a request, with its host and the length of its body: nothing is left to a client. */
export function requestFields({ method = 'GET', fields = [], body }: Ask): string[] {
  const all = [...fields];
  if (!has(fields, 'host')) all.unshift('Host', 'shop.example');
  const length = lengthOf(method, body);
  if (length !== undefined && !has(fields, 'content-length')) all.push('Content-Length', length);
  return all;
}

/** Whether the client waits for a 100 before it sends the body (RFC 9110 section 10.1.1). */
export function waitsToGoOn({ fields = [] }: Ask): boolean {
  return has(fields, 'expect');
}

function has(fields: readonly string[], name: string): boolean {
  return fields.some((one, i) => i % 2 === 0 && one.toLowerCase() === name);
}

/** 0 is said where a body is usual for the method (RFC 9110 section 8.6). */
function lengthOf(method: string, body: Ask['body']): string | undefined {
  if (typeof body === 'string' || body instanceof Uint8Array) return `${Buffer.byteLength(body)}`;
  const isUsual = !['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method);
  return body === undefined && isUsual ? '0' : undefined;
}
