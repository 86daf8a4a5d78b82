import type { Clock, Timer } from '../clock.ts';
import type { EjectionOptions } from './ejection-options.ts';
import type { PeerHealth } from './peer-health.ts';

/** What an ejection needs of a peer. */
export interface Ejectable {
  readonly health: PeerHealth;
}

/** A peer that was ejected, or was of late. */
interface Spell {
  /** How often in a row. */
  times: number;
  ms: number;
  until: number;
  timer: Timer | undefined;
}

/**
 * A row of failures lasts so long at least, in ms: one batch may bring many, and what is behind all
 * peers must have had the time to show at the others too.
 */
const ROW_MS = 100;

/** How often failures are looked at, in ms, or a storm of them would be dear. */
const LOOK_MS = 10;

/** A peer that was well for so many times the length of its last ejection starts anew. */
const FORGIVEN_AFTER = 2;

/**
 * Takes peers that fail out of the choice for a while: passively, by what becomes of calls. A peer is
 * ejected only while it does worse than the others, and never more than a share of them, or an
 * outage behind all of them, or a bad request, would take away the rest.
 */
export class Ejection<P extends Ejectable> {
  readonly #options: EjectionOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #peers: () => Iterable<P>;
  readonly #changed: () => void;
  readonly #spells = new Map<P, Spell>();
  #stopped = false;
  #declinedUntil = Number.NEGATIVE_INFINITY;

  /** @param changed is called when a peer was ejected or let back. */
  constructor(
    options: EjectionOptions,
    clock: Clock,
    random: () => number,
    peers: () => Iterable<P>,
    changed: () => void,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#peers = peers;
    this.#changed = changed;
  }

  /** A call to that peer has failed. True when it is ejected for it. */
  failed(peer: P): boolean {
    const { health } = peer;
    if (this.#stopped || health.standing === 'ejected') return false;
    const now = this.#clock.now();
    if (now < this.#declinedUntil) return false;
    if (!health.isProbed() && !this.#fails(health, now)) return false;
    if (this.#mayEject() && this.#isWorse(peer, now)) {
      this.#eject(peer, now);
      return true;
    }
    this.#declinedUntil = now + LOOK_MS;
    return false;
  }

  /** How long the peer is still ejected, in ms; undefined when it is not. */
  remainingMs(peer: P): number | undefined {
    const spell = this.#spells.get(peer);
    if (spell === undefined || peer.health.standing !== 'ejected') return undefined;
    return Math.max(0, spell.until - this.#clock.now());
  }

  /** The peer has gone for good. */
  forget(peer: P): void {
    this.#spells.get(peer)?.timer?.clear();
    this.#spells.delete(peer);
  }

  /** Nobody is ejected or let back any more. */
  stop(): void {
    this.#stopped = true;
    for (const spell of this.#spells.values()) spell.timer?.clear();
  }

  #fails(health: PeerHealth, now: number): boolean {
    const { failuresInRow, failureShare, leastCalls } = this.#options;
    if (health.failuresInRow >= failuresInRow && health.failingMs(now) >= ROW_MS) return true;
    const calls = health.recentCalls(now);
    return calls >= leastCalls && health.recentFailures(now) >= calls * failureShare;
  }

  /**
   * Whether the others do better: of the peer's calls of late at least twice as large a share failed
   * as of theirs. When nothing is known of them, nothing is made of it.
   */
  #isWorse(peer: P, now: number): boolean {
    let calls = 0;
    let failures = 0;
    for (const { health } of this.#peers()) {
      const recent = health === peer.health ? 0 : health.recentCalls(now);
      if (recent === 0 || health.standing === 'ejected') continue;
      calls += recent;
      failures += health.recentFailures(now);
    }
    const { health } = peer;
    return (
      calls > 0 && 2 * failures * health.recentCalls(now) <= health.recentFailures(now) * calls
    );
  }

  #mayEject(): boolean {
    let peers = 0;
    let ejected = 0;
    for (const { health } of this.#peers()) {
      peers++;
      if (health.standing === 'ejected') ejected++;
    }
    const most = Math.min(peers - 1, Math.floor(peers * this.#options.maxEjectedShare));
    return ejected < most;
  }

  #eject(peer: P, now: number): void {
    const before = this.#spells.get(peer);
    const isForgiven = before === undefined || now - before.until > FORGIVEN_AFTER * before.ms;
    const times = isForgiven ? 1 : before.times + 1;
    const { ejectMs, maxEjectMs } = this.#options;
    const ms = Math.min(maxEjectMs, ejectMs * 2 ** (times - 1)) * (0.75 + this.#random() / 2);
    const timer = this.#clock.after(ms, () => this.#letBack(peer));
    this.#spells.set(peer, { times, ms, until: now + ms, timer });
    peer.health.standing = 'ejected';
    peer.health.ejections++;
    this.#changed();
  }

  #letBack(peer: P): void {
    const spell = this.#spells.get(peer);
    if (spell === undefined) return;
    spell.timer = undefined;
    peer.health.letBack();
    this.#changed();
  }
}
