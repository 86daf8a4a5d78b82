import { ADDRESS_FORMS, type Address, leavesInPlainText, parseAddress } from './address.ts';
import type { CertificateConfig, ListenerConfig, ListenerTlsConfig } from './config.ts';
import type { Unshared } from './descriptors.ts';
import type { Path } from './file.ts';
import type { PemFiles } from './pem.ts';
import type { Problems } from './problems.ts';
import type { FileSettings, ListenerSettings } from './schema.ts';

const GIB = 2 ** 30;
const SECURE =
  'teleports://, as it leaves this machine (or insecure, for plain text over the network)';

/** The listeners of a configuration, what they do not say taken from the general settings. */
export function resolveListeners(
  settings: FileSettings,
  pem: PemFiles,
  problems: Problems,
): Unshared<ListenerConfig>[] {
  const { in: ins, listeners } = settings;
  if (ins !== undefined && listeners !== undefined) {
    problems.add(['listeners'], 'listeners beside in', 'one of them alone');
    return [];
  }
  if (ins === undefined && listeners === undefined) {
    problems.add(['in'], undefined, `a list of ${ADDRESS_FORMS}`);
    return [];
  }
  const given =
    listeners?.map((listener, index) => ({ listener, path: ['listeners', index] })) ??
    ins?.map((url, index) => ({ listener: { url }, path: ['in', index] })) ??
    [];
  const seen = new Set<string>();
  return given.flatMap(({ listener, path }) => {
    const address = parseAddress(listener.url);
    if (address === undefined) return [];
    const place = listeners === undefined ? path : [...path, 'url'];
    if (seen.has(address.text) && !('port' in address && address.port === 0)) {
      problems.add(place, listener.url, 'an address that no other listener has');
    }
    seen.add(address.text);
    const resolved = resolveListener(path, address, listener, settings, pem, problems);
    if (leavesInPlainText(address) && !resolved.insecure) problems.add(place, listener.url, SECURE);
    return [resolved];
  });
}

function resolveListener(
  path: Path,
  address: Address,
  own: ListenerSettings,
  settings: FileSettings,
  pem: PemFiles,
  problems: Problems,
): Unshared<ListenerConfig> {
  const isLink = address.kind.startsWith('teleport');
  if (own.tokens !== undefined && !isLink) {
    problems.add([...path, 'tokens'], 'tokens', `them at listeners of links, not ${address.text}`);
  }
  const trusted = own.trusted ?? settings.trusted ?? [];
  checkProxyProtocol(path, address, own, trusted, problems);
  return {
    address,
    maxBodyBytes: own['max-body'] ?? settings['max-body'] ?? GIB,
    maxHeadBytes: own['max-head'] ?? settings['max-head'] ?? 32 * 1024,
    maxRequests: own['max-requests'] ?? settings['max-requests'] ?? 10_000,
    maxConnections: own['max-connections'] ?? settings['max-connections'],
    headersTimeoutMs: own['headers-timeout'] ?? settings['headers-timeout'] ?? 10_000,
    getOnly: own['get-only'] ?? settings['get-only'] ?? false,
    allow: own.allow ?? settings.allow,
    forwarded: own.forwarded ?? settings.forwarded ?? [],
    trusted,
    proxyProtocol: own['proxy-protocol'] ?? false,
    http2: own.http2 ?? false,
    requestId: own['request-id'] ?? settings['request-id'] ?? false,
    reusePort: own['reuse-port'] ?? settings['reuse-port'] ?? false,
    tls: resolveTls(path, address, own, settings, pem, problems),
    tokens: isLink ? (own.tokens ?? settings.tokens) : undefined,
    codecs: own.codec ?? settings.codec ?? ['zstd', 'deflate'],
    batchDelayMs: own['batch-delay'] ?? settings['batch-delay'] ?? 0,
    secretFields: own['secret-fields'] ?? settings['secret-fields'] ?? [],
    insecure: own.insecure ?? settings.insecure ?? false,
  };
}

