import type { Fields, RequestHead } from '@tp/wire';
import type { WindowChoice } from '../window/tenants.ts';
import type { CancelSignal } from './cancellation.ts';
import type { OutgoingStream } from './exchange.ts';

/** What a call is made of. */
export interface CallInit {
  readonly head: RequestHead;
  /** The whole body, when it is there and has at most 64 KiB. */
  readonly body?: Uint8Array | undefined;
  /** The body otherwise. */
  readonly stream?: OutgoingStream | undefined;
  readonly signal?: CancelSignal | undefined;
  /** For the whole exchange, in ms. Default: `requestTimeoutMs` until the response's head. */
  readonly deadlineMs?: number | undefined;
  /**
   * Whether handling it twice does no more than handling it once (RFC 9110 section 9.2.2). Then it
   * is sent again by itself also when it may have been processed. Default false.
   */
  readonly idempotent?: boolean | undefined;
  /**
   * After so many ms without a response's head, a second attempt is sent on another link, where the
   * call is idempotent and its body whole. Default: the pool's `hedgeAfterMs`.
   */
  readonly hedgeAfterMs?: number | undefined;
  /**
   * The compression window that the request goes through; the response comes through one of the same
   * kind. Default: the pool's.
   */
  readonly window?: WindowChoice | undefined;
  /** Called for each 1xx head. */
  readonly onInformation?: ((status: number, headers: Fields) => void) | undefined;
}

/** What a one-way request is made of. */
export type SendInit = Pick<CallInit, 'head' | 'body' | 'signal' | 'deadlineMs' | 'window'>;
