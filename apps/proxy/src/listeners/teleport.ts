import { createServer, type Server } from '@tp/http';
import { comesInPieces } from '../body.ts';
import type { ListenerConfig } from '../config/config.ts';
import type { TransferFigures } from '../exchange.ts';
import type { Forward } from '../forward.ts';
import type { Listener } from './listener.ts';

/** Options of `createServer`, as the proxy sets them. */
export type TeleportListenerOptions = NonNullable<Parameters<typeof createServer>[1]>;

/**
 * Makes what serves links of tp.
 *
 * @param address of its door; any that `Server.listen` takes.
 * @param update applies another configuration; false when another listener has to take over.
 */
export function serveTeleport(
  address: string,
  forward: Forward,
  options: TeleportListenerOptions,
  update: (server: Server, config: ListenerConfig) => boolean,
): Listener {
  const server = createServer(
    (request) => forward(request, comesInPieces(request) ? true : undefined),
    options,
  );
  return {
    address,
    take: server.takeSockets(address),
    allowsHalfOpen: false,
    // The transport has its own limits, for links and for handshakes.
    maxConnections: undefined,
    dropped: () => undefined,
    figures: () => figures(server, address),
    update: (config) => update(server, config),
    // Whoever has a link is told, and loses nothing.
    drain: async (noMore) => {
      await noMore;
      await server.close();
    },
    // `close` cuts off what is left after its own drain timeout.
    destroy: () => undefined,
  };
}

function figures(server: Server, address: string): TransferFigures {
  const { links, peers: _, ...sums } = server.stats();
  const { queueBytes, limitHits } = sums;
  return {
    httpBytesIn: 0,
    httpBytesOut: 0,
    queueBytes,
    // Peers come from anywhere: as a label of metrics, one for each listener is enough.
    peers: [{ ...sums, peer: address, links: links.length }],
    links: links.map((link) => ({ ...link, peer: address })),
    limitHits,
  };
}
