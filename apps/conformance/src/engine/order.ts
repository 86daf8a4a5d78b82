/** A request that the client under test is to make (docs/implementing.md). */
export interface OrderedRequest {
  readonly method: string;
  readonly path: string;
  readonly fields?: readonly (readonly [name: string, value: string])[];
  /** Bytes of body, of which byte _i_ is _i_ mod 251. */
  readonly body?: number;
  /** The body is streamed in pieces of so many bytes. */
  readonly chunk?: number;
  readonly trailers?: readonly (readonly [name: string, value: string])[];
  readonly timeoutMs?: number;
  readonly cancelOn?: 'head' | 'info';
  /** Nothing is to be said back (W-124). */
  readonly oneWay?: true;
  /** It asks for another protocol by its `fields`, and `body` is what it sends once that is spoken (W-129). */
  readonly upgrade?: true;
  /** It waits until that request, counted from 0, has ended. */
  readonly after?: number;
}

/** What the client is told to do for a case. */
export interface Order {
  readonly requests: readonly OrderedRequest[];
  /** It leaves in an orderly way when all have ended (W-102). */
  readonly close?: boolean;
}
