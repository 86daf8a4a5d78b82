import { Server as HttpsServer } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import { isTpError } from '@tp/wire';
import { addressOf, createClientFields } from '../client-fields.ts';
import { addressList } from '../config/address-list.ts';
import type { ListenerConfig, ListenerTlsConfig } from '../config/config.ts';
import type { Forward, Policy } from '../forward.ts';
import type { Meters } from '../meters.ts';
import { type Door, doorUrl } from './door.ts';
import { serveHttp } from './http.ts';
import type { Listener } from './listener.ts';
import { linkContexts, ServerTls } from './server-tls.ts';
import { serveTeleport } from './teleport.ts';

/** What a listener needs beside its configuration. */
export interface ListenerContext {
  /** Makes the way that requests go. */
  readonly forwarder: (listener: string, policy: () => Policy) => Forward;
  readonly meters: Meters;
  readonly drainTimeoutMs: number;
}

/**
 * How long clients have to hear with a response that a listener ends, in ms; at most half of what all
 * may take. A connection that is closed without that may meet a request on its way, less likely so the
 * longer it was idle.
 */
const FAREWELL_MS = 5_000;

/** What of a configuration takes effect at once, for requests and connections to come. */
interface Live {
  readonly policy: Policy;
  readonly admits: (address: string | undefined) => boolean;
  /** Whether a connection from an address begins with a header of the PROXY protocol. */
  readonly expectsHeader: (address: string | undefined) => boolean;
}

/**
 * Makes what serves a configuration behind a door. The door is not led to it yet.
 *
 * @throws {TpError} INVALID_ARGUMENT when it cannot be.
 */
export function openListener(
  config: ListenerConfig,
  context: ListenerContext,
  door: Door,
): Listener {
  let current = config;
  let live = liveOf(config);
  const forward = context.forwarder(config.address.text, () => live.policy);
  const opened: Opened = {
    config,
    context,
    address: doorUrl(config.address, door),
    forward,
    current: () => current,
    live: () => live,
    take: (next) => {
      current = next;
      live = liveOf(next);
      return true;
    },
  };
  return config.address.kind === 'http' || config.address.kind === 'http-unix'
    ? openHttp(opened)
    : openTeleport(opened);
}

/** A listener that is being made. */
interface Opened {
  readonly config: ListenerConfig;
  readonly context: ListenerContext;
  /** As bound. */
  readonly address: string;
  readonly forward: Forward;
  /** What holds now. */
  readonly current: () => ListenerConfig;
  readonly live: () => Live;
  /** Lets another configuration take effect, as far as that is `Live`. */
  readonly take: (next: ListenerConfig) => true;
}

function openHttp({ config, context, address, forward, current, live, take }: Opened): Listener {
  const tls = config.tls === undefined ? undefined : new ServerTls(config.tls);
  return serveHttp({
    address,
    ...(tls === undefined ? {} : { tls }),
    maxHeadBytes: config.maxHeadBytes,
    headersTimeoutMs: config.headersTimeoutMs,
    http2: config.http2,
    name: config.address.text,
    forward,
    meters: context.meters,
    farewellMs: Math.min(FAREWELL_MS, context.drainTimeoutMs / 2),
    maxConnections: () => current().maxConnections,
    admits: (from) => live().admits(from),
    expectsHeader: (from) => live().expectsHeader(from),
    update: (server, next) => {
      if (!isDeepStrictEqual(fixedOfHttp(next), fixedOfHttp(config))) return false;
      if (tls !== undefined && next.tls !== undefined && server instanceof HttpsServer) {
        const isSame = isDeepStrictEqual(next.tls, current().tls);
        if (!isSame && !tls.reload(next.tls, server)) return false;
      }
      server.headersTimeout = next.headersTimeoutMs;
      return take(next);
    },
  });
}

/** What a listener of HTTP is told once. */
function fixedOfHttp({ address, http2, maxHeadBytes }: ListenerConfig): unknown {
  return { address, http2, maxHeadBytes };
}

function openTeleport({
  config,
  context,
  address,
  forward,
  current,
  live,
  take,
}: Opened): Listener {
  const tls = config.tls === undefined ? undefined : linkTls(config.tls);
  const options = {
    codecs: config.codecs,
    maxBatchDelayMs: config.batchDelayMs,
    secretFields: config.secretFields,
    drainTimeoutMs: context.drainTimeoutMs,
    limits: {
      maxBodyBytes: config.maxBodyBytes,
      headBytes: config.maxHeadBytes,
      maxLinks: config.maxConnections,
    },
    insecure: config.insecure,
    admits: (remote: string) => remote === 'unix' || live().admits(addressOf(remote)),
    ...(tls === undefined ? {} : { tls }),
    ...(config.tokens === undefined ? {} : { tokens: config.tokens }),
  };
  return serveTeleport(address, forward, options, (server, next) => {
    if (!isDeepStrictEqual(fixedOfLinks(next), fixedOfLinks(config))) return false;
    if (next.tls !== undefined && !isDeepStrictEqual(next.tls, current().tls)) {
      try {
        server.reloadTls(linkTls(next.tls));
      } catch (error) {
        // Whether clients are asked for certificates cannot change while a server runs.
        if (isTpError(error)) return false;
        throw error;
      }
    }
    server.limitLinks(next.maxConnections);
    return take(next);
  });
}

/** What a listener of links is told once. */
function fixedOfLinks(config: ListenerConfig): unknown {
  const { address, codecs, batchDelayMs, secretFields, insecure, tokens } = config;
  const { maxBodyBytes, maxHeadBytes } = config;
  return {
    ...{ address, codecs, batchDelayMs, secretFields, insecure, tokens },
    ...{ maxBodyBytes, maxHeadBytes },
  };
}

function linkTls(config: ListenerTlsConfig) {
  const [{ cert, key }, ...others] = config.certificates;
  const { clientCa, clientNames } = config;
  return {
    ...(others.length === 0 ? {} : { contextFor: linkContexts(config) }),
    cert,
    key,
    ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true }),
    ...(clientNames === undefined ? {} : { names: clientNames }),
  };
}

function liveOf(config: ListenerConfig): Live {
  const { maxBodyBytes, maxRequests, getOnly, forwarded, trusted, requestId, tls, allow } = config;
  const secure = tls !== undefined;
  const clientFields = createClientFields({ forwarded, trusted, requestId, secure });
  const isUnix = config.address.kind.endsWith('unix');
  return {
    policy: { maxBodyBytes, maxRequests, getOnly, clientFields },
    admits: allowed(allow, isUnix),
    // Who may open a unix socket is what the permissions of its file say.
    expectsHeader: config.proxyProtocol
      ? isUnix
        ? () => true
        : addressList(trusted)
      : () => false,
  };
}

function allowed(
  ranges: readonly string[] | undefined,
  isUnix: boolean,
): (address: string | undefined) => boolean {
  if (ranges === undefined) return () => true;
  const isIn = addressList(ranges);
  // A unix socket has clients without an address, but for those that a header tells of.
  return isUnix ? (address) => address === undefined || isIn(address) : isIn;
}
