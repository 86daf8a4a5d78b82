import { EventEmitter } from 'node:events';
import type { Duplex, Readable, Writable } from 'node:stream';
import {
  type CallOptions,
  type PipelineStart,
  pipeline,
  type ResponseData,
  type ResponseStart,
  request,
  type StreamData,
  stream,
  type UpgradeCallOptions,
  type UpgradeData,
  upgrade,
} from './dispatcher-calls.ts';
import { eitherHandler } from './either-handler.ts';
import { noTunnel } from './outgoing-request.ts';
import type {
  Dispatch,
  Dispatcher,
  DispatcherEvents,
  DispatchHandler,
  DispatchOptions,
  Interceptor,
} from './types.ts';

/** What every dispatcher has, on top of `dispatch` and of how it ends. */
export abstract class BaseDispatcher extends EventEmitter<DispatcherEvents> implements Dispatcher {
  abstract readonly closed: boolean;
  abstract readonly destroyed: boolean;
  abstract dispatch(options: DispatchOptions, handler: DispatchHandler): boolean;
  protected abstract end(): Promise<void>;
  protected abstract abort(error: Error | null): Promise<void>;

  compose(...given: Interceptor[] | [Interceptor[]]): Dispatcher {
    let dispatch: Dispatch = (options, handler) => this.dispatch(options, handler);
    for (const interceptor of given.flat()) {
      const inner = dispatch;
      const outer = interceptor((options, handler) => inner(options, eitherHandler(handler)));
      dispatch = (options, handler) => outer(options, eitherHandler(handler));
    }
    return new ComposedDispatcher(this, dispatch);
  }

  request<Opaque = null>(options: CallOptions<Opaque>): Promise<ResponseData<Opaque>>;
  request(options: CallOptions<unknown>): Promise<ResponseData<unknown>> {
    return request(this, options);
  }

  stream<Opaque = null>(
    options: CallOptions<Opaque>,
    factory: (start: ResponseStart<Opaque>) => Writable,
  ): Promise<StreamData<Opaque>>;
  stream(
    options: CallOptions<unknown>,
    factory: (start: ResponseStart<unknown>) => Writable,
  ): Promise<StreamData<unknown>> {
    return stream(this, options, factory);
  }

  pipeline<Opaque = null>(
    options: CallOptions<Opaque>,
    handler: (start: PipelineStart<Opaque>) => Readable,
  ): Duplex;
  pipeline(
    options: CallOptions<unknown>,
    handler: (start: PipelineStart<unknown>) => Readable,
  ): Duplex {
    return pipeline(this, options, handler);
  }

  connect(): never {
    throw noTunnel();
  }

  upgrade(options: UpgradeCallOptions): Promise<UpgradeData> {
    return upgrade(this, options);
  }

  close(): Promise<void>;
  close(callback: () => void): void;
  close(callback?: () => void): Promise<void> | undefined {
    return settle(this.end(), callback);
  }

  destroy(error?: Error | null): Promise<void>;
  destroy(callback: () => void): void;
  destroy(error: Error | null, callback: () => void): void;
  destroy(first?: Error | null | (() => void), second?: () => void): Promise<void> | undefined {
    if (typeof first === 'function') return settle(this.abort(null), first);
    return settle(this.abort(first ?? null), second);
  }
}

class ComposedDispatcher extends BaseDispatcher {
  readonly #inner: BaseDispatcher;
  readonly #dispatch: Dispatch;

  constructor(inner: BaseDispatcher, dispatch: Dispatch) {
    super();
    this.#inner = inner;
    this.#dispatch = dispatch;
  }

  get closed(): boolean {
    return this.#inner.closed;
  }

  get destroyed(): boolean {
    return this.#inner.destroyed;
  }

  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    return this.#dispatch(options, handler);
  }

  protected end(): Promise<void> {
    return this.#inner.close();
  }

  protected abort(error: Error | null): Promise<void> {
    return this.#inner.destroy(error);
  }
}

function settle(
  ended: Promise<void>,
  callback: (() => void) | undefined,
): Promise<void> | undefined {
  if (callback === undefined) return ended;
  void ended.then(callback);
  return undefined;
}
