import type { PeerHealthFigures } from '../exchange.ts';
import type { RunningProxy } from '../proxy.ts';
import type { Standing } from '../upstreams/balance.ts';

/** How one upstream of a group fares. */
export interface UpstreamHealth {
  readonly group: string;
  /** The label of metrics. */
  readonly upstream: string;
  readonly standing: Standing;
  readonly weight: number;
  /** Requests that wait for the end of their response. */
  readonly pending: number;
  /** How long answers took of late, in ms; null before the first. */
  readonly latencyMs: number | null;
  /** Requests that failed there, and how often it was ejected for that. */
  readonly failures: number;
  readonly ejections: number;
  /** The peers of its links, where it has links. */
  readonly peers: readonly PeerHealthFigures[];
}

/** How all upstreams fare now. */
export function upstreamHealth({ groups }: RunningProxy): UpstreamHealth[] {
  return groups.flatMap(({ name, balance }) =>
    balance.members.map((member) => ({
      group: name,
      upstream: member.upstream.name,
      standing: balance.standing(member),
      weight: member.weight,
      pending: member.upstream.pending,
      latencyMs: member.health.latencyMs ?? null,
      failures: member.health.failures,
      ejections: member.health.ejections,
      peers: member.upstream.peerHealth?.() ?? [],
    })),
  );
}
