import type { Way } from './ways.ts';

/** What a program asks of a client, in words that each of them has some way to say. */
export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly query?: readonly (readonly [name: string, value: string])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly text?: string;
  /** Pieces of a body that is sent as a stream of unknown length. */
  readonly pieces?: readonly Buffer[];
  readonly auth?: { readonly username: string; readonly password: string };
  /** How many redirects are followed; default 0. */
  readonly redirects?: number;
  /** How often a 503 is tried again; default 0. */
  readonly retries?: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** The client leaves when it has seen the first bytes of the response's body. */
  readonly leaveInBody?: boolean;
}

/** What a client saw of a response. */
export interface SeenResponse {
  readonly status: number;
  /** Undefined where a client does not show it. */
  readonly reason?: string | undefined;
  /** A flat list, as raw as the client shows it. */
  readonly headers: readonly string[];
  /** As the client hands it out: without its coding, where it takes that off. */
  readonly body: Uint8Array;
  /** Where the response came from after redirects, where the client says so. */
  readonly url?: string | undefined;
  readonly trailers?: readonly string[];
}

/** A client under test, set up by its own documented options. */
export interface HttpClient {
  readonly name: string;
  /** What it has no way to do. */
  readonly lacks?: readonly ('retries' | 'redirects' | 'auth')[];
  /** Gives it a way. */
  over(way: Way): (asked: Asked) => Promise<SeenResponse>;
}

/** A query as the URL standard has it. */
export function searchOf(query: NonNullable<Asked['query']>): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of query) search.append(name, value);
  return search;
}
