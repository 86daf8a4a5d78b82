import { isTpError, type TpError } from '@tp/wire';
import type { Timer } from '../clock.ts';
import type { ClientLink } from '../link/client-link.ts';
import type { Address } from '../socket/address.ts';
import { poolUnreachable } from '../stats/diagnostics.ts';
import { Backoff } from './backoff.ts';
import { type Departure, LinkSlot, type LinkSlotOwner } from './link-slot.ts';
import { PeerHealth } from './peer-health.ts';
import type { PeerOptions } from './pool-options.ts';

/** What a peer tells its pool. */
interface PeerEvents {
  /** The links that take calls have changed; `opened` says that one more does. */
  changed(opened: boolean): void;
  /** A link is over; what it carried has yet to be told. */
  ended(link: ClientLink): void;
  /** A call or a link failed, which speaks against the peer. */
  failing(): void;
  /** An attempt to open a link failed; the peer tries again by itself. */
  unreachable(error: TpError): void;
}

/** A link that ends sooner, in ms, counts as an attempt that failed, or a peer that closes at once is stormed. */
const SHORT_LIFE = 1_000;

/** Attempts that begin so soon after the last link has gone, in ms, decide nothing: the peer may be restarting. */
const RESTART = 200;
/** Nor does a single one that fails within this time, in ms. */
const A_MOMENT = 1_000;

/**
 * One address and the links to it: opens them, and the next ones when they end. While no link
 * stands, one attempt is made at a time, and its outcome decides for all; once one has opened, the
 * others follow at once. Waits between attempts are spread out (`Backoff`).
 */
export class Peer implements LinkSlotOwner {
  readonly address: Address;
  readonly options: PeerOptions;
  readonly slots: readonly LinkSlot[];
  readonly health: PeerHealth;
  readonly #events: PeerEvents;
  readonly #backoff: Backoff;
  #timer: Timer | undefined;
  #dueAt = 0;
  /** Calls have shortened the wait; once is enough, or many calls would undo the jitter. */
  #inDemand = false;
  #unreachable = false;
  /** When the last link went, in ms, and how many attempts have failed since. */
  #goneAt = -Infinity;
  #failures = 0;
  #dialledAt = 0;
  #stopped = false;

  constructor(address: Address, options: PeerOptions, events: PeerEvents) {
    this.address = address;
    this.options = options;
    this.#events = events;
    this.health = new PeerHealth(options.ejection);
    this.#backoff = new Backoff(options.random);
    this.slots = Array.from({ length: options.links }, () => new LinkSlot(this));
    this.#fill();
  }

  /** Whether a link is being opened right now. */
  get opening(): boolean {
    return this.slots.some((slot) => slot.opening);
  }

  /** Whether a link takes calls. */
  get isOpen(): boolean {
    return this.slots.some((slot) => slot.link !== undefined);
  }

  /** Whether each slot has its link. */
  get isFull(): boolean {
    return this.slots.every((slot) => slot.link !== undefined || slot.asleep);
  }

  /** Whether links are missing that left as nobody needed them. */
  get isAsleep(): boolean {
    return this.slots.some((slot) => slot.asleep);
  }

  /** Whether nobody is there: the latest attempt has failed (the latest two behind a loss), and none is under way. */
  get isDown(): boolean {
    return (this.#unreachable || this.#stopped) && !this.isOpen && !this.opening;
  }

  /** Whether it opens nothing further. */
  get isRetired(): boolean {
    return this.#stopped;
  }

  /** Whether all links have ended. */
  get isGone(): boolean {
    return this.slots.every((slot) => slot.link === undefined && slot.draining.size === 0);
  }

  /** Calls `visit` for each link, also those that drain. */
  eachLink(visit: (link: ClientLink) => void): void {
    for (const slot of this.slots) {
      if (slot.link !== undefined) visit(slot.link);
      for (const link of slot.draining) visit(link);
    }
  }

  /** Calls ask for the peer: links that are asleep open again, and the next attempt comes soon. */
  demand(): void {
    for (const slot of this.slots) slot.wake();
    if (this.#timer === undefined) this.#fill();
    else if (!this.#inDemand) {
      this.#inDemand = true;
      this.#dialWithin(this.#backoff.inDemand());
    }
  }

  /** Opens nothing further; the links that stand go on. */
  retire(): void {
    this.#stopped = true;
    this.#timer?.clear();
    this.#timer = undefined;
  }

  /** Opens nothing further and lets the links end when their calls have. */
  stop(): void {
    this.retire();
    for (const slot of this.slots) slot.stop();
  }

  /** Ends every link at once. */
  destroy(error: TpError): void {
    this.stop();
    for (const slot of this.slots) slot.destroy(error);
  }

  opened(): void {
    this.#unreachable = false;
    this.#events.changed(true);
    this.#fill();
  }

  failed(error: TpError): void {
    this.#failures++;
    // Who does not accept us will not do so in a moment.
    const isRefused = isTpError(error.cause) && error.cause.code === 'REFUSED';
    if (!this.isOpen && (isRefused || !this.#mayBeRestarting)) this.#unreachable = true;
    this.#dialLater();
    if (poolUnreachable.hasSubscribers) {
      poolUnreachable.publish({ peer: this.address.url, error });
    }
    this.#events.unreachable(error);
  }

  left(how: Departure, livedMs: number): void {
    if (!this.isOpen) {
      this.#goneAt = this.options.link.clock.now();
      this.#failures = 0;
    }
    this.#events.changed(false);
    if (how === 'lost') {
      this.health.failed(this.options.link.clock.now());
      this.failing();
    }
    if (how === 'idle') return;
    if (livedMs < SHORT_LIFE) {
      this.#dialLater();
      return;
    }
    this.#backoff.reset();
    if (how === 'lost') this.#dialWithin(this.#backoff.first());
    else this.#fill();
  }

  /** Whether it was reached a moment ago, so that calls wait for another attempt. */
  get #mayBeRestarting(): boolean {
    if (this.options.link.clock.now() - this.#goneAt >= A_MOMENT) return false;
    return this.#failures === 1 || this.#dialledAt - this.#goneAt < RESTART;
  }

  aged(): void {
    if (this.#timer === undefined) this.#fill();
  }

  failing(): void {
    this.#events.failing();
  }

  ended(link: ClientLink): void {
    this.#events.ended(link);
  }

  #dialLater(): void {
    if (this.#timer === undefined) this.#dialWithin(this.#backoff.next());
  }

  /** Opens what is missing after so long, unless that is due sooner. */
  #dialWithin(ms: number): void {
    if (this.#stopped) return;
    const { clock } = this.options.link;
    const dueAt = clock.now() + ms;
    if (this.#timer !== undefined && this.#dueAt <= dueAt) return;
    this.#timer?.clear();
    this.#dueAt = dueAt;
    this.#timer = clock.after(ms, () => this.#fill());
  }

  /** Opens what is missing: all of it when the peer is known to be there, one link to find out. */
  #fill(): void {
    if (this.#stopped) return;
    this.#timer?.clear();
    this.#timer = undefined;
    this.#inDemand = false;
    this.#dialledAt = this.options.link.clock.now();
    for (const slot of this.slots) {
      if (!this.isOpen && this.opening) return;
      if (slot.wanting) slot.dial();
    }
  }
}
