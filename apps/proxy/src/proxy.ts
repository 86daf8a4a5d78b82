import type { Logger } from 'pino';
import type { Address } from './config/address.ts';
import type { Config } from './config/config.ts';
import type { Upstream } from './exchange.ts';
import { createFailureLog } from './failure-log.ts';
import { createForwarder, type Forward } from './forward.ts';
import { listenHttp } from './listeners/http.ts';
import type { Listener } from './listeners/listener.ts';
import { listenTeleport } from './listeners/teleport.ts';
import { createMeters, type Meters } from './meters.ts';
import { createHttpUpstream } from './upstreams/http.ts';
import { createTeleportUpstream } from './upstreams/teleport.ts';

/** A running proxy. */
export interface RunningProxy {
  readonly listeners: readonly Listener[];
  readonly upstreams: readonly Upstream[];
  readonly meters: Meters;
  /** Whether it has begun to drain. */
  readonly draining: boolean;
  /**
   * Takes no further request, finishes those under way, and cuts off what is left after the drain
   * timeout. Resolves when all is closed; the same promise for every call.
   */
  close(): Promise<void>;
}

/**
 * Starts to listen at every `in`.
 *
 * @throws {Error} when an address cannot be bound; nothing listens then.
 */
export async function startProxy(config: Config, log: Logger): Promise<RunningProxy> {
  const meters = createMeters();
  const failures = createFailureLog(log);
  const upstreams = makeUpstreams(config);
  const forwarder = createForwarder({
    upstreams,
    meters,
    failures,
    maxBodyBytes: config.maxBodyBytes,
  });
  const listeners: Listener[] = [];
  try {
    for (const address of config.in) {
      listeners.push(await listen(address, forwarder(address.text), config, meters));
    }
  } catch (error) {
    for (const listener of listeners) listener.destroy();
    await Promise.all(listeners.map((listener) => listener.drain()));
    throw error;
  }
  let closed: Promise<void> | undefined;
  return {
    listeners,
    upstreams,
    meters,
    get draining() {
      return closed !== undefined;
    },
    close() {
      closed ??= drain(listeners, upstreams, config.drainTimeoutMs).finally(failures.flush);
      return closed;
    },
  };
}

function makeUpstreams(config: Config): Upstream[] {
  const { timeoutMs, connections, tls } = config;
  const bounds = { connections, timeoutMs };
  const upstreams: Upstream[] = [];
  const links: string[] = [];
  for (const address of config.out) {
    switch (address.kind) {
      case 'http': {
        const { host, port } = address;
        const target = address.tls ? { host, port, tls } : { host, port };
        upstreams.push(createHttpUpstream(address.text, target, bounds));
        break;
      }
      case 'http-unix':
        upstreams.push(createHttpUpstream(address.text, { path: address.path }, bounds));
        break;
      default:
        links.push(address.text);
    }
  }
  if (links.length > 0) {
    const options = {
      codecs: config.codecs,
      maxBatchDelayMs: config.batchDelayMs,
      requestTimeoutMs: timeoutMs,
      drainTimeoutMs: config.drainTimeoutMs,
      tls,
      insecure: config.insecure,
      // Credit bounds what a response holds in memory; its length is the origin's affair.
      limits: { maxBodyBytes: Number.MAX_SAFE_INTEGER },
      ...(config.links === undefined ? undefined : { links: config.links }),
    };
    upstreams.push(createTeleportUpstream(links, options));
  }
  return upstreams;
}

function listen(
  address: Address,
  forward: Forward,
  config: Config,
  meters: Meters,
): Promise<Listener> {
  const { cert, key } = config.tls;
  const certified = cert !== undefined && key !== undefined ? { tls: { cert, key } } : undefined;
  switch (address.kind) {
    case 'http':
    case 'http-unix': {
      const place =
        address.kind === 'http'
          ? { host: address.host, port: address.port }
          : { path: address.path };
      const tls = address.kind === 'http' && address.tls ? certified : undefined;
      const { maxConnections, headersTimeoutMs } = config;
      const bounds = { maxConnections, headersTimeoutMs };
      return listenHttp({ ...place, ...tls, ...bounds, name: address.text, forward, meters });
    }
    default:
      return listenTeleport(address.text, forward, {
        codecs: config.codecs,
        maxBatchDelayMs: config.batchDelayMs,
        drainTimeoutMs: config.drainTimeoutMs,
        limits: { maxBodyBytes: config.maxBodyBytes },
        insecure: config.insecure,
        ...certified,
      });
  }
}

async function drain(
  listeners: readonly Listener[],
  upstreams: readonly Upstream[],
  timeoutMs: number,
): Promise<void> {
  const timer = setTimeout(() => {
    for (const listener of listeners) listener.destroy();
  }, timeoutMs);
  await Promise.all(listeners.map((listener) => listener.drain()));
  clearTimeout(timer);
  await Promise.all(upstreams.map((upstream) => upstream.close()));
}
