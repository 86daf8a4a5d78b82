import { isTpError, type TpError } from '@tp/wire';
import { expect } from 'vitest';

/** The error of tp that a promise ends in; fails the test for any other end. */
export async function failure(promise: Promise<unknown>): Promise<TpError> {
  try {
    await promise;
  } catch (error) {
    if (isTpError(error)) return error;
    throw error;
  }
  return expect.fail('nothing failed');
}

/** Code and proof of what a promise ends in: `LINK_LOST maybe`. */
export async function outcome(promise: Promise<unknown>): Promise<string> {
  const { code, processed } = await failure(promise);
  return `${code} ${processed}`;
}

/** The error of tp that a function throws. */
export function thrownBy(run: () => unknown): TpError {
  try {
    run();
  } catch (error) {
    if (isTpError(error)) return error;
    throw error;
  }
  return expect.fail('nothing was thrown');
}
