import { TpError } from '@tp/wire';
import type { Address } from './address.ts';
import { ClientLink } from './client-link.ts';
import type { PeerOptions } from './pool-options.ts';

/** Why a link no longer takes calls: its connection broke, or its peer asked to leave. */
export type Departure = 'lost' | 'drained';

/** What a slot tells its peer. */
export interface LinkSlotOwner {
  readonly address: Address;
  readonly options: PeerOptions;
  /** A link opened and takes calls. */
  opened(link: ClientLink): void;
  /** No link could be opened. */
  failed(error: TpError): void;
  /** The slot's link takes no further call; it did so for that long, in ms. */
  left(how: Departure, livedMs: number): void;
  /** A link of this slot is over, and all that it carried has yet to be told. */
  ended(link: ClientLink, error: TpError): void;
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
    return this.link === undefined && !this.opening && !this.#stopped;
  }

  /** Opens nothing further and lets the links end when their calls have. */
  stop(): void {
    this.#stopped = true;
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
          this.#opening = new ClientLink(connection, address.url, options.link, {
            opened: (link) => this.#opened(link),
            draining: (link) => this.#draining(link),
            closed: (link, error) => this.#closed(link, error),
          });
        }
      },
      (cause: unknown) => {
        timer.clear();
        this.#attempt = undefined;
        this.#failed(cause);
      },
    );
  }

  #opened(link: ClientLink): void {
    this.#opening = undefined;
    this.#openedAt = this.#owner.options.link.clock.now();
    this.link = link;
    this.#owner.opened(link);
  }

  #draining(link: ClientLink): void {
    if (this.link !== link) return;
    this.link = undefined;
    this.draining.add(link);
    this.#left('drained');
  }

  #closed(link: ClientLink, error: TpError): void {
    const wasOpening = this.#opening === link;
    if (wasOpening) this.#opening = undefined;
    const wasCurrent = this.link === link;
    if (wasCurrent) this.link = undefined;
    this.draining.delete(link);
    if (wasOpening) this.#failed(error);
    else if (wasCurrent) this.#left('lost');
    this.#owner.ended(link, error);
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
