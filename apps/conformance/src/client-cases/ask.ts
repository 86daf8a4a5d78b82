import type { OrderedRequest } from '../engine/order.ts';

/** An ordered GET. */
export function get(path: string, rest: Partial<OrderedRequest> = {}): OrderedRequest {
  return { method: 'GET', path, ...rest };
}

/** An ordered POST of so many bytes, streamed when `rest` says so. */
export function post(
  path: string,
  body: number,
  rest: Partial<OrderedRequest> = {},
): OrderedRequest {
  return { method: 'POST', path, body, ...rest };
}
