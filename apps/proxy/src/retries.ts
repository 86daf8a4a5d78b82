import { isIdempotent } from '@tp/http';
import { type ErrorCode, isTpError } from '@tp/wire';
import type { OutgoingRequest } from './exchange.ts';

/** How often a request is sent at most. */
export const MAX_ATTEMPTS = 3;

/**
 * Whether a request that failed may be sent to another upstream: it surely was not processed, or its
 * connection broke and to process it twice does no harm. All of its body must still be at hand.
 */
export function mayRepeat(error: unknown, request: OutgoingRequest): boolean {
  if (!isTpError(error) || !isUpstreamsFault(error.code)) return false;
  if (request.body !== null && !(request.body instanceof Uint8Array)) return false;
  if (error.processed === 'no') return true;
  // Another protocol may have begun; what its first bytes do nobody knows here.
  if (request.upgrade !== undefined) return false;
  const isBroken = error.code === 'UPSTREAM' || error.code === 'LINK_LOST';
  return isBroken && error.processed === 'maybe' && isIdempotent(request.method);
}

/** Whether a failure says something of the upstream, and nothing of the request. */
export function isUpstreamsFault(code: ErrorCode): boolean {
  switch (code) {
    case 'UNREACHABLE':
    case 'UPSTREAM':
    case 'LINK_LOST':
    case 'TIMEOUT':
    case 'CLOSED':
    case 'REFUSED':
    case 'OVERFLOW':
    case 'OVERLOADED':
      return true;
    default:
      return false;
  }
}
