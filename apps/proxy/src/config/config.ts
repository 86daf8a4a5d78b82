import { availableParallelism, totalmem } from 'node:os';
import { DEFAULT_PRICES } from '@tp/savings';
import type { Address } from './address.ts';
import { parseHostPort } from './address.ts';
import { ConfigError } from './config-error.ts';
import {
  allowedDescriptors,
  type Descriptors,
  descriptorsOf,
  shareConnections,
} from './descriptors.ts';
import type { Path } from './file.ts';
import { resolveGroups } from './groups.ts';
import { resolveListeners } from './listeners.ts';
import { PemFiles } from './pem.ts';
import { Problems } from './problems.ts';
import type { ReadFile } from './read-file.ts';
import { resolveRoutes } from './routes.ts';
import { type FileSettings, fileSchema } from './schema.ts';
import { type CommandLine, type Environment, readSources } from './sources.ts';

/** Compression of links, in order of preference. */
export type Codecs = readonly ('zstd' | 'deflate' | 'none')[];

/** Everything that the proxy needs to know, checked, defaults filled in. Times are in ms. */
export interface Config {
  readonly listeners: readonly ListenerConfig[];
  readonly groups: readonly GroupConfig[];
  readonly routes: readonly RouteConfig[];
  readonly admin: { readonly host: string; readonly port: number } | undefined;
  readonly drainTimeoutMs: number;
  /** Of the requests, that get a line in the log: 0 to 1. */
  readonly accessLogShare: number;
  /** Whether there are spans for OpenTelemetry. */
  readonly tracing: boolean;
  /** Whether samples of the traffic are replayed over links. */
  readonly measure: boolean;
  /** In dollars: a GB (10^9 bytes) over the network, and a core for a month. */
  readonly prices: { readonly perGb: number; readonly perCore: number };
  readonly descriptors: Descriptors;
  /** Lag of the event loop past which requests are turned away; 0: never. */
  readonly maxLagMs: number;
  /** Memory of a process near which requests are turned away; undefined: whatever there is. */
  readonly maxMemoryBytes: number | undefined;
  /** Processes that serve; with more than one, another watches over them. */
  readonly workers: number;
}

/** One place where requests come in. */
export interface ListenerConfig {
  readonly address: Address;
  readonly maxBodyBytes: number;
  readonly maxHeadBytes: number;
  /** Requests that wait for their response's head. */
  readonly maxRequests: number;
  readonly maxConnections: number;
  readonly headersTimeoutMs: number;
  readonly getOnly: boolean;
  /** Address ranges that may connect; undefined: all. */
  readonly allow: readonly string[] | undefined;
  /** Names of the fields that tell of the client, in lower case. */
  readonly forwarded: readonly string[];
  /** Address ranges whose own such fields are kept. */
  readonly trusted: readonly string[];
  /** Whether connections from `trusted` begin with a header of the PROXY protocol. */
  readonly proxyProtocol: boolean;
  /** Whether requests get an `x-request-id`. */
  readonly requestId: boolean;
  /** Whether HTTP/2 is spoken too. */
  readonly http2: boolean;
  readonly reusePort: boolean;
  /** Undefined where the address needs none. */
  readonly tls: ListenerTlsConfig | undefined;
  readonly tokens: readonly string[] | undefined;
  readonly codecs: Codecs;
  readonly batchDelayMs: number;
  /** Names of further fields whose values stay out of compression windows, in lower case. */
  readonly secretFields: readonly string[];
  readonly insecure: boolean;
}

/** What a listener shows, and asks for. */
export interface ListenerTlsConfig {
  /** The first is the default. */
  readonly certificates: readonly [CertificateConfig, ...CertificateConfig[]];
  /** PEM; clients must show a certificate when it is there. */
  readonly clientCa: string | undefined;
  readonly clientNames: readonly string[] | undefined;
  /** 48 bytes, in base64; undefined: made by each process for itself. */
  readonly ticketKeys: string | undefined;
}

/** A chain and its key, in PEM. */
export interface CertificateConfig {
  readonly cert: string;
  readonly key: string;
  /** Host names that it is shown to; undefined: those that it has itself. */
  readonly names: readonly string[] | undefined;
}

/** Upstreams that are equal to each other. */
export interface GroupConfig {
  readonly name: string;
  readonly members: readonly MemberConfig[];
  readonly codecs: Codecs;
  readonly batchDelayMs: number;
  /** Names of further fields whose values stay out of compression windows, in lower case. */
  readonly secretFields: readonly string[];
  readonly links: number;
  /** Undefined: links stay. */
  readonly maxLinkAgeMs: number | undefined;
  readonly timeoutMs: number;
  /** Most connections to one HTTP origin. */
  readonly connections: number;
  /** How long an unused connection to an HTTP origin is kept; undefined: as long as the origin says. */
  readonly idleTimeoutMs: number | undefined;
  /** How HTTP origins are told whom a connection is made for. */
  readonly proxyProtocol: 'v1' | 'v2' | undefined;
  readonly hedgeAfterMs: number | undefined;
  readonly retryPercent: number;
  readonly token: string | undefined;
  /** PEM, and names of which a server's certificate must have one. */
  readonly tls: GroupTlsConfig;
  readonly failureStatuses: readonly number[];
  /** When no more than this share of members is well, all are used. */
  readonly panicThreshold: number;
  readonly ejectMs: number;
  readonly slowStartMs: number;
  readonly health: HealthConfig | undefined;
  readonly insecure: boolean;
}

