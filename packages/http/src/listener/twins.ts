import type { Handler } from '../types.ts';
import type { RequestListener } from './from-listener.ts';

const handlers = new WeakMap<RequestListener, Handler>();
const listeners = new WeakMap<Handler, RequestListener>();

/** Remembers what a listener was made of, so that nothing is wrapped twice. */
export function madeOfHandler(listener: RequestListener, handler: Handler): RequestListener {
  handlers.set(listener, handler);
  return listener;
}

/** Remembers what a handler was made of. */
export function madeOfListener(handler: Handler, listener: RequestListener): Handler {
  listeners.set(handler, listener);
  return handler;
}

/** The handler that `toListener` made a listener of. */
export function handlerOf(listener: RequestListener): Handler | undefined {
  return handlers.get(listener);
}

/** The listener that `fromListener` made a handler of. */
export function listenerOf(handler: Handler): RequestListener | undefined {
  return listeners.get(handler);
}
