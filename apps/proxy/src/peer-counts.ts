import type { PeerFigures } from './exchange.ts';

/** What was carried to and from one peer, but for the limits that were hit: these are kept differently where they are shown. */
export type PeerCounts = Omit<PeerFigures, 'limitHits'>;

/** Those of the same peer in one: it was dialled by one upstream and then by another, or by several processes. */
export function addPeerCounts(one: PeerCounts, other: PeerCounts): PeerCounts {
  const wireBytesIn = one.wireBytesIn + other.wireBytesIn;
  const wireBytesOut = one.wireBytesOut + other.wireBytesOut;
  const unpackedBytesIn = one.unpackedBytesIn + other.unpackedBytesIn;
  const unpackedBytesOut = one.unpackedBytesOut + other.unpackedBytesOut;
  return {
    peer: one.peer,
    links: one.links + other.links,
    wireBytesIn,
    wireBytesOut,
    unpackedBytesIn,
    unpackedBytesOut,
    batchesIn: one.batchesIn + other.batchesIn,
    batchesOut: one.batchesOut + other.batchesOut,
    requests: one.requests + other.requests,
    retries: one.retries + other.retries,
    hedges: one.hedges + other.hedges,
    shed: one.shed + other.shed,
    ratioIn: ratio(unpackedBytesIn, wireBytesIn),
    ratioOut: ratio(unpackedBytesOut, wireBytesOut),
  };
}

function ratio(unpacked: number, wire: number): number {
  return wire === 0 ? 1 : unpacked / wire;
}
