import { TpError } from '@tp/wire';
import type { Address } from './address.ts';
import type { Dialer } from './connection.ts';
import { type DialTls, dialSocket } from './dial.ts';
import { type LinkOptions, type ResolvedLinkOptions, resolveLinkOptions } from './options.ts';

/** What a pool may be told. */
export interface PoolOptions extends LinkOptions {
  /** Links to each peer; one link is one core of compression. Default 1. */
  readonly links?: number;
  /** For `teleports://` peers. */
  readonly tls?: DialTls;
  /** Default: sockets. */
  readonly dial?: Dialer<Address>;
  /** From 0 to 1, for jitter and the choice of a link. Default `Math.random`. */
  readonly random?: () => number;
}

/** What every peer of a pool needs: `PoolOptions` with the defaults filled in. */
export interface PeerOptions {
  readonly links: number;
  readonly dial: Dialer<Address>;
  readonly random: () => number;
  readonly link: ResolvedLinkOptions;
}

/**
 * Fills in the defaults.
 *
 * @throws {TpError} INVALID_ARGUMENT for what cannot be.
 */
export function resolvePoolOptions(options: PoolOptions): PeerOptions {
  const links = options.links ?? 1;
  if (!Number.isInteger(links) || links < 1)
    throw invalid(`found links: ${links}; expected a whole number from 1`);
  return {
    links,
    dial: options.dial ?? dialSocket(options.tls ?? {}),
    random: options.random ?? Math.random,
    link: resolveLinkOptions(options),
  };
}

function invalid(message: string): TpError {
  return new TpError({ code: 'INVALID_ARGUMENT', message, processed: 'no' });
}
