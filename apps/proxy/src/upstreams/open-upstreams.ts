import type { PeerCertificate } from 'node:tls';
import { namesOf, PinnedNames } from '@tp/transport';
import type { GroupConfig, GroupTlsConfig, MemberConfig } from '../config/config.ts';
import type { Upstream } from '../exchange.ts';
import type { OriginTarget } from '../h1/dial-socket.ts';
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
 * Makes the upstream of an HTTP member.
 *
 * @param host one of the addresses that its name stands for; default: what it names.
 * @returns undefined for a member that is reached over links.
 */
export function openHttpMember(
  { address, weight }: MemberConfig,
  { connections, idleTimeoutMs, timeoutMs, tls, proxyProtocol }: GroupConfig,
  host?: string,
): OpenedUpstream | undefined {
  let target: OriginTarget;
  const told = proxyProtocol === undefined ? {} : { proxyProtocol };
  if (address.kind === 'http-unix') target = { path: address.path, ...told };
  else if (address.kind === 'http') {
    const place = { host: host ?? address.host, port: address.port, ...told };
    const named = host === undefined ? {} : { servername: address.host };
    target = address.tls ? { ...place, tls: { ...certificates(tls), ...named } } : place;
  } else return undefined;
  const upstream = createHttpUpstream(address.text, target, {
    connections,
    idleTimeoutMs,
    timeoutMs,
  });
  return { upstream, weight, target };
}

/**
 * Makes the upstreams of the members that are reached over links. Those that weigh the same are one,
 * whose own pool balances among them and carries a request from one to the other.
 */
export function openLinkMembers(group: GroupConfig, drainTimeoutMs: number): OpenedUpstream[] {
  const byWeight = new Map<number, string[]>();
  for (const { address, weight } of group.members) {
    if (address.kind === 'http' || address.kind === 'http-unix') continue;
    const equals = byWeight.get(weight);
    if (equals === undefined) byWeight.set(weight, [address.text]);
    else equals.push(address.text);
  }
  return Array.from(byWeight, ([weight, addresses]) => ({
    upstream: createTeleportUpstream(addresses, teleportOptions(group, drainTimeoutMs)),
    weight: weight * addresses.length,
    target: undefined,
  }));
}

function certificates({ cert, key, ca, names }: GroupTlsConfig): NonNullable<OriginTarget['tls']> {
  return {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
    ...(names === undefined ? {} : { checkServerIdentity: pinnedTo(names) }),
  };
}

function pinnedTo(names: readonly string[]) {
  const pinned = new PinnedNames(names);
  return (_host: string, certificate: PeerCertificate): Error | undefined => {
    const why = pinned.mismatch(namesOf(certificate.subjectaltname));
    return why === undefined ? undefined : new Error(why);
  };
}

function teleportOptions(group: GroupConfig, drainTimeoutMs: number) {
  const { maxLinkAgeMs, hedgeAfterMs, token } = group;
  return {
    codecs: group.codecs,
    maxBatchDelayMs: group.batchDelayMs,
    secretFields: group.secretFields,
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
