import { Server as HttpsServer } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import { isTpError } from '@tp/wire';
import { addressOf, createClientFields } from '../client-fields.ts';
import type { Address } from '../config/address.ts';
import { addressList } from '../config/address-list.ts';
import type { ListenerConfig, ListenerTlsConfig } from '../config/config.ts';
import type { Forward, Policy } from '../forward.ts';
import type { Meters } from '../meters.ts';
import { listenHttp } from './http.ts';
import type { Listener } from './listener.ts';
import { ServerTls } from './server-tls.ts';
import { listenTeleport } from './teleport.ts';

/** What a listener needs beside its configuration. */
export interface ListenerContext {
  /** Makes the way that requests go. */
  readonly forwarder: (listener: string, policy: () => Policy) => Forward;
  readonly meters: Meters;
  readonly drainTimeoutMs: number;
}

/** What of a configuration takes effect at once, for requests and connections to come. */
interface Live {
  readonly policy: Policy;
  readonly admits: (address: string | undefined) => boolean;
  /** Whether a connection from an address begins with a header of the PROXY protocol. */
  readonly expectsHeader: (address: string | undefined) => boolean;
}

/**
 * Starts to listen.
 *
 * @param place where: the address as configured, or with a port that was picked before.
 * @throws {Error} when the address cannot be bound.
 */
export async function openListener(
  config: ListenerConfig,
  context: ListenerContext,
  place: Address,
): Promise<Listener> {
  let live = liveOf(config);
  const forward = context.forwarder(config.address.text, () => live.policy);
  const takeLive = (next: ListenerConfig): true => {
    live = liveOf(next);
    return true;
  };
  return place.kind === 'http' || place.kind === 'http-unix'
    ? openHttp(config, place, forward, context.meters, () => live, takeLive)
    : openTeleport(config, place, forward, context.drainTimeoutMs, () => live, takeLive);
}

function openHttp(
  config: ListenerConfig,
  address: Address & { kind: 'http' | 'http-unix' },
  forward: Forward,
  meters: Meters,
  live: () => Live,
  takeLive: (next: ListenerConfig) => true,
): Promise<Listener> {
  const { maxConnections, maxHeadBytes, headersTimeoutMs, reusePort } = config;
  const tls = config.tls === undefined ? undefined : new ServerTls(config.tls);
  const place =
    address.kind === 'http' ? { host: address.host, port: address.port } : { path: address.path };
  let current = config;
  return listenHttp({
    ...place,
    ...(tls === undefined ? {} : { tls }),
    maxConnections,
    maxHeadBytes,
    headersTimeoutMs,
    reusePort,
    http2: config.http2,
    name: config.address.text,
    forward,
    meters,
    admits: (from) => live().admits(from),
    expectsHeader: (from) => live().expectsHeader(from),
    update: (server, next) => {
      if (next.reusePort !== current.reusePort || next.http2 !== current.http2) return false;
      if (next.maxHeadBytes !== current.maxHeadBytes) return false;
      if (tls !== undefined && next.tls !== undefined && server instanceof HttpsServer) {
        const isSame = isDeepStrictEqual(next.tls, current.tls);
        if (!isSame && !tls.reload(next.tls, server)) return false;
      }
      server.maxConnections = next.maxConnections;
      server.headersTimeout = next.headersTimeoutMs;
      current = next;
      return takeLive(next);
    },
  });
}

function openTeleport(
  config: ListenerConfig,
  address: Address,
  forward: Forward,
  drainTimeoutMs: number,
  live: () => Live,
  takeLive: (next: ListenerConfig) => true,
): Promise<Listener> {
  const tls = config.tls === undefined ? undefined : linkTls(config.tls);
  const options = {
    codecs: config.codecs,
    maxBatchDelayMs: config.batchDelayMs,
    drainTimeoutMs,
    limits: {
      maxBodyBytes: config.maxBodyBytes,
      headBytes: config.maxHeadBytes,
      maxLinks: config.maxConnections,
    },
    insecure: config.insecure,
    reusePort: config.reusePort,
    admits: (remote: string) => remote === 'unix' || live().admits(addressOf(remote)),
    ...(tls === undefined ? {} : { tls }),
    ...(config.tokens === undefined ? {} : { tokens: config.tokens }),
  };
  let current = config;
  return listenTeleport(address.text, forward, options, (server, next) => {
    if (!isDeepStrictEqual(fixedOf(next), fixedOf(current))) return false;
    if (next.tls !== undefined && !isDeepStrictEqual(next.tls, current.tls)) {
      try {
        server.reloadTls(linkTls(next.tls));
      } catch (error) {
        // Whether clients are asked for certificates cannot change while a server runs.
        if (isTpError(error)) return false;
        throw error;
      }
    }
    server.limitLinks(next.maxConnections);
    current = next;
    return takeLive(next);
  });
}

/** What a listener of links is told once, when it is opened. */
function fixedOf(config: ListenerConfig): unknown {
  const { codecs, batchDelayMs, maxBodyBytes, maxHeadBytes, insecure, reusePort, tokens } = config;
  return { codecs, batchDelayMs, maxBodyBytes, maxHeadBytes, insecure, reusePort, tokens };
}

function linkTls({ certificates: [{ cert, key }], clientCa, clientNames }: ListenerTlsConfig) {
  return {
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
