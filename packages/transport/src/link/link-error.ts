import { type ErrorCode, TpError } from '@tp/wire';

/** An error of the link; what it carried may have been processed. */
export function linkError(code: ErrorCode, message: string, cause?: unknown): TpError {
  return new TpError({ code, message, cause });
}

/**
 * What a link's end means for a call that was not processed: it may go to another link, unless we
 * ended this one.
 */
export function unprocessed({ code, message }: TpError, cause?: TpError): TpError {
  const isOurs = code === 'CANCEL' || code === 'CLOSED';
  return new TpError({ code: isOurs ? code : 'LINK_LOST', message, processed: 'no', cause });
}
