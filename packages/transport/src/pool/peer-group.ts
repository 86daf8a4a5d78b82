import type { TpError } from '@tp/wire';
import type { ClientLink } from '../link/client-link.ts';
import type { Choice } from './balancer.ts';
import { Discovery, type Endpoint } from './discovery.ts';
import { Peer } from './peer.ts';
import type { PeerOptions } from './pool-options.ts';
import type { Target } from './target.ts';

/** What a group tells its pool. */
export interface PeerGroupEvents {
  /** The links that take calls have changed; `opened` says that one more does. */
  changed(opened: boolean): void;
  /** A link is over; what it carried has yet to be told. */
  ended(link: ClientLink): void;
  /** A call or a link failed, which speaks against the peer. */
  failing(peer: Peer): void;
  /** The peer is not used any more. */
  gone(peer: Peer): void;
  /** No link could be opened, or no address found; it is tried again by itself. */
  unreachable(error: TpError): void;
}

/** SRV records of weight 0 get a very small part where others have some (RFC 2782). */
const LEAST_WEIGHT = 0.1;

/** A peer as its group sees it. */
interface Member {
  readonly peer: Peer;
  priority: number;
  weight: number;
}

/**
 * The peers that one given address stands for: itself, or all that its name is resolved to. When the
 * answer changes, new peers are dialled, and those that have gone get no more calls once one of
 * those that are left can take them; their links end with their calls.
 */
export class PeerGroup {
  readonly #options: PeerOptions;
  readonly #events: PeerGroupEvents;
  readonly #discovery: Discovery | undefined;
  #members: Member[] = [];
  /** No longer named, but nobody can take their place yet. */
  #fading: Member[] = [];
  /** Their links have yet to end. */
  readonly #leaving = new Set<Peer>();
  #unresolved = false;

  constructor(target: Target, options: PeerOptions, events: PeerGroupEvents) {
    this.#options = options;
    this.#events = events;
    const { resolver, resolveIntervalMs: intervalMs, random, link } = options;
    if (target.kind === 'address' || resolver === undefined) {
      if (target.kind === 'address') this.#add({ address: target.address, priority: 0, weight: 1 });
      return;
    }
    const timeoutMs = link.limits.handshakeTimeoutMs;
    this.#discovery = new Discovery(
      target,
      { resolver, clock: link.clock, random, intervalMs, timeoutMs },
      { found: (endpoints) => this.#found(endpoints), failed: (error) => this.#failed(error) },
    );
  }

  /** Peers that are named now. */
  get peers(): Peer[] {
    return this.#members.map(({ peer }) => peer);
  }

  /** All peers, also those whose links have yet to end. */
  get allPeers(): Peer[] {
    return [...this.peers, ...this.#fading.map(({ peer }) => peer), ...this.#leaving];
  }

  /** Whether an address is being looked for, or a link opened. */
  get opening(): boolean {
    if (this.#members.length === 0) return this.#discovery?.isAsking === true;
    return this.#members.some(({ peer }) => peer.opening);
  }

  /** Whether nobody is there: all was tried, and nothing is under way. */
  get isDown(): boolean {
    if (this.#members.length === 0) return this.#unresolved && !this.opening;
    return [...this.#members, ...this.#fading].every(({ peer }) => peer.isDown);
  }

  /** Whether its links stand: those to all addresses that can be reached, and to one at least. */
  get isReady(): boolean {
    return (
      this.#members.some(({ peer }) => peer.isFull) &&
      this.#members.every(({ peer }) => peer.isFull || peer.isDown)
    );
  }

  /** Whether links that calls would use left as nobody needed them. */
  get isAsleep(): boolean {
    const best = this.#bestPriority();
    return this.#members.some(({ peer, priority }) => priority <= best && peer.isAsleep);
  }

  /** Calls ask for more links: `all`, or those that they would use now. */
  demand(all: boolean): void {
    const best = all ? Infinity : this.#bestPriority();
    for (const { peer, priority } of this.#members) if (priority <= best) peer.demand();
    if (this.#members.every(({ peer }) => peer.isDown)) this.#discovery?.demand();
  }

  /** Adds the links that may get calls, and to the other list those of ejected peers. */
  collect(choices: Choice[], ejected: Choice[]): void {
    const best = this.#bestPriority();
    const members = this.#members.some(({ peer }) => peer.isOpen) ? this.#members : this.#fading;
    const usable = members.filter(({ peer, priority }) => peer.isOpen && priority <= best);
    const total = usable.reduce((sum, { weight }) => sum + weight, 0);
    for (const { peer, weight } of usable) {
      const part = total === 0 ? 1 : (Math.max(weight, LEAST_WEIGHT) * usable.length) / total;
      const list = peer.health.standing === 'ejected' ? ejected : choices;
      for (const { link } of peer.slots) if (link !== undefined) list.push({ link, weight: part });
    }
  }

  /** Opens nothing further and lets the links end when their calls have. */
  stop(): void {
    this.#discovery?.stop();
    for (const peer of this.allPeers) peer.stop();
  }

  /** Ends every link at once. */
  destroy(error: TpError): void {
    this.#discovery?.stop();
    for (const peer of this.allPeers) peer.destroy(error);
  }

  /** The lowest priority that has a link for calls; RFC 2782: the lowest number goes first. */
  #bestPriority(): number {
    let best = Infinity;
    let bestOfEjected = Infinity;
    for (const { peer, priority } of this.#members) {
      if (!peer.isOpen) continue;
      if (peer.health.standing === 'ejected') bestOfEjected = Math.min(bestOfEjected, priority);
      else best = Math.min(best, priority);
    }
    return best === Infinity ? bestOfEjected : best;
  }

  #found(endpoints: readonly Endpoint[]): void {
    this.#unresolved = false;
    const before = new Map(this.#members.map((member) => [member.peer.address.url, member]));
    this.#members = [];
    for (const endpoint of endpoints) {
      const { url } = endpoint.address;
      const known = before.get(url);
      before.delete(url);
      if (known === undefined) this.#add(endpoint);
      else this.#members.push({ ...endpoint, peer: known.peer });
    }
    for (const member of before.values()) {
      member.peer.retire();
      this.#fading.push(member);
    }
    this.#fade();
    this.#events.changed(false);
  }

  #failed(error: TpError): void {
    this.#unresolved = true;
    this.#events.unreachable(error);
  }

  #add({ address, priority, weight }: Endpoint): void {
    const peer: Peer = new Peer(address, this.#options, {
      changed: (opened) => {
        if (opened) {
          this.#discovery?.reached();
          this.#fade();
        }
        this.#events.changed(opened);
      },
      ended: (link) => {
        if (peer.isGone) this.#leaving.delete(peer);
        this.#events.ended(link);
      },
      failing: () => this.#events.failing(peer),
      unreachable: (error) => this.#events.unreachable(error),
    });
    this.#members.push({ peer, priority, weight });
  }

  /** Lets those go that are no longer named, if others can take their calls. */
  #fade(): void {
    if (!this.#members.some(({ peer }) => peer.isOpen)) return;
    for (const { peer } of this.#fading.splice(0)) {
      if (!peer.isGone) this.#leaving.add(peer);
      peer.stop();
      this.#events.gone(peer);
    }
  }
}
