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
      Reflect.construct(native, [nativeOf(input, rest[0]), ...rest], target),
  });
  // What a request says that it was made by is what programs know as Request.
  globalThis.Request.prototype.constructor = globalThis.Request;
  globalThis.fetch = new Proxy(globalThis.fetch, {
    apply: (native, self, [input, ...rest]) =>
      Reflect.apply(native, self, [nativeOf(input, rest[0]), ...rest]),
  });
}

/** A body in `init` stands in for that of the request, which is neither needed nor read (Fetch section 5.4). */
function nativeOf(input: unknown, init: unknown): unknown {
  if (!LazyRequest.is(input)) return input;
  return hasBody(init) ? input.nativeWithoutBody() : input.native();
}

function hasBody(init: unknown): boolean {
  if (typeof init !== 'object' || init === null || !('body' in init)) return false;
  return init.body !== undefined && init.body !== null;
}
