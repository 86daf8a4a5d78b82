import type { Duplex } from 'node:stream';
import type { Fields } from '@tp/wire';
import { parsedFields, rawFields } from './response-fields.ts';
import type { DispatchController, DispatchHandler } from './types.ts';

/** How an exchange tells its handler, whatever generation that is of. */
export interface HandlerPort {
  start(controller: DispatchController): void;
  /** A 1xx head, or the response's. */
  head(controller: DispatchController, status: number, fields: Fields, reason: string): void;
  piece(controller: DispatchController, piece: Buffer): void;
  end(controller: DispatchController, trailers: Fields): void;
  /** Both sides speak another protocol from here, through that socket. */
  upgrade(controller: DispatchController, status: number, fields: Fields, socket: Duplex): void;
  fail(controller: DispatchController, error: Error): void;
}

/** What a handler holds an exchange by that never began. */
export const UNSTARTED: DispatchController = {
  aborted: false,
  paused: false,
  reason: null,
  abort: () => {},
  pause: () => {},
  resume: () => {},
};

/** The port to a handler: see `DispatchHandler` for how generations are told apart. */
export function portOf(handler: DispatchHandler): HandlerPort {
  return typeof handler.onRequestStart === 'function'
    ? new ControllerPort(handler)
    : new CallbackPort(handler);
}

/** A handler of undici 7 and 8. */
class ControllerPort implements HandlerPort {
  readonly #handler: DispatchHandler;

  constructor(handler: DispatchHandler) {
    this.#handler = handler;
  }

  start(controller: DispatchController): void {
    this.#handler.onRequestStart?.(controller, null);
  }

  head(controller: DispatchController, status: number, fields: Fields, reason: string): void {
    this.#handler.onResponseStart?.(controller, status, parsedFields(fields), reason);
  }

  piece(controller: DispatchController, piece: Buffer): void {
    this.#handler.onResponseData?.(controller, piece);
  }

  end(controller: DispatchController, trailers: Fields): void {
    this.#handler.onResponseEnd?.(controller, parsedFields(trailers));
  }

  upgrade(controller: DispatchController, status: number, fields: Fields, socket: Duplex): void {
    this.#handler.onRequestUpgrade?.(controller, status, parsedFields(fields), socket);
  }

  fail(controller: DispatchController, error: Error): void {
    if (this.#handler.onResponseError === undefined) throw error;
    this.#handler.onResponseError(controller, error);
  }
}

/** A handler of undici 6, and of Node's own `fetch`. */
class CallbackPort implements HandlerPort {
  readonly #handler: DispatchHandler;

  constructor(handler: DispatchHandler) {
    this.#handler = handler;
  }

  start(controller: DispatchController): void {
    this.#handler.onConnect?.((reason) => controller.abort(reason), null);
  }

  head(controller: DispatchController, status: number, fields: Fields, reason: string): void {
    const raw = rawFields(fields);
    const goOn = this.#handler.onHeaders?.(status, raw, () => controller.resume(), reason);
    if (goOn === false && status >= 200) controller.pause();
  }

  piece(controller: DispatchController, piece: Buffer): void {
    if (this.#handler.onData?.(piece) === false) controller.pause();
  }

  end(_controller: DispatchController, trailers: Fields): void {
    this.#handler.onComplete?.(rawFields(trailers));
  }

  upgrade(_controller: DispatchController, status: number, fields: Fields, socket: Duplex): void {
    this.#handler.onUpgrade?.(status, rawFields(fields), socket);
  }

  fail(_controller: DispatchController, error: Error): void {
    if (this.#handler.onError === undefined) throw error;
    this.#handler.onError(error);
  }
}
