import { type ErrorCode, TpError } from '@tp/wire';

/** An error of the link; what it carried may have been processed. */
export function linkError(code: ErrorCode, message: string, cause?: unknown): TpError {
  return new TpError({ code, message, cause });
}
