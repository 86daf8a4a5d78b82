import type { PeerFigures, TransferFigures } from './exchange.ts';
import { addPeerCounts } from './peer-counts.ts';

/** The figures of what a reload has ended: counters must not fall when their owner goes. */
export class Retired {
  readonly #draining = new Map<() => readonly TransferFigures[], Promise<void>>();
  #sum: TransferFigures = NOTHING;

  /** Takes the figures in when the end has come; until then they are read as they are. */
  follow(figures: () => readonly TransferFigures[], end: Promise<void>): void {
    const done = end.then(
      () => this.#settle(figures),
      () => this.#settle(figures),
    );
    this.#draining.set(figures, done);
  }

  figures(): TransferFigures {
    return [...this.#draining.keys()].flatMap((figures) => figures()).reduce(add, this.#sum);
  }

  /** Resolves when nothing drains any more. */
  async ended(): Promise<void> {
    await Promise.all(this.#draining.values());
  }

  #settle(figures: () => readonly TransferFigures[]): void {
    this.#draining.delete(figures);
    this.#sum = figures().reduce(add, this.#sum);
  }
}

const NOTHING: TransferFigures = {
  httpBytesIn: 0,
  httpBytesOut: 0,
  peers: [],
  queueBytes: 0,
  links: [],
  limitHits: new Map(),
};

function add(one: TransferFigures, other: TransferFigures): TransferFigures {
  return {
    httpBytesIn: one.httpBytesIn + other.httpBytesIn,
    httpBytesOut: one.httpBytesOut + other.httpBytesOut,
    peers: mergePeers([...one.peers, ...other.peers]),
    queueBytes: one.queueBytes + other.queueBytes,
    links: [...one.links, ...other.links],
    limitHits: sum(one.limitHits, other.limitHits),
  };
}

/** The figures of each peer in one, where it has several: it was dialled by one upstream and then by another. */
export function mergePeers(peers: readonly PeerFigures[]): PeerFigures[] {
  const merged = new Map<string, PeerFigures>();
  for (const peer of peers) {
    const known = merged.get(peer.peer);
    merged.set(peer.peer, known === undefined ? peer : mergePeer(known, peer));
  }
  return [...merged.values()];
}

function mergePeer(one: PeerFigures, other: PeerFigures): PeerFigures {
  return { ...addPeerCounts(one, other), limitHits: sum(one.limitHits, other.limitHits) };
}

function sum(
  one: ReadonlyMap<string, number>,
  other: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const all = new Map(one);
  for (const [name, count] of other) all.set(name, (all.get(name) ?? 0) + count);
  return all;
}
