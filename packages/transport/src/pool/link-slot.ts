import { TpError } from '@tp/wire';
import type { Timer } from '../clock.ts';
import { ClientLink } from '../link/client-link.ts';
import type { Address } from '../socket/address.ts';
import type { Connection } from '../socket/connection.ts';
import type { PeerHealth } from './peer-health.ts';
import type { PeerOptions } from './pool-options.ts';

/** Why a link no longer takes calls: its connection broke, its peer leaves, or nobody needs it now. */
export type Departure = 'lost' | 'drained' | 'idle';

/** The age at which links leave is spread by so much either way, so that they do not leave together. */
const AGE_JITTER = 0.1;

/** What a slot tells its peer. */
export interface LinkSlotOwner {
  readonly address: Address;
  readonly options: PeerOptions;
  readonly health: PeerHealth;
  /** A link opened and takes calls. */
  opened(link: ClientLink): void;
  /** No link could be opened. */
  failed(error: TpError): void;
  /** The slot's link takes no further call; it did so for that long, in ms. */
  left(how: Departure, livedMs: number): void;
  /** The slot's link is old: it goes on until another takes its place. */
  aged(): void;
  /** A call on a link of this slot failed, which speaks against the peer. */
  failing(): void;
  /** A link of this slot is over, and all that it carried has yet to be told. */
  ended(link: ClientLink): void;
}

/** One place for a link to a peer, which says when to dial. Links that drain stay until they end. */
export class LinkSlot {
  readonly #owner: LinkSlotOwner;
  /** The link that takes calls; undefined while there is none. */
  link: ClientLink | undefined;
  /** Links that end once their calls have. */
  readonly draining = new Set<ClientLink>();
  #attempt: AbortController | undefined;
  #opening: ClientLink | undefined;
  #openedAt = 0;
  #ageTimer: Timer | undefined;
  #aged = false;
  #asleep = false;
  #stopped = false;

  constructor(owner: LinkSlotOwner) {
    this.#owner = owner;
  }

  /** Whether a link is being opened right now. */
  get opening(): boolean {
    return this.#attempt !== undefined || this.#opening !== undefined;
  }

  /** Whether a link is missing that nobody opens. */
  get wanting(): boolean {
    if (this.opening || this.#asleep || this.#stopped) return false;
    return this.link === undefined || this.#aged;
  }

  /** Whether its link left as nobody needed it. */
  get asleep(): boolean {
    return this.#asleep;
  }

  /** Calls want a link again. */
  wake(): void {
    this.#asleep = false;
  }

  /** Opens nothing further and lets the links end when their calls have. */
  stop(): void {
    this.#stopped = true;
    this.#ageTimer?.clear();
    this.#attempt?.abort();
    this.#opening?.close();
    this.link?.close();
  }

  /** Ends every link at once. */
  destroy(error: TpError): void {
    this.stop();
    this.link?.fail(error);
    for (const link of this.draining) link.fail(error);
  }

  /** Tries once to open a link. */
  dial(): void {
    const { address, options } = this.#owner;
    const { clock, limits } = options.link;
    const attempt = new AbortController();
    this.#attempt = attempt;
    const timer = clock.after(limits.handshakeTimeoutMs, () => attempt.abort());
    options.dial(address, attempt.signal).then(
      (connection) => {
        timer.clear();
        this.#attempt = undefined;
        if (this.#stopped) connection.destroy();
        else {
          this.#opening = this.#linkOn(connection);
        }
      },
      (cause: unknown) => {
        timer.clear();
        this.#attempt = undefined;
        this.#failed(cause);
      },
    );
  }

  #linkOn(connection: Connection): ClientLink {
    const owner = this.#owner;
    const { link: options, failureStatuses } = owner.options;
    return new ClientLink(connection, owner.address.url, options, owner.health, failureStatuses, {
      opened: (link) => this.#opened(link),
      draining: (link) => this.#draining(link),
      idle: (link) => this.#idle(link),
      failing: () => owner.failing(),
      closed: (link, error) => this.#closed(link, error),
    });
  }

  #opened(link: ClientLink): void {
    this.#opening = undefined;
    this.#openedAt = this.#owner.options.link.clock.now();
    const old = this.link;
    this.link = link;
    this.#watchAge();
    if (old !== undefined) this.draining.add(old);
    this.#owner.opened(link);
    old?.close();
  }

  #watchAge(): void {
    const { maxLinkAgeMs, random, link } = this.#owner.options;
    this.#aged = false;
    this.#ageTimer?.clear();
    if (maxLinkAgeMs === undefined) return;
    const ms = maxLinkAgeMs * (1 - AGE_JITTER + 2 * AGE_JITTER * random());
    this.#ageTimer = link.clock.after(ms, () => {
      this.#aged = true;
      this.#owner.aged();
    });
  }

  #draining(link: ClientLink): void {
    if (this.link !== link) return;
    // A peer leaves an idle link as we do: there is no sense in a new one before a call needs it.
    const isIdle = link.idleMs >= link.options.limits.idleTimeoutMs / 2;
    this.#drain(link, isIdle ? 'idle' : 'drained');
  }

  #idle(link: ClientLink): void {
    if (this.link !== link) return;
    this.#drain(link, 'idle');
    link.close();
  }

  #drain(link: ClientLink, how: Departure): void {
    this.link = undefined;
    this.#ageTimer?.clear();
    this.draining.add(link);
    this.#asleep = how === 'idle';
    this.#left(how);
  }

  #closed(link: ClientLink, error: TpError): void {
    const wasOpening = this.#opening === link;
    if (wasOpening) this.#opening = undefined;
    const wasCurrent = this.link === link;
    if (wasCurrent) {
      this.link = undefined;
      this.#ageTimer?.clear();
    }
    this.draining.delete(link);
    // A peer may refuse a link a moment after its hello (W-024).
    if (wasOpening || (!wasCurrent && error.code === 'REFUSED')) this.#failed(error);
    else if (wasCurrent) this.#left('lost');
    this.#owner.ended(link);
  }

  #left(how: Departure): void {
    const { clock } = this.#owner.options.link;
    if (!this.#stopped) this.#owner.left(how, clock.now() - this.#openedAt);
  }

  #failed(cause: unknown): void {
    if (this.#stopped) return;
    const { url } = this.#owner.address;
    const why = cause instanceof Error ? cause.message : String(cause);
    this.#owner.failed(
      new TpError({
        code: 'UNREACHABLE',
        message: `no link to ${url} could be opened: ${why}`,
        processed: 'no',
        cause,
      }),
    );
  }
}
