import type { DispatchOptions } from './types.ts';
import { invalidArgument } from './undici-error.ts';

/**
 * Refuses what has no way over a link yet: upgrades, and the tunnels of CONNECT.
 *
 * @throws {UndiciError} UND_ERR_NOT_SUPPORTED.
 */
export function checkSupported({ upgrade, method }: DispatchOptions): void {
  if (method === 'CONNECT') throw unsupported('CONNECT');
  if (upgrade) throw unsupported(`an upgrade to ${String(upgrade)}`);
}

/** The error of what has no way over a link. */
export function unsupported(what: string): Error {
  return invalidArgument(`${what} cannot be asked for over tp`, 'UND_ERR_NOT_SUPPORTED');
}
