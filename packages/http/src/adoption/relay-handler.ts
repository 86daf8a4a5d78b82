import type { Duplex } from 'node:stream';
import { eitherHandler } from '../undici/either-handler.ts';
import type { DispatchController, DispatchHandler, ResponseFields } from '../undici/types.ts';
import { aborted } from '../undici/undici-error.ts';

/** What becomes of a request that is relayed. */
export interface RelayEvents {
  /** An attempt begins. */
  started(): void;
  /** An attempt failed and nothing of it was told: says whether another one was begun. */
  failed(error: Error): boolean;
  /** Nothing more will be told. */
  over(): void;
}

/**
 * Stands between a request's handler and the dispatchers that it is tried at: the handler sees one
 * request, which it can abort while it waits for its way too.
 */
export class RelayHandler implements DispatchHandler, DispatchController {
  readonly #handler: DispatchHandler;
  readonly #events: RelayEvents;
  #attempt: DispatchController | undefined;
  #reason: Error | null = null;
  #paused = false;
  #told = false;
  #over = false;

  constructor(handler: DispatchHandler, events: RelayEvents) {
    this.#handler = eitherHandler(handler);
    this.#events = events;
  }

  /** Tells the handler that its request has begun. False when it has ended it at once. */
  start(): boolean {
    try {
      this.#handler.onRequestStart?.(this, null);
    } catch (error) {
      this.abort(error instanceof Error ? error : new Error(String(error)));
    }
    return !this.aborted;
  }

  get aborted(): boolean {
    return this.#reason !== null;
  }

  get reason(): Error | null {
    return this.#reason;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get rawHeaders(): NonNullable<DispatchController['rawHeaders']> | null {
    return this.#attempt?.rawHeaders ?? null;
  }

  get rawTrailers(): NonNullable<DispatchController['rawTrailers']> | null {
    return this.#attempt?.rawTrailers ?? null;
  }

  abort(reason?: Error): void {
    if (this.aborted || this.#over) return;
    this.#reason =
      reason ?? aborted('Request aborted', this.#attempt === undefined ? 'no' : 'maybe');
    if (this.#attempt === undefined) this.#fail(this.#reason);
    else this.#attempt.abort(this.#reason);
  }

  pause(): void {
    this.#paused = true;
    this.#attempt?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#attempt?.resume();
  }

  onRequestStart(attempt: DispatchController): void {
    this.#attempt = attempt;
    this.#events.started();
    if (this.#reason !== null) attempt.abort(this.#reason);
  }

  onRequestUpgrade(
    _attempt: DispatchController,
    statusCode: number,
    headers: ResponseFields,
    socket: Duplex,
  ): void {
    this.#told = true;
    this.#end();
    this.#handler.onRequestUpgrade?.(this, statusCode, headers, socket);
  }

  onResponseStart(
    _attempt: DispatchController,
    statusCode: number,
    headers: ResponseFields,
    statusMessage?: string,
  ): void {
    this.#told = true;
    this.#handler.onResponseStart?.(this, statusCode, headers, statusMessage);
  }

  onResponseData(_attempt: DispatchController, chunk: Buffer): void {
    this.#handler.onResponseData?.(this, chunk);
  }

  onResponseEnd(_attempt: DispatchController, trailers: ResponseFields): void {
    this.#end();
    this.#handler.onResponseEnd?.(this, trailers);
  }

  onResponseError(_attempt: DispatchController, error: Error): void {
    if (!this.#told && !this.aborted && this.#events.failed(error)) return;
    this.#fail(error);
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.();
  }

  onBodySent(chunk: Uint8Array | number, totalBytesSent: number): void {
    this.#handler.onBodySent?.(chunk, totalBytesSent);
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.();
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#end();
    this.#handler.onResponseError?.(this, error);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.over();
  }
}
