import net from 'node:net';
import type { Upstream } from '../exchange.ts';
import type { OriginTarget } from '../h1/dial-socket.ts';
import { createOriginPool, type OriginPoolOptions } from '../h1/origin-pool.ts';

/** How long a test of reachability may take, in ms. */
const REACHABLE_MS = 1_000;

/** An HTTP/1.1 origin as an upstream. `name` is its address as configured. */
export function createHttpUpstream(
  name: string,
  target: OriginTarget,
  options: OriginPoolOptions,
): Upstream {
  const pool = createOriginPool(target, options);
  return {
    name,
    get pending() {
      return pool.pending;
    },
    send: (request) => pool.send(request),
    reachable: () => accepts(target),
    figures: () => ({
      httpBytesIn: pool.bytesIn,
      httpBytesOut: pool.bytesOut,
      peers: [],
      queueBytes: 0,
      links: [],
      limitHits: pool.limitHits,
    }),
    close: () => pool.close(),
  };
}

function accepts(target: OriginTarget): Promise<boolean> {
  return new Promise((resolve) => {
    const socket =
      target.path === undefined
        ? net.connect({ host: target.host ?? '127.0.0.1', port: target.port ?? 80 })
        : net.connect({ path: target.path });
    socket.setTimeout(REACHABLE_MS);
    const settle = (stands: boolean): void => {
      socket.destroy();
      resolve(stands);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('timeout', () => settle(false));
  });
}
