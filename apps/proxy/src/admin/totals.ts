import type { LinkFigures, PeerFigures } from '../exchange.ts';
import type { RunningProxy } from '../proxy.ts';
import { mergePeers } from '../retired.ts';

/** The figures of all listeners and upstreams together. */
export interface Totals {
  readonly httpBytes: { readonly in: number; readonly out: number };
  /** What crossed the sockets of links. */
  readonly wireBytes: { readonly in: number; readonly out: number };
  /** The links with each peer: those of an upstream by the address that was dialled, those of a listener by its own. */
  readonly peers: readonly PeerFigures[];
  readonly queueBytes: number;
  readonly links: readonly LinkFigures[];
  readonly limitHits: ReadonlyMap<string, number>;
}

/** Adds up what there is now. */
export function totals(proxy: RunningProxy): Totals {
  const parts = [
    ...proxy.listeners.map((listener) => listener.figures()),
    ...proxy.upstreams.map((upstream) => upstream.figures()),
    proxy.retired,
  ];
  const peers: PeerFigures[] = [];
  const limitHits = new Map(proxy.meters.limitHits);
  const links: LinkFigures[] = [];
  let httpIn = 0;
  let httpOut = 0;
  const wireBytes = { in: 0, out: 0 };
  let queueBytes = 0;
  for (const figures of parts) {
    httpIn += figures.httpBytesIn;
    httpOut += figures.httpBytesOut;
    queueBytes += figures.queueBytes;
    links.push(...figures.links);
    for (const peer of figures.peers) {
      peers.push(peer);
      wireBytes.in += peer.wireBytesIn;
      wireBytes.out += peer.wireBytesOut;
    }
    for (const [limit, hits] of figures.limitHits) {
      limitHits.set(limit, (limitHits.get(limit) ?? 0) + hits);
    }
  }
  const httpBytes = { in: httpIn, out: httpOut };
  return { httpBytes, wireBytes, peers: mergePeers(peers), queueBytes, links, limitHits };
}