/** What is shown to upstreams, and asked of them. */
export interface GroupTlsConfig {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly names?: readonly string[];
}

/** One upstream. */
export interface MemberConfig {
  readonly address: Address;
  readonly weight: number;
}

/** Active checks of HTTP members. */
export interface HealthConfig {
  readonly path: string;
  readonly host: string | undefined;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Failures in a row until a member is left out. */
  readonly unhealthy: number;
  /** Answers in a row until it is back. */
  readonly healthy: number;
}

/** Which requests go to a group. */
export interface RouteConfig {
  /** In lower case; `*.` and a host for all under it; undefined for all. */
  readonly host: string | undefined;
  /** Begins with `/`. */
  readonly path: string;
  readonly group: string;
  /** Who shares the compression window of such requests, and of their responses. */
  readonly window: 'shared' | 'isolated' | 'off';
  /** What has an isolated window each: `connection`, or the values of a field; undefined: the route. */
  readonly windowBy: string | undefined;
}

/** The addresses of all upstreams, as configured. */
export function upstreamsOf({ groups }: Config): string[] {
  return groups.flatMap(({ members }) => members.map(({ address }) => address.text));
}

/**
 * Reads the configuration that a command line, the environment and a file make together.
 *
 * @throws {ConfigError} with a line for each flaw: the flag, the variable, or file, line and field,
 *   what was found and what is expected.
 */
export function readConfig(
  commandLine: Pick<CommandLine, 'flags' | 'config'>,
  environment: Environment,
  read: ReadFile,
): Config {
  const sources = readSources(commandLine, environment, read);
  const problems = new Problems(sources);
  const settings = checkShape(sources.fields, problems);
  const pem = new PemFiles(sources, problems);
  const taken = resolveListeners(settings, pem, problems);
  const groups = resolveGroups(settings, pem, problems);
  const routes = resolveRoutes(settings, groups, problems);
  const allowed = allowedDescriptors();
  const listeners = shareConnections<ListenerConfig>(taken, groups, allowed);
  if (settings.measure === true && (settings.workers ?? 1) !== 1) {
    problems.add(['measure'], true, 'workers: 1 beside it, or none');
  }
  problems.check();
  const workers = settings.workers === 'auto' ? availableParallelism() : (settings.workers ?? 1);
  return {
    listeners,
    groups,
    routes,
    admin: settings.admin === undefined ? undefined : parseHostPort(settings.admin),
    drainTimeoutMs: settings['drain-timeout'] ?? 30_000,
    accessLogShare: settings['access-log'] ?? 0,
    descriptors: descriptorsOf(listeners, groups, allowed),
    maxLagMs: settings['max-lag'] ?? 100,
    tracing: settings.tracing ?? false,
    measure: settings.measure ?? false,
    prices: {
      perGb: settings['price-per-gb'] ?? DEFAULT_PRICES.perGb,
      perCore: settings['price-per-core'] ?? DEFAULT_PRICES.perCore,
    },
    workers,
    maxMemoryBytes: settings['max-memory'] ?? memoryOfEach(workers),
  };
}

/** A fair part of what this process and others like it may have (cgroups); undefined where nothing is said. */
function memoryOfEach(workers: number): number | undefined {
  const constrained = process.constrainedMemory();
  const isKnown = constrained > 0 && constrained < totalmem();
  return isKnown ? Math.floor(constrained / workers) : undefined;
}

function checkShape(fields: ReadonlyMap<string, unknown>, problems: Problems): FileSettings {
  const given = Object.fromEntries(fields);
  const result = fileSchema.safeParse(given);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) problems.add([...path, key], key, issue.message);
    } else if (issue.code === 'invalid_key') {
      problems.add(path, path.at(-1), issue.message);
    } else {
      problems.add(path, valueAt(given, path), issue.message);
    }
  }
  problems.check();
  throw new ConfigError('the configuration is wrong');
}

/** What stands at a path; an entry of a text with commas where a list is expected. */
function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value === 'string' && typeof step === 'number') value = value.split(',')[step];
    else if (Array.isArray(value) && typeof step === 'number') value = value[step];
    else if (typeof value === 'object' && value !== null) {
      value = Object.entries(value).find(([name]) => name === String(step))?.[1];
    } else if (step !== 'url') return undefined;
  }
  return value;
}
