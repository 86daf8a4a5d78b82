import { type Address, leavesInPlainText, parseUpstream, UPSTREAM_FORMS } from './address.ts';
import type { GroupConfig, GroupTlsConfig, HealthConfig, MemberConfig } from './config.ts';
import type { Path } from './file.ts';
import type { PemFiles } from './pem.ts';
import type { Problems } from './problems.ts';
import type { FileSettings, GroupSettings } from './schema.ts';

/** The name of the group that `out` is. */
export const OUT_GROUP = 'out';

const FAILURE_STATUSES = [500, 502, 503, 504];

/** The upstream groups of a configuration, what they do not say taken from the general settings. */
export function resolveGroups(
  settings: FileSettings,
  pem: PemFiles,
  problems: Problems,
): GroupConfig[] {
  const { out, groups } = settings;
  if (out !== undefined && groups !== undefined) {
    problems.add(['groups'], 'groups beside out', 'one of them alone');
    return [];
  }
  if (groups !== undefined) {
    const found = Object.entries(groups).map(([name, group]) =>
      resolveGroup(name, ['groups', name], group, settings, pem, problems),
    );
    if (found.length === 0) problems.add(['groups'], {}, 'one group at least');
    return found;
  }
  if (out === undefined) {
    problems.add(['out'], undefined, `a list of ${UPSTREAM_FORMS}`);
    return [];
  }
  if (settings.routes !== undefined) {
    problems.add(['routes'], 'routes beside out', 'groups, for routes to lead to');
  }
  const members = out.map((url) => ({ url }));
  return [resolveGroup(OUT_GROUP, [], { members }, settings, pem, problems)];
}

function resolveGroup(
  name: string,
  path: Path,
  group: GroupSettings,
  settings: FileSettings,
  pem: PemFiles,
  problems: Problems,
): GroupConfig {
  const insecure = group.insecure ?? settings.insecure ?? false;
  const members = group.members.map(({ url, weight = 1 }, index): MemberConfig | undefined => {
    const place = path.length === 0 ? ['out', index] : [...path, 'members', index, 'url'];
    const address = parseUpstream(url);
    if (address === undefined) return undefined;
    if (leavesInPlainText(address) && !insecure) problems.add(place, url, SECURE);
    return { address, weight };
  });
  const known = members.filter((member) => member !== undefined);
  if (group.health !== undefined && known.every(({ address }) => isLink(address))) {
    problems.add(
      [...path, 'health'],
      'health',
      'it at groups with HTTP members; a link is checked by itself',
    );
  }
  if (group['proxy-protocol'] !== undefined && !known.some(({ address }) => !isLink(address))) {
    problems.add(
      [...path, 'proxy-protocol'],
      group['proxy-protocol'],
      'it at groups with HTTP members, not at links',
    );
  }
  return {
    name,
    members: known,
    codecs: group.codec ?? settings.codec ?? ['zstd', 'deflate'],
    batchDelayMs: group['batch-delay'] ?? settings['batch-delay'] ?? 0,
    secretFields: group['secret-fields'] ?? settings['secret-fields'] ?? [],
    links: group.links ?? settings.links ?? 1,
    maxLinkAgeMs: group['max-link-age'] ?? settings['max-link-age'],
    timeoutMs: group.timeout ?? settings.timeout ?? 30_000,
    connections: group.connections ?? settings.connections ?? 256,
    idleTimeoutMs: group['idle-timeout'] ?? settings['idle-timeout'],
    proxyProtocol: group['proxy-protocol'],
    hedgeAfterMs: group['hedge-after'] ?? settings['hedge-after'],
    retryPercent: group['retry-percent'] ?? settings['retry-percent'] ?? 20,
    token: group.token ?? settings.token,
    tls: resolveTls(path, group, settings, pem, problems),
    failureStatuses: group['failure-statuses'] ?? FAILURE_STATUSES,
    panicThreshold: group['panic-threshold'] ?? 0.3,
    ejectMs: group['eject-time'] ?? 5_000,
    slowStartMs: group['slow-start'] ?? 10_000,
    health: resolveHealth(group.health),
    insecure,
  };
}

/** Whether it is an address of links. */
export function isLink(address: Address): boolean {
  return address.kind !== 'http' && address.kind !== 'http-unix';
}

const SECURE =
  'teleports://, as it leaves this machine (or insecure, for plain text over the network)';

function resolveHealth(health: GroupSettings['health']): HealthConfig | undefined {
  if (health === undefined) return undefined;
  return {
    path: health.path,
    host: health.host,
    intervalMs: health.interval ?? 5_000,
    timeoutMs: health.timeout ?? 2_000,
    unhealthy: health.unhealthy ?? 3,
    healthy: health.healthy ?? 2,
  };
}

function resolveTls(
  path: Path,
  group: GroupSettings,
  settings: FileSettings,
  pem: PemFiles,
  problems: Problems,
): GroupTlsConfig {
  const own = group.tls;
  const place = (name: string): Path => [...path, 'tls', name];
  const paths =
    own === undefined
      ? { cert: ['tls-cert'], key: ['tls-key'], ca: ['tls-ca'] }
      : { cert: place('cert'), key: place('key'), ca: place('ca') };
  const files =
    own === undefined
      ? { cert: settings['tls-cert'], key: settings['tls-key'], ca: settings['tls-ca'] }
      : { cert: own.cert, key: own.key, ca: own.ca };
  const names = own === undefined ? settings['server-names'] : own.names;
  const cert = pem.read(paths.cert, files.cert);
  const key = pem.read(paths.key, files.key);
  const ca = pem.read(paths.ca, files.ca);
  if ((files.cert === undefined) !== (files.key === undefined)) {
    const missing = files.cert === undefined ? paths.cert : paths.key;
    problems.add(missing, undefined, 'both certificate and key, or neither');
  }
  if (cert !== undefined && key !== undefined) pem.try(paths.cert, files.cert, { cert, key });
  if (ca !== undefined) pem.try(paths.ca, files.ca, { ca });
  return {
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(ca === undefined ? {} : { ca }),
    ...(names === undefined ? {} : { names }),
  };
}
