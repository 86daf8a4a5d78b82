import type { TransportStats } from '../stats/totals.ts';
import type { Peer } from './peer.ts';

/**
 * What a peer is to its pool: its links take calls (`open`), a few to see whether it is well again
 * (`probed`), none for a while as too many failed (`ejected`); the first is being opened
 * (`opening`), waits for its next attempt (`down`), or is opened by the next call (`idle`); its name
 * no longer stands for it, and its links end with their calls (`leaving`).
 */
export type PeerState = 'open' | 'probed' | 'ejected' | 'opening' | 'down' | 'idle' | 'leaving';

/** How one peer of a pool fares. */
export interface HealthStats {
  /** What is dialled, as in `peers`. */
  readonly peer: string;
  /** The name that it is an address of, where one was resolved. */
  readonly name: string | undefined;
  readonly state: PeerState;
  /** Links that take calls. */
  readonly links: number;
  /** Calls on its links. */
  readonly pending: number;
  /** How long calls to it took of late, in ms: a moving figure that rises at once. Undefined before the first. */
  readonly latencyMs: number | undefined;
  /** Calls that failed and links that were lost, since it is known. */
  readonly failures: number;
  /** How often it was ejected. */
  readonly ejections: number;
  /** For how long it still is, in ms. */
  readonly ejectedForMs: number | undefined;
}

/** Figures of a pool since its start. */
export interface PoolStats extends TransportStats {
  /** Peers that are known now, linked or not. */
  readonly health: readonly HealthStats[];
}

export function healthStats(peer: Peer, ejectedForMs: number | undefined): HealthStats {
  const { address, health } = peer;
  let links = 0;
  let pending = 0;
  for (const { link } of peer.slots) if (link !== undefined) links++;
  peer.eachLink((link) => {
    pending += link.pending;
  });
  return {
    peer: address.url,
    name: address.kind === 'unix' ? undefined : address.name,
    state: stateOf(peer),
    links: peer.isRetired ? 0 : links,
    pending,
    latencyMs: health.latencyMs,
    failures: health.failures,
    ejections: health.ejections,
    ejectedForMs,
  };
}

function stateOf(peer: Peer): PeerState {
  if (peer.isRetired) return 'leaving';
  if (peer.isOpen) {
    if (peer.health.standing === 'ejected') return 'ejected';
    return peer.health.isProbed() ? 'probed' : 'open';
  }
  if (peer.opening) return 'opening';
  return peer.isAsleep ? 'idle' : 'down';
}