function checkProxyProtocol(
  path: Path,
  address: Address,
  own: ListenerSettings,
  trusted: readonly string[],
  problems: Problems,
): void {
  if (own['proxy-protocol'] !== true) return;
  const place = [...path, 'proxy-protocol'];
  if (address.kind !== 'http' && address.kind !== 'http-unix') {
    problems.add(place, true, `it at listeners of HTTP, not ${address.text}`);
  } else if (address.kind === 'http' && trusted.length === 0) {
    problems.add(place, true, 'trusted beside it: the addresses whose headers are believed');
  }
}

function resolveTls(
  path: Path,
  address: Address,
  own: ListenerSettings,
  settings: FileSettings,
  pem: PemFiles,
  problems: Problems,
): ListenerTlsConfig | undefined {
  const encrypted = 'tls' in address && address.tls;
  if (!encrypted) {
    if (own.tls !== undefined) {
      problems.add([...path, 'tls'], address.text, 'tls at https:// or teleports:// alone');
    }
    return undefined;
  }
  const place = (name: string): Path => (own.tls === undefined ? [name] : [...path, 'tls', name]);
  const certificates = (
    own.tls === undefined
      ? generalCertificate(address, settings, pem, problems)
      : ownCertificates([...path, 'tls', 'certificates'], own.tls, pem)
  ).filter((certificate) => certificate !== undefined);
  const from = own.tls ?? settings;
  const clientCa = pem.read(place('client-ca'), from['client-ca']);
  if (clientCa !== undefined) pem.try(place('client-ca'), from['client-ca'], { ca: clientCa });
  const clientNames = from['client-names'];
  if (clientNames !== undefined && from['client-ca'] === undefined) {
    problems.add(place('client-names'), clientNames, 'client-ca beside it, to vouch for the names');
  }
  const [first, ...others] = certificates;
  if (first === undefined) return undefined;
  const ticketKeys = pem.readTicketKeys(place('ticket-keys'), from['ticket-keys']);
  if (own.tls?.['ticket-keys'] !== undefined && address.kind === 'teleport') {
    problems.add(place('ticket-keys'), own.tls['ticket-keys'], 'them at https://, not at links');
  }
  return { certificates: [first, ...others], clientCa, clientNames, ticketKeys };
}

function generalCertificate(
  address: Address,
  settings: FileSettings,
  pem: PemFiles,
  problems: Problems,
): (CertificateConfig | undefined)[] {
  const { 'tls-cert': certFile, 'tls-key': keyFile } = settings;
  if (certFile === undefined && keyFile === undefined) {
    problems.add(['tls-cert'], undefined, `the path of a PEM file, as ${address.text} needs one`);
    return [];
  }
  if (certFile === undefined || keyFile === undefined) {
    const missing = certFile === undefined ? 'tls-cert' : 'tls-key';
    problems.add([missing], undefined, 'both certificate and key, or neither');
    return [];
  }
  const cert = pem.read(['tls-cert'], certFile);
  const key = pem.read(['tls-key'], keyFile);
  if (cert === undefined || key === undefined) return [];
  pem.try(['tls-cert'], certFile, { cert, key });
  return [{ cert, key, names: undefined }];
}

function ownCertificates(
  path: Path,
  tls: NonNullable<ListenerSettings['tls']>,
  pem: PemFiles,
): (CertificateConfig | undefined)[] {
  return tls.certificates.map(({ cert: certFile, key: keyFile, names }, index) => {
    const cert = pem.read([...path, index, 'cert'], certFile);
    const key = pem.read([...path, index, 'key'], keyFile);
    if (cert === undefined || key === undefined) return undefined;
    pem.try([...path, index, 'cert'], certFile, { cert, key });
    return { cert, key, names: names?.map((name) => name.toLowerCase()) };
  });
}
