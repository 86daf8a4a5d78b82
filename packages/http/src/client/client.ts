import {
  type CallInit,
  createPool,
  type DialTls,
  type Pool,
  type PoolOptions,
  type PoolStats,
} from '@tp/transport';
import { Fields, isTpError, MAX_INLINE_BODY, RequestHead, TpError } from '@tp/wire';
import { outgoingBody } from '../body/body.ts';
import type { BodySource } from '../body/body-source.ts';
import { LengthMemory } from '../body/content-length.ts';
import type {
  Client,
  RequestOptions,
  Response,
  SendOptions,
  UpgradeOptions,
  UpgradeResponse,
} from '../types.ts';
import { upgradeProtocol } from '../upgrade/upgrade-fields.ts';
import { checkedResponse } from './checked-response.ts';
import { isIdempotent } from './idempotent.ts';
import { upgradeCall } from './upgrade-call.ts';

/** What a client may be told; see `PoolOptions` and `LinkOptions` of `@tp/transport`. */
export interface ClientOptions extends Omit<PoolOptions, 'limits'> {
  /** Until the response's head, in ms, for requests without a deadline. Default 30,000. */
  readonly requestTimeoutMs?: number;
  /** How long `close` waits for requests under way, in ms. Default 30,000. */
  readonly drainTimeoutMs?: number;
  readonly limits?: PoolOptions['limits'];
  /**
   * Statuses that count as failures of the peer that answers them: it gets fewer requests, and for a
   * while none where others do better. Default 502, 503 and 504, by which a gateway says that it has
   * nobody to ask: a peer that answers them fast must not look fast.
   */
  readonly failureStatuses?: readonly number[];
}

const FAILURE_STATUSES = [502, 503, 504];

/**
 * The lean client. Links are opened at once and kept open until `close`.
 *
 * @param address `teleport://HOST:PORT`, `teleports://HOST:PORT` (TLS), `teleport+unix:PATH`,
 * `teleport+srv://_NAME._PROTO.DOMAIN` or `teleports+srv://…`, or a list of equal ones. Names stand
 * for all their addresses, each a peer, and are resolved again on a timer.
 * @throws {TpError} INVALID_ARGUMENT for an address that can't be read.
 */
export function createClient(
  address: string | readonly string[],
  options: ClientOptions = {},
): Client {
  const { requestTimeoutMs, drainTimeoutMs, limits, ...rest } = options;
  const pool = createPool(typeof address === 'string' ? [address] : address, {
    failureStatuses: FAILURE_STATUSES,
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
  readonly #lengths = new LengthMemory();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  request(options: RequestOptions): Promise<Response> {
    let init: CallInit;
    let source: BodySource | undefined;
    try {
      const fields = Fields.from(options.headers);
      const body = outgoingBody(options.body, options.trailers, this.#lengths.of(fields));
      source = body.source;
      if (source !== undefined && upgradeProtocol(fields) !== undefined) {
        throw new TypeError('a request that asks for another protocol has no body: use upgrade()');
      }
      const method = options.method ?? 'GET';
      init = {
        head: new RequestHead(method, options.path, fields),
        body: body.whole,
        stream: body.stream,
        signal: options.signal,
        deadlineMs: options.deadlineMs,
        idempotent: options.idempotent ?? isIdempotent(method),
        hedgeAfterMs: options.hedgeAfterMs,
        window: options.window,
        onInformation: options.onInformation,
      };
    } catch (error) {
      source?.stop();
      return Promise.reject(asInvalidArgument(error));
    }
    const response = this.#pool.call(init, checkedResponse);
    return source === undefined ? response : streamedCall(response, source);
  }

  send(options: SendOptions): Promise<void> {
    try {
      const fields = Fields.from(options.headers);
      const { whole, source } = outgoingBody(options.body, undefined, this.#lengths.of(fields));
      if (source !== undefined) {
        source.stop();
        throw new TypeError(
          `a request that wants no answer has its body with it: text or bytes, at most ${MAX_INLINE_BODY} bytes`,
        );
      }
      return this.#pool.send({
        head: new RequestHead(options.method ?? 'POST', options.path, fields),
        body: whole,
        signal: options.signal,
        deadlineMs: options.deadlineMs,
        window: options.window,
      });
    } catch (error) {
      return Promise.reject(asInvalidArgument(error));
    }
  }

  upgrade(options: UpgradeOptions): Promise<UpgradeResponse> {
    try {
      const { init, open } = upgradeCall(options);
      return this.#pool.call(init, open);
    } catch (error) {
      return Promise.reject(asInvalidArgument(error));
    }
  }

  get pending(): number {
    return this.#pool.pending;
  }

  reloadTls(tls: DialTls): void {
    this.#pool.reloadTls(tls);
  }

  stats(): PoolStats {
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

/** Stops the source of a body that is not sent to its end: a call that reaches no link never reads it. */
async function streamedCall(response: Promise<Response>, source: BodySource): Promise<Response> {
  try {
    return await response;
  } catch (error) {
    source.stop();
    throw error;
  }
}

/** What was thrown while a request was put together: nothing of it was sent. */
function asInvalidArgument(error: unknown): TpError {
  if (isTpError(error)) {
    if (error.processed === 'no') return error;
    const { code, message } = error;
    return new TpError({ code, message, processed: 'no', cause: error });
  }
  return new TpError({
    code: 'INVALID_ARGUMENT',
    message: error instanceof Error ? error.message : String(error),
    processed: 'no',
    cause: error,
  });
}
