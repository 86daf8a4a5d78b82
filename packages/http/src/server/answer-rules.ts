import { isTpError, TpError } from '@tp/wire';
import type { Body } from '../types.ts';

/** @throws {TpError} INTERNAL, processed "yes", for a status that no final response has. */
export function checkStatus(status: number): void {
  if (Number.isInteger(status) && status >= 200 && status <= 599) return;
  throw new TpError({
    code: 'INTERNAL',
    message: `a handler answered with status ${status}; expected 200 to 599, or 101 with \`upgrade\` to a request that asks for it`,
    processed: 'yes',
  });
}

/** A handler's answer that cannot be sent is the server's fault, and the request was handled. */
export function asFault(error: unknown): unknown {
  if (!isTpError(error)) return error;
  const { message } = error;
  return new TpError({ code: 'INTERNAL', message, processed: 'yes', cause: error });
}

/** Whether a body is to be read piece by piece. */
export function isStream(body: Body | null | undefined): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && !(body instanceof Uint8Array);
}
