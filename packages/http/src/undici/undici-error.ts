import { type ErrorCode, isTpError, type Processed, TpError } from '@tp/wire';

/** The codes of undici that a dispatcher answers with, and the names that undici's classes have. */
const NAMES = {
  UND_ERR_ABORTED: 'AbortError',
  UND_ERR_BODY_TIMEOUT: 'BodyTimeoutError',
  UND_ERR_CLOSED: 'ClientClosedError',
  UND_ERR_DESTROYED: 'ClientDestroyedError',
  UND_ERR_HEADERS_OVERFLOW: 'HeadersOverflowError',
  UND_ERR_HEADERS_TIMEOUT: 'HeadersTimeoutError',
  UND_ERR_INVALID_ARG: 'InvalidArgumentError',
  UND_ERR_NOT_SUPPORTED: 'NotSupportedError',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'RequestContentLengthMismatchError',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'ResponseContentLengthMismatchError',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'ResponseExceededMaxSizeError',
  UND_ERR_SOCKET: 'SocketError',
} as const;

export type UndiciCode = keyof typeof NAMES;

/** What undici calls each way to fail; those not listed are failures of the way there: `UND_ERR_SOCKET`. */
const CODES: ReadonlyMap<ErrorCode, UndiciCode> = new Map([
  ['INVALID_ARGUMENT', 'UND_ERR_INVALID_ARG'],
  ['CLOSED', 'UND_ERR_CLOSED'],
  ['HEAD_LIMIT', 'UND_ERR_HEADERS_OVERFLOW'],
  ['BODY_LIMIT', 'UND_ERR_RES_EXCEEDED_MAX_SIZE'],
  ['BODY_LENGTH', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'],
]);

/** By this undici knows its errors across copies: `error instanceof errors.SocketError` holds. */
const BRAND = 'undici.error.';

/**
 * An error as undici's users match it: `code` and `name` are undici's, and `instanceof` undici's
 * class holds. `cause` is the `TpError` that says the same in our terms, and `processed` is its.
 */
export class UndiciError extends Error {
  readonly code: UndiciCode;
  /** Whether the request may have taken effect; see `TpError`. */
  readonly processed: Processed;

  constructor(code: UndiciCode, cause: TpError) {
    super(cause.message, { cause });
    this.name = NAMES[code];
    this.code = code;
    this.processed = cause.processed;
    for (const brand of ['UND_ERR', code]) {
      Object.defineProperty(this, Symbol.for(BRAND + brand), { value: true });
    }
  }
}

/** What became of a call, in undici's terms. An error that is none of ours stays as it is. */
export function asUndiciError(error: unknown, answered: boolean): Error {
  if (!isTpError(error)) return error instanceof Error ? error : new Error(String(error));
  if (error.code === 'TIMEOUT' || error.code === 'DEADLINE') {
    return new UndiciError(answered ? 'UND_ERR_BODY_TIMEOUT' : 'UND_ERR_HEADERS_TIMEOUT', error);
  }
  return new UndiciError(CODES.get(error.code) ?? 'UND_ERR_SOCKET', error);
}

/** A request that cannot be sent as it is. */
export function invalidArgument(
  message: string,
  code: UndiciCode = 'UND_ERR_INVALID_ARG',
): UndiciError {
  return new UndiciError(code, new TpError({ code: 'INVALID_ARGUMENT', message, processed: 'no' }));
}

/** An exchange that was ended from this side. */
export function aborted(message: string, processed: Processed): UndiciError {
  return new UndiciError('UND_ERR_ABORTED', new TpError({ code: 'CANCEL', message, processed }));
}

/** A response that refuses to switch protocols, as undici calls it. */
export function notSwitched(status: number): UndiciError {
  const message = `bad upgrade: the peer answered ${status}`;
  return new UndiciError(
    'UND_ERR_SOCKET',
    new TpError({ code: 'REFUSED', message, processed: 'yes' }),
  );
}
