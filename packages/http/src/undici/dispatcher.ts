import { TpError } from '@tp/wire';
import type { Client } from '../types.ts';
import { BaseDispatcher } from './base-dispatcher.ts';
import { eitherHandler } from './either-handler.ts';
import { Exchange } from './exchange.ts';
import { portOf, UNSTARTED } from './handler-port.ts';
import type { Dispatcher, DispatchHandler, Dispatching, DispatchOptions } from './types.ts';
import { asUndiciError, invalidArgument, UndiciError } from './undici-error.ts';

/** What a dispatcher may be told. */
export interface DispatcherOptions {
  /**
   * The origins (`https://api.example`) whose requests go over the client. Default: all of them, as
   * through a proxy; a peer that does not look at `host` then answers for any. A redirect to an
   * origin that is not listed goes `elsewhere`.
   */
  readonly origins?: readonly (string | URL)[];
  /** Takes the requests to all other origins, e.g. an `Agent` of undici. Default: they fail with INVALID_ARGUMENT. */
  readonly elsewhere?: Dispatching;
}

/**
 * A client as a dispatcher of undici 6, 7 or 8: for `fetch(url, { dispatcher })` of Node or of
 * undici, `undici.request(url, { dispatcher })` with `stream`, `pipeline` and what is built on
 * them, and `setGlobalDispatcher`. It needs no undici.
 *
 * Errors have undici's codes, with the `TpError` as their `cause`; see `UndiciError`. The client's
 * own limits hold besides `headersTimeout` and `bodyTimeout`, and what failed safely is repeated by
 * the client itself. `dispatch` always takes a request, so there is no `drain`; links belong to the
 * client, so there is no `connect` and no `disconnect`.
 *
 * @throws {TypeError} for an origin that is none.
 */
export function createDispatcher(client: Client, options: DispatcherOptions = {}): Dispatcher {
  return new ClientDispatcher(client, options);
}

class ClientDispatcher extends BaseDispatcher {
  readonly #client: Client;
  readonly #origins: ReadonlySet<string> | undefined;
  readonly #elsewhere: Dispatching | undefined;
  readonly #running = new Set<Exchange>();
  #closed = false;
  #destroyed = false;

  constructor(client: Client, { origins, elsewhere }: DispatcherOptions) {
    super();
    this.#client = client;
    this.#origins = origins && new Set(origins.map((origin) => new URL(origin).origin));
    this.#elsewhere = elsewhere;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get destroyed(): boolean {
    return this.#destroyed;
  }

  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    if (typeof handler !== 'object' || handler === null) {
      throw invalidArgument('handler must be an object');
    }
    try {
      this.#checkOpen();
      if (this.#isElsewhere(options)) {
        if (this.#elsewhere === undefined) throw foreign(options);
        return this.#elsewhere.dispatch(options, eitherHandler(handler));
      }
      this.#start(options, handler);
      return true;
    } catch (error) {
      portOf(handler).fail(UNSTARTED, asUndiciError(error, false));
      return false;
    }
  }

  protected async end(): Promise<void> {
    this.#closed = true;
    await this.#client.close();
    this.#destroyed = true;
  }

  protected async abort(error: Error | null): Promise<void> {
    this.#closed = true;
    this.#destroyed = true;
    for (const exchange of this.#running) exchange.abort(error ?? closedError('UND_ERR_DESTROYED'));
    await this.#client.close();
  }

  #start(options: DispatchOptions, handler: DispatchHandler): void {
    const exchange = new Exchange(handler, this.#over);
    this.#running.add(exchange);
    try {
      exchange.run(this.#client, options);
    } catch (error) {
      this.#running.delete(exchange);
      throw error;
    }
  }

  readonly #over = (exchange: Exchange): void => {
    this.#running.delete(exchange);
  };

  #checkOpen(): void {
    if (this.#destroyed) throw closedError('UND_ERR_DESTROYED');
    if (this.#closed) throw closedError('UND_ERR_CLOSED');
  }

  #isElsewhere({ origin }: DispatchOptions): boolean {
    if (this.#origins === undefined || origin === undefined) return false;
    if (typeof origin !== 'string') return !this.#origins.has(origin.origin);
    return !this.#origins.has(origin) && !this.#origins.has(new URL(origin).origin);
  }
}

function foreign({ origin }: DispatchOptions): Error {
  return invalidArgument(
    `${String(origin)} is none of the origins that this client is asked for; list it in "origins", or say "elsewhere" who takes it`,
  );
}

function closedError(code: 'UND_ERR_DESTROYED' | 'UND_ERR_CLOSED'): Error {
  const message =
    code === 'UND_ERR_CLOSED' ? 'the dispatcher was closed' : 'the dispatcher was destroyed';
  return new UndiciError(code, new TpError({ code: 'CLOSED', message, processed: 'no' }));
}
