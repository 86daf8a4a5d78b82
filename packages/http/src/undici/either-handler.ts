import type { Duplex } from 'node:stream';
import { parsedRaw, rawOf } from './response-fields.ts';
import type { DispatchController, DispatchHandler, ResponseFields } from './types.ts';

/**
 * A handler that can be told in the terms of either generation: interceptors and dispatchers of one
 * then work with callers of the other.
 */
export function eitherHandler(handler: DispatchHandler): DispatchHandler {
  if (handler instanceof ForCallbacks || handler instanceof ForController) return handler;
  return typeof handler.onRequestStart === 'function'
    ? new ForController(handler)
    : new ForCallbacks(handler);
}

class Either {
  protected readonly handler: DispatchHandler;

  constructor(handler: DispatchHandler) {
    this.handler = handler;
  }

  onResponseStarted(): void {
    this.handler.onResponseStarted?.();
  }

  onBodySent(chunk: Uint8Array | number, totalBytesSent: number): void {
    this.handler.onBodySent?.(chunk, totalBytesSent);
  }

  onRequestSent(): void {
    this.handler.onRequestSent?.();
  }
}

/** Around a handler of the older generation. */
class ForCallbacks extends Either implements DispatchHandler {
  onConnect(abort: (reason?: Error) => void, context?: unknown): void {
    this.handler.onConnect?.(abort, context);
  }

  onUpgrade(statusCode: number, headers: Buffer[], socket: Duplex): void {
    this.handler.onUpgrade?.(statusCode, headers, socket);
  }

  onHeaders(
    statusCode: number,
    headers: Buffer[],
    resume: () => void,
    statusText: string,
  ): boolean | undefined {
    return this.handler.onHeaders?.(statusCode, headers, resume, statusText);
  }

  onData(chunk: Buffer): boolean | undefined {
    return this.handler.onData?.(chunk);
  }

  onComplete(trailers: readonly (Buffer | string)[] | null): void {
    this.handler.onComplete?.(trailers);
  }

  onError(error: Error): void {
    if (this.handler.onError === undefined) throw error;
    this.handler.onError(error);
  }

  onRequestStart(controller: DispatchController, context: unknown): void {
    this.onConnect((reason) => controller.abort(reason ?? new Error('aborted')), context);
  }

  onRequestUpgrade(
    _controller: DispatchController,
    statusCode: number,
    headers: ResponseFields,
    socket: Duplex,
  ): void {
    this.onUpgrade(statusCode, rawOf(headers), socket);
  }

  onResponseStart(
    controller: DispatchController,
    statusCode: number,
    headers: ResponseFields,
    statusMessage = '',
  ): void {
    const resume = () => controller.resume();
    const goOn = this.onHeaders(statusCode, rawOf(headers), resume, statusMessage);
    if (goOn === false && statusCode >= 200) controller.pause();
  }

  onResponseData(controller: DispatchController, chunk: Buffer): void {
    if (this.onData(chunk) === false) controller.pause();
  }

  onResponseEnd(_controller: DispatchController, trailers: ResponseFields): void {
    this.onComplete(rawOf(trailers));
  }

  onResponseError(_controller: DispatchController, error: Error): void {
    this.onError(error);
  }
}

/** Around a handler of the newer generation. */
class ForController extends Either implements DispatchHandler {
  #controller: CallbackController | undefined = undefined;

  onRequestStart(controller: DispatchController, context: unknown): void {
    this.handler.onRequestStart?.(controller, context);
  }

  onRequestUpgrade(
    controller: DispatchController,
    statusCode: number,
    headers: ResponseFields,
    socket: Duplex,
  ): void {
    this.handler.onRequestUpgrade?.(controller, statusCode, headers, socket);
  }

  onResponseStart(
    controller: DispatchController,
    statusCode: number,
    headers: ResponseFields,
    statusMessage?: string,
  ): void {
    this.handler.onResponseStart?.(controller, statusCode, headers, statusMessage);
  }

  onResponseData(controller: DispatchController, chunk: Buffer): void {
    this.handler.onResponseData?.(controller, chunk);
  }

  onResponseEnd(controller: DispatchController, trailers: ResponseFields): void {
    this.handler.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: DispatchController, error: Error): void {
    if (this.handler.onResponseError === undefined) throw error;
    this.handler.onResponseError(controller, error);
  }

  onConnect(abort: (reason?: Error) => void, context?: unknown): void {
    this.#controller = new CallbackController(abort);
    this.onRequestStart(this.#controller, context);
  }

  onUpgrade(statusCode: number, headers: Buffer[], socket: Duplex): void {
    const controller = this.#started();
    controller.rawHeaders = headers;
    this.onRequestUpgrade(controller, statusCode, parsedRaw(headers), socket);
  }

  onHeaders(
    statusCode: number,
    headers: Buffer[],
    resume: () => void,
    statusText: string,
  ): boolean {
    const controller = this.#started();
    controller.rawHeaders = headers;
    controller.onResume = resume;
    this.onResponseStart(controller, statusCode, parsedRaw(headers), statusText);
    return !controller.paused;
  }

  onData(chunk: Buffer): boolean {
    const controller = this.#started();
    this.onResponseData(controller, chunk);
    return !controller.paused;
  }

  onComplete(trailers: readonly (Buffer | string)[] | null): void {
    const controller = this.#started();
    controller.rawTrailers = (trailers ?? []).map(asBuffer);

    this.onResponseEnd(controller, parsedRaw(controller.rawTrailers));
  }

  onError(error: Error): void {
    this.onResponseError(this.#started(), error);
  }

  #started(): CallbackController {
    return (this.#controller ??= new CallbackController(() => {}));
  }
}

/** A controller over what the older generation gives. */
class CallbackController implements DispatchController {
  paused = false;
  aborted = false;
  reason: Error | null = null;
  rawHeaders: Buffer[] | null = null;
  rawTrailers: Buffer[] | null = null;
  onResume: () => void = () => {};
  readonly #abort: (reason?: Error) => void;

  constructor(abort: (reason?: Error) => void) {
    this.#abort = abort;
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#abort(reason);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.onResume();
  }
}

function asBuffer(text: Buffer | string): Buffer {
  return typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
}
