import { TpError } from '@tp/wire';
import type { Address } from './address.ts';
import { ClientLink } from './client-link.ts';
import type { Timer } from './clock.ts';
import type { Dialer } from './connection.ts';
import type { ResolvedLinkOptions } from './options.ts';

/** What a slot tells its pool. */
export interface LinkSlotEvents {
  opened(link: ClientLink): void;
  /** A link of this slot is over. */
  lost(link: ClientLink, error: TpError): void;
  /** No connection could be made; the slot tries again by itself. */
  unreachable(error: TpError): void;
}

/** What a slot needs to open links. */
export interface LinkSlotInit {
  readonly address: Address;
  readonly dial: Dialer<Address>;
  readonly options: ResolvedLinkOptions;
  readonly random: () => number;
}

/** Waits between attempts, in ms: from the first, times the factor, up to the last, each by +-50 %. */
const FIRST_BACKOFF = 100;
const BACKOFF_FACTOR = 1.6;
const LAST_BACKOFF = 10_000;
/** A link that ends sooner counts as an attempt that failed, or a peer that closes at once is stormed. */
const SHORT_LIFE = 1_000;
/** While calls ask for the peer, it is tried at least this often. */
const LAST_BACKOFF_IN_DEMAND = 1_000;

/**
 * One place for a link to a peer: dials, keeps it, and opens the next one when it ends or drains.
 * Attempts that fail are spread out and jittered, so that a peer that comes back is not stormed.
 */
export class LinkSlot {
  readonly #init: LinkSlotInit;
  readonly #events: LinkSlotEvents;
  /** The link that takes calls; undefined while there is none. */
  link: ClientLink | undefined;
  /** Links that end once their calls have. */
  readonly draining = new Set<ClientLink>();
  #attempt: AbortController | undefined;
  #opening: ClientLink | undefined;
  #timer: Timer | undefined;
  #backoff = FIRST_BACKOFF;
  #dueAt = 0;
  #openedAt = 0;
  #stopped = false;

  constructor(init: LinkSlotInit, events: LinkSlotEvents) {
    this.#init = init;
    this.#events = events;
    this.#dial();
  }

  /** Whether a link is being opened right now. */
  get opening(): boolean {
    return this.#attempt !== undefined || this.#opening !== undefined;
  }

  /** Calls ask for the peer: the next attempt comes soon. */
  demand(): void {
    if (this.#timer === undefined || this.#stopped) return;
    const { clock } = this.#init.options;
    const wait = this.#jittered(Math.min(this.#backoff, LAST_BACKOFF_IN_DEMAND));
    if (this.#dueAt - clock.now() > wait) this.#dialAfter(wait);
  }

  /** Opens nothing further and lets the links end when their calls have. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.clear();
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

  #dialAfter(ms: number): void {
    this.#timer?.clear();
    this.#dueAt = this.#init.options.clock.now() + ms;
    this.#timer = this.#init.options.clock.after(ms, () => this.#dial());
  }

  #dial(): void {
    this.#timer = undefined;
    const { address, dial, options } = this.#init;
    const attempt = new AbortController();
    this.#attempt = attempt;
    const timer = options.clock.after(options.limits.handshakeTimeoutMs, () => attempt.abort());
    dial(address, attempt.signal).then(
      (connection) => {
        timer.clear();
        this.#attempt = undefined;
        if (this.#stopped) connection.destroy();
        else {
          this.#opening = new ClientLink(connection, address.url, options, {
            opened: (link) => this.#opened(link),
            draining: (link) => this.#draining(link),
            closed: (link, error) => this.#closed(link, error),
          });
        }
      },
      (cause: unknown) => {
        timer.clear();
        this.#attempt = undefined;
        this.#failed(asUnreachable(address, cause));
      },
    );
  }

  #opened(link: ClientLink): void {
    this.#opening = undefined;
    this.#openedAt = this.#init.options.clock.now();
    this.link = link;
    this.#events.opened(link);
  }

  #draining(link: ClientLink): void {
    if (this.link !== link) return;
    this.link = undefined;
    this.draining.add(link);
    this.#replace();
  }

  #closed(link: ClientLink, error: TpError): void {
    const wasOpening = this.#opening === link;
    if (wasOpening) this.#opening = undefined;
    const wasCurrent = this.link === link;
    if (wasCurrent) this.link = undefined;
    this.draining.delete(link);
    if (wasOpening) this.#failed(asUnreachable(this.#init.address, error));
    else if (wasCurrent) this.#replace();
    this.#events.lost(link, error);
  }

  /** The link is gone or about to go: opens the next one. */
  #replace(): void {
    if (this.#stopped) return;
    if (this.#init.options.clock.now() - this.#openedAt < SHORT_LIFE) this.#dialLater();
    else {
      this.#backoff = FIRST_BACKOFF;
      this.#dial();
    }
  }

  #dialLater(): void {
    this.#dialAfter(this.#jittered(this.#backoff));
    this.#backoff = Math.min(LAST_BACKOFF, this.#backoff * BACKOFF_FACTOR);
  }

  #failed(error: TpError): void {
    if (this.#stopped) return;
    this.#dialLater();
    this.#events.unreachable(error);
  }

  #jittered(ms: number): number {
    return ms * (0.5 + this.#init.random());
  }
}

function asUnreachable(address: Address, cause: unknown): TpError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new TpError({
    code: 'UNREACHABLE',
    message: `no link to ${address.url} could be opened: ${why}`,
    processed: 'no',
    cause,
  });
}
