import type { TpError } from '@tp/wire';
import type { ResolvedLinkOptions } from '../options.ts';
import type { ClientCall } from './client-call.ts';
import { RetryBudget } from './retry-budget.ts';

/** Where a call that has failed may be sent again. */
type Again = 'nowhere' | 'anywhere' | 'another peer';

/**
 * Decides which calls are sent again by themselves (W-109): what was surely not processed, and what
 * may have been but is idempotent (RFC 9110 section 9.2.2); at most `maxAttempts` times in all and
 * within the budget. The call sees to it that its head has not come and that its body is whole.
 */
export class Retries {
  /** All calls so far. */
  calls = 0;
  readonly #maxAttempts: number;
  readonly #budget: RetryBudget;

  constructor({ clock, limits }: ResolvedLinkOptions) {
    this.#maxAttempts = limits.maxAttempts;
    this.#budget = new RetryBudget(clock, limits.retryPercent, limits.retryRate);
  }

  /** Where the call may go, before the budget is asked. */
  where(call: ClientCall, error: TpError, linkEnded: boolean): Again {
    if (!call.written) return 'anywhere';
    if (error.processed === 'yes') return 'nowhere';
    if (error.processed === 'maybe' && call.init.idempotent !== true) return 'nowhere';
    if (call.attempts >= this.#maxAttempts) return 'nowhere';
    return linkEnded ? 'anywhere' : whereAfter(error);
  }

  /** Takes an attempt at a call from the budget. What was never written costs peers nothing, and is free. */
  take(call: ClientCall): boolean {
    return !call.written || this.takeOne();
  }

  /** Takes one attempt from the budget. */
  takeOne(): boolean {
    return this.#budget.take(this.calls);
  }
}

/** What the peer said on a link that goes on: its codes, and CLOSED for what it did not take. */
function whereAfter({ code, processed }: TpError): Again {
  switch (code) {
    case 'REFUSED':
    case 'OVERLOADED':
    case 'ENHANCE_YOUR_CALM':
    case 'UNREACHABLE':
      return 'another peer';
    case 'CLOSED':
    case 'CANCEL':
    case 'UPSTREAM':
      return 'anywhere';
    case 'TIMEOUT':
      return processed === 'no' ? 'anywhere' : 'nowhere';
    default:
      return 'nowhere';
  }
}
