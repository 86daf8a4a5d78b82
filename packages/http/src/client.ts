import { createPool, type Pool, type PoolOptions, type TransportStats } from '@tp/transport';
import { Fields, RequestHead } from '@tp/wire';
import { outgoingBody } from './body.ts';
import type { Client, RequestOptions, Response } from './types.ts';

/** What a client may be told; see `PoolOptions` and `LinkOptions` of `@tp/transport`. */
export interface ClientOptions extends Omit<PoolOptions, 'limits'> {
  /** Until the response's head, in ms, for requests without a deadline. Default 30,000. */
  readonly requestTimeoutMs?: number;
  /** How long `close` waits for requests under way, in ms. Default 30,000. */
  readonly drainTimeoutMs?: number;
  readonly limits?: PoolOptions['limits'];
}

/**
 * The lean client. Links are opened at once and kept open until `close`.
 *
 * @param address `teleport://HOST:PORT`, `teleports://HOST:PORT` (TLS) or `teleport+unix:PATH`, or
 * a list of equal peers.
 * @throws {TpError} INVALID_ARGUMENT for an address that can't be read.
 */
export function createClient(
  address: string | readonly string[],
  options: ClientOptions = {},
): Client {
  const { requestTimeoutMs, drainTimeoutMs, limits, ...rest } = options;
  const pool = createPool(typeof address === 'string' ? [address] : address, {
    ...rest,
    limits: {
      ...limits,
      ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
      ...(drainTimeoutMs === undefined ? {} : { drainTimeoutMs }),
    },
  });
  return new LeanClient(pool);
}

class LeanClient implements Client {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  request(options: RequestOptions): Promise<Response> {
    const { headers, trailers } = options;
    const { whole, stream } = outgoingBody(
      options.body,
      trailers === undefined ? undefined : () => Fields.from(trailers()),
    );
    return this.#pool.call({
      head: new RequestHead(options.method ?? 'GET', options.path, Fields.from(headers)),
      body: whole,
      stream,
      signal: options.signal,
      deadlineMs: options.deadlineMs,
      onInformation: options.onInformation,
    });
  }

  get pending(): number {
    return this.#pool.pending;
  }

  stats(): TransportStats {
    return this.#pool.stats();
  }

  ready(): Promise<void> {
    return this.#pool.ready();
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool.close();
  }
}
