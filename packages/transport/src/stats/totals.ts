import { addCounts, Counts, plainCounts } from './counts.ts';
import { limitHit } from './diagnostics.ts';
import { LimitHits } from './limit-hits.ts';
import { type LinkStats, type Ratios, ratios } from './stats.ts';

/** Sums over links, also those that have ended, and what stands now. */
interface Sums extends Readonly<Counts>, Ratios {
  /** Exchanges under way. */
  readonly pending: number;
  /** Bytes of bodies that wait to be written. */
  readonly queueBytes: number;
  /** How often each limit was reached, by its name. */
  readonly limitHits: ReadonlyMap<string, number>;
}

/** Figures of all links with one peer. */
export interface PeerStats extends Sums {
  /** What was dialled; on a server, the host that the links came from, or `unix`. */
  readonly peer: string;
  /** How many links stand now. */
  readonly links: number;
}

/** Figures of a client or server since its start. `JSON.stringify` takes them as they are. */
export interface TransportStats extends Sums {
  /** Links that stand now. */
  readonly links: readonly LinkStats[];
  /** Each peer by itself. Past 1,000 peers, the further ones are one, named `others`. */
  readonly peers: readonly PeerStats[];
}

/** Peers that have figures of their own, so that figures stay bounded however many come by. */
const MAX_PEERS = 1_000;
const OTHERS = 'others';

/** What a pool or server has counted: over all links, over those of each peer, and beside them. */
export class Totals extends Counts {
  readonly #side: 'client' | 'server';
  readonly #limitHits = new LimitHits();
  readonly #peers = new Map<string, PeerSum>();

  constructor(side: 'client' | 'server') {
    super();
    this.#side = side;
  }

  /** A limit was reached that is not one link's. */
  hit(limit: string): void {
    this.#limitHits.hit(limit);
    if (limitHit.hasSubscribers) {
      limitHit.publish({ side: this.#side, limit, link: undefined, peer: undefined });
    }
  }

  /** Adds a link that has ended. */
  add(link: LinkStats): void {
    addCounts(this, link);
    this.#limitHits.add(link.limitHits);
    this.#peers.get(this.#nameOf(link))?.add(link);
  }

  /** The sums together with links that still stand. */
  with(links: readonly LinkStats[]): TransportStats {
    const all = new PeerSum(this, this.#limitHits);
    const standing = new Map<string, PeerSum>();
    for (const link of links) {
      const peer = this.#nameOf(link);
      const sum = standing.get(peer) ?? this.#peers.get(peer)?.copy();
      if (sum !== undefined) standing.set(peer, sum.stand(link));
      all.stand(link);
    }
    const peers = Array.from(this.#peers, ([peer, ended]) => {
      const sum = standing.get(peer) ?? ended;
      return { peer, ...sum.stats(), links: sum.links };
    });
    return { ...all.stats(), links, peers };
  }

  /** Under which name a link's figures are added up. */
  #nameOf({ peer }: LinkStats): string {
    const name = this.#side === 'client' ? peer : peer.replace(/:\d+$/, '');
    const known = this.#peers.has(name) || this.#peers.size < MAX_PEERS ? name : OTHERS;
    if (!this.#peers.has(known)) this.#peers.set(known, new PeerSum());
    return known;
  }
}

/** One line of figures. */
class PeerSum {
  readonly #counts = new Counts();
  readonly #limitHits: LimitHits;
  #pending = 0;
  #queueBytes = 0;
  links = 0;

  constructor(counts?: Readonly<Counts>, hits?: LimitHits) {
    if (counts !== undefined) addCounts(this.#counts, counts);
    this.#limitHits = new LimitHits(hits);
  }

  copy(): PeerSum {
    return new PeerSum(this.#counts, this.#limitHits);
  }

  add(link: LinkStats): void {
    addCounts(this.#counts, link);
    this.#limitHits.add(link.limitHits);
  }

  /** Adds a link that stands. */
  stand(link: LinkStats): this {
    this.add(link);
    this.links++;
    this.#pending += link.pending;
    this.#queueBytes += link.queueBytes;
    return this;
  }

  stats(): Sums {
    return {
      ...plainCounts(this.#counts),
      ...ratios(this.#counts),
      pending: this.#pending,
      queueBytes: this.#queueBytes,
      limitHits: this.#limitHits,
    };
  }
}
