import { LazyRequest } from './lazy-request.ts';

let isDone = false;

/**
 * Makes the global `Request` and `fetch` take a `LazyRequest` where they take a `Request`: both read
 * private fields of theirs, which no other object can have. Anything else reaches them as before,
 * and `instanceof`, subclasses and statics stay what they were.
 */
export function acceptLazyRequests(): void {
  if (isDone) return;
  isDone = true;
  globalThis.Request = new Proxy(globalThis.Request, {
    construct: (native, [input, ...rest], target) =>
      Reflect.construct(native, [nativeOf(input), ...rest], target),
  });
  // What a request says that it was made by is what programs know as Request.
  globalThis.Request.prototype.constructor = globalThis.Request;
  globalThis.fetch = new Proxy(globalThis.fetch, {
    apply: (native, self, [input, ...rest]) =>
      Reflect.apply(native, self, [nativeOf(input), ...rest]),
  });
}

function nativeOf(input: unknown): unknown {
  return LazyRequest.is(input) ? input.native() : input;
}
