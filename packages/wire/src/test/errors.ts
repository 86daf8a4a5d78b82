import { expect } from 'vitest';
import { isTpError, type TpError } from '../index.ts';

/** The error of tp that `run` throws; fails the test for any other and for none. */
export function thrown(run: () => unknown): TpError {
  try {
    run();
  } catch (error) {
    if (isTpError(error)) return error;
    throw error;
  }
  return expect.fail('nothing was thrown');
}

/** The code, and the number of the rule in the message, that `run` throws. */
export function failure(run: () => unknown): string {
  const error = thrown(run);
  return `${error.code} ${/W-\d{3}/.exec(error.message)?.[0] ?? ''}`.trim();
}
