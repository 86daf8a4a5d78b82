import {
  checkNumber,
  invalid,
  type LinkOptions,
  type ResolvedLinkOptions,
  resolveLinkOptions,
} from '../options.ts';
import type { Address } from '../socket/address.ts';
import type { Dialer } from '../socket/connection.ts';
import { dialSocket } from '../socket/dial.ts';
import { DialerTls, type DialTls } from '../socket/dialer-tls.ts';
import { tokenBytes } from '../socket/token.ts';
import { type EjectionOptions, resolveEjection } from './ejection-options.ts';
import { type Resolver, systemResolver } from './resolver.ts';

/** What a pool may be told. */
export interface PoolOptions extends LinkOptions {
  /** Links to each peer; one link is one core of compression. Default 1. */
  readonly links?: number;
  /**
   * A link is replaced when it is so old, in ms, by +-10 %: a new one opens, then the old one ends
   * with its calls. Default: links stay. To be set where peers come and go behind one address.
   */
  readonly maxLinkAgeMs?: number;
  /**
   * Finds out what names stand for. Default: the system's, with sockets; a `dial` of your own is
   * given names as they stand unless a resolver comes with it.
   */
  readonly resolver?: Resolver;
  /** Names are resolved again so often, in ms, by +-25 %. Default 30,000. */
  readonly resolveIntervalMs?: number;
  /** For `teleports://` peers. */
  readonly tls?: DialTls;
  /**
   * What the peers are told to know us by, where they ask for it (`tokens` of a server). Text is
   * UTF-8; 1 to 4,096 bytes. It is worth what the connection is worth: say it over TLS or on this
   * machine.
   */
  readonly token?: string | Uint8Array;
  /**
   * Which call fails with OVERFLOW when too many wait (`maxPendingRequests`, `maxPendingBytes`): the
   * newest is not taken, or the oldest that has not been written makes room for it. Default
   * `newest`; `oldest` suits callers who would not wait that long anyway.
   */
  readonly shed?: 'newest' | 'oldest';
  /**
   * After so many ms without a response's head, a second attempt of an idempotent call is sent on
   * another link, within the budget of retries; the first answer counts. Set it near the 95th
   * percentile of what calls take. Default: none is sent.
   */
  readonly hedgeAfterMs?: number;
  /** Default: sockets. */
  readonly dial?: Dialer<Address>;
  /** When a peer that fails gets no calls for a while, where it differs from the defaults. */
  readonly ejection?: Partial<EjectionOptions>;
  /** Statuses of responses that count as failures of their peer, 400 to 599. Default none. */
  readonly failureStatuses?: readonly number[];
  /** From 0 to 1, for jitter and the choice of a link. Default `Math.random`. */
  readonly random?: () => number;
}

/** What every peer of a pool needs: `PoolOptions` with the defaults filled in. */
export interface PeerOptions {
  readonly links: number;
  readonly maxLinkAgeMs: number | undefined;
  /** Undefined: names are left to the dialer. */
  readonly resolver: Resolver | undefined;
  readonly resolveIntervalMs: number;
  readonly shed: 'newest' | 'oldest';
  readonly hedgeAfterMs: number | undefined;
  readonly dial: Dialer<Address>;
  /** Undefined with a dialer of the user's own. */
  readonly tls: DialerTls | undefined;
  readonly random: () => number;
  readonly link: ResolvedLinkOptions;
  readonly ejection: EjectionOptions;
  readonly failureStatuses: ReadonlySet<number>;
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
  for (const status of options.failureStatuses ?? []) {
    if (!Number.isInteger(status) || status < 400 || status > 599)
      throw invalid(`found ${status} among failureStatuses; expected numbers from 400 to 599`);
  }
  const tls = new DialerTls(options.tls);
  const link = resolveLinkOptions(options);
  checkNumber('maxLinkAgeMs', options.maxLinkAgeMs, 1, 2 ** 30);
  checkNumber('resolveIntervalMs', options.resolveIntervalMs, 1, 2 ** 29);
  const shed = options.shed ?? 'newest';
  if (shed !== 'newest' && shed !== 'oldest')
    throw invalid(`found shed: ${JSON.stringify(shed)}; expected 'newest' or 'oldest'`);
  checkHedge(options.hedgeAfterMs);
  return {
    links,
    maxLinkAgeMs: options.maxLinkAgeMs,
    resolver: options.resolver ?? (options.dial === undefined ? systemResolver : undefined),
    resolveIntervalMs: options.resolveIntervalMs ?? 30_000,
    shed,
    hedgeAfterMs: options.hedgeAfterMs,
    dial: options.dial ?? dialSocket(tls),
    tls: options.dial === undefined ? tls : undefined,
    random: options.random ?? Math.random,
    link:
      options.token === undefined ? link : { ...link, token: tokenBytes('token', options.token) },
    ejection: resolveEjection(options.ejection ?? {}),
    failureStatuses: new Set(options.failureStatuses),
  };
}

/** @throws {TpError} INVALID_ARGUMENT for what is no time. */
export function checkHedge(ms: number | undefined): void {
  checkNumber('hedgeAfterMs', ms, 0);
}
