import type { TpError } from '@tp/wire';
import type { ClientCall } from '../exchange/client-call.ts';
import type { ClientLink } from '../link/client-link.ts';
import { poolEjected } from '../stats/diagnostics.ts';
import { Balancer, type Choice } from './balancer.ts';
import { Ejection } from './ejection.ts';
import { type HealthStats, healthStats } from './health-stats.ts';
import type { Peer } from './peer.ts';
import { PeerGroup, type PeerGroupEvents } from './peer-group.ts';
import type { PeerOptions } from './pool-options.ts';
import type { Target } from './target.ts';

/** What the peers tell their pool. */
export interface PeerSetEvents {
  /** Links have come or gone; `opened` says that one more takes calls. */
  changed(opened: boolean): void;
  /** A link is over; what it carried has yet to be told. */
  ended(link: ClientLink): void;
  /** A peer gets no calls for a while. */
  ejected(): void;
  /** No link could be opened, or no address found. */
  unreachable(error: TpError): void;
}

/** All peers of a pool: which of their links the next call goes to, and what is done to have one. */
export class PeerSet implements PeerGroupEvents {
  readonly #groups: readonly PeerGroup[];
  readonly #events: PeerSetEvents;
  readonly #balancer: Balancer;
  readonly #ejection: Ejection<Peer>;
  /** Links that calls would use left as nobody needed them. */
  #isAsleep = false;

  constructor(targets: readonly Target[], options: PeerOptions, events: PeerSetEvents) {
    const { random, ejection, link } = options;
    this.#events = events;
    this.#balancer = new Balancer(random, ejection.probeShare);
    this.#ejection = new Ejection(
      ejection,
      link.clock,
      random,
      () => this.#groups.flatMap((group) => group.peers),
      () => this.changed(false),
    );
    this.#groups = targets.map((target) => new PeerGroup(target, options, this));
  }

  /** The link for the next call; undefined when there is none. `now` is the time in ms. */
  pick(now: number): ClientLink | undefined {
    if (this.#isAsleep) this.#wake();
    return this.#balancer.pick(now);
  }

  /** A link beside a call's own, to another peer where there is one; see `Balancer`. */
  beside(call: ClientCall): ClientLink | undefined {
    return this.#balancer.beside(call);
  }

  /** A link with room for a body of that size, when the one that was picked is full. */
  withRoom(bytes: number): ClientLink | undefined {
    return this.#balancer.withRoom(bytes);
  }

  /** A call has no link: the next attempts come soon, unless one is under way. */
  demand(): void {
    if (this.#groups.some((group) => group.opening)) return;
    for (const group of this.#groups) group.demand(true);
  }

  /** Whether nobody is there: all was tried, and nothing is under way. */
  get isDown(): boolean {
    return this.#groups.every((group) => group.isDown);
  }

  /** Whether an address that was given leads nowhere now. */
  get isPartlyDown(): boolean {
    return this.#groups.some((group) => group.isDown);
  }

  /** Whether the links to each address that was given stand. */
  get isReady(): boolean {
    return this.#groups.every((group) => group.isReady);
  }

  /** Whether all links have ended. */
  get isGone(): boolean {
    return this.#groups.every((group) => group.allPeers.every((peer) => peer.isGone));
  }

  /** Calls `visit` for each link, also those that drain. */
  eachLink(visit: (link: ClientLink) => void): void {
    for (const group of this.#groups) {
      for (const peer of group.allPeers) peer.eachLink(visit);
    }
  }

  stats(): HealthStats[] {
    return this.#groups.flatMap((group) =>
      group.allPeers.map((peer) => healthStats(peer, this.#ejection.remainingMs(peer))),
    );
  }

  /** Opens nothing further and lets the links end when their calls have. */
  stop(): void {
    this.#ejection.stop();
    for (const group of this.#groups) group.stop();
  }

  /** Ends every link at once. */
  destroy(error: TpError): void {
    this.#ejection.stop();
    for (const group of this.#groups) group.destroy(error);
  }

  changed(opened: boolean): void {
    const choices: Choice[] = [];
    const ejected: Choice[] = [];
    for (const group of this.#groups) group.collect(choices, ejected);
    // Better a peer that fails than none.
    this.#balancer.use(choices.length > 0 ? choices : ejected);
    this.#isAsleep = this.#groups.some((group) => group.isAsleep);
    this.#events.changed(opened);
  }

  ended(link: ClientLink): void {
    this.#events.ended(link);
  }

  failing(peer: Peer): void {
    if (peer.isRetired || !this.#ejection.failed(peer)) return;
    if (poolEjected.hasSubscribers) {
      const forMs = this.#ejection.remainingMs(peer) ?? 0;
      poolEjected.publish({ peer: peer.address.url, forMs });
    }
    this.#events.ejected();
  }

  gone(peer: Peer): void {
    this.#ejection.forget(peer);
  }

  unreachable(error: TpError): void {
    this.#events.unreachable(error);
  }

  #wake(): void {
    this.#isAsleep = false;
    for (const group of this.#groups) group.demand(false);
  }
}
