import type { GroupConfig, GroupTlsConfig, MemberConfig } from '../config/config.ts';
import type { Upstream } from '../exchange.ts';
import type { OriginTarget } from '../h1/origin-connection.ts';
import { createHttpUpstream } from './http.ts';
import { createTeleportUpstream } from './teleport.ts';

/** An upstream of a group. */
export interface OpenedUpstream {
  readonly upstream: Upstream;
  readonly weight: number;
  /** Where active checks ask; undefined for links, which are checked by themselves. */
  readonly target: OriginTarget | undefined;
}

/**
 * Makes the upstreams of a group. Members that are reached over links and weigh the same are one
 * upstream, whose own pool balances among them and carries a request from one to the other.
 */
export function openUpstreams(group: GroupConfig, drainTimeoutMs: number): OpenedUpstream[] {
  const opened: OpenedUpstream[] = [];
  const links = new Map<number, string[]>();
  for (const { address, weight } of group.members) {
    const target = httpTarget(address, group.tls);
    if (target === undefined) {
      const equals = links.get(weight);
      if (equals === undefined) links.set(weight, [address.text]);
      else equals.push(address.text);
      continue;
    }
    const { connections, timeoutMs } = group;
    const upstream = createHttpUpstream(address.text, target, { connections, timeoutMs });
    opened.push({ upstream, weight, target });
  }
  for (const [weight, addresses] of links) {
    const upstream = createTeleportUpstream(addresses, teleportOptions(group, drainTimeoutMs));
    opened.push({ upstream, weight: weight * addresses.length, target: undefined });
  }
  return opened;
}

/** Where an HTTP member listens; undefined for one that is reached over links. */
function httpTarget(
  address: MemberConfig['address'],
  tls: GroupTlsConfig,
): OriginTarget | undefined {
  if (address.kind === 'http-unix') return { path: address.path };
  if (address.kind !== 'http') return undefined;
  const { host, port } = address;
  return address.tls ? { host, port, tls: certificates(tls) } : { host, port };
}

function certificates({ cert, key, ca }: GroupTlsConfig): NonNullable<OriginTarget['tls']> {
  return {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
  };
}

function teleportOptions(group: GroupConfig, drainTimeoutMs: number) {
  const { maxLinkAgeMs, hedgeAfterMs, token } = group;
  return {
    codecs: group.codecs,
    maxBatchDelayMs: group.batchDelayMs,
    links: group.links,
    requestTimeoutMs: group.timeoutMs,
    drainTimeoutMs,
    tls: group.tls,
    insecure: group.insecure,
    failureStatuses: group.failureStatuses,
    ejection: { ejectMs: group.ejectMs },
    limits: {
      // Credit bounds what a response holds in memory; its length is the origin's affair.
      maxBodyBytes: Number.MAX_SAFE_INTEGER,
      retryPercent: group.retryPercent,
    },
    ...(maxLinkAgeMs === undefined ? {} : { maxLinkAgeMs }),
    ...(hedgeAfterMs === undefined ? {} : { hedgeAfterMs }),
    ...(token === undefined ? {} : { token }),
  };
}
