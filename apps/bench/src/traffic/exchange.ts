import type { Sent } from '@tp/savings';

/** One request and the answer that belongs to it. */
export interface Exchange extends Sent {
  /** The value of the request's `x-request-id`, by which an origin finds the answer. Unique within one seed. */
  readonly id: string;
}
