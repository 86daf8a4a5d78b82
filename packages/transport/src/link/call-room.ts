import { TpError, type WireLimits } from '@tp/wire';
import { ClientCall } from '../exchange/client-call.ts';
import type { LinkLimits } from '../limits.ts';
import type { LinkCounters } from '../stats/stats.ts';
import type { Outbox, Sendable } from './outbox.ts';

/** What is asked of the link. */
interface RoomyLink {
  readonly peer: string;
  readonly options: { readonly limits: LinkLimits };
  readonly peerLimits: WireLimits;
  readonly counters: LinkCounters;
  readonly outbox: Outbox<Sendable>;
  /** Calls that were given to it and have not ended. */
  readonly pending: number;
}

/** How many calls, and how many bytes of their bodies, a link takes. */
export class CallRoom {
  readonly #link: RoomyLink;
  readonly #outbox: Outbox<Sendable>;
  readonly #limits: LinkLimits;

  constructor(link: RoomyLink) {
    this.#link = link;
    this.#outbox = link.outbox;
    this.#limits = link.options.limits;
  }

  /** Whether a call with so many bytes of body in it can be taken. */
  has(bytes: number): boolean {
    if (this.#fits(bytes)) return true;
    // What has ended in line meanwhile takes no room.
    const outbox = this.#outbox;
    for (let item = outbox.nextHead; item instanceof ClientCall; item = outbox.nextHead) {
      if (!item.over) break;
      outbox.dropHead();
    }
    return this.#fits(bytes);
  }

  /** Makes room for a call by failing those that have waited longest. False when that is not enough. */
  make(bytes: number): boolean {
    if (bytes > this.#limits.maxPendingBytes) return false;
    while (!this.has(bytes)) {
      const error = this.overflow(bytes);
      const oldest = this.#outbox.dropHead();
      if (!(oldest instanceof ClientCall)) return false;
      this.#link.counters.shed++;
      oldest.refuse(error);
    }
    return true;
  }

  /** Counts a call that no link had room for, and says why this one had none. */
  overflow(bytes: number): TpError {
    const { counters, peer, pending } = this.#link;
    const bodies = this.#outbox.pendingBytes;
    if (bodies + bytes > this.#limits.maxPendingBytes) {
      counters.hit('maxPendingBytes');
      return overflow(`${bodies} bytes wait for the link to ${peer}`);
    }
    counters.hit('maxPendingRequests');
    return overflow(`${pending} calls are pending on the link to ${peer}`);
  }

  #fits(bytes: number): boolean {
    const { maxPendingRequests, maxPendingBytes } = this.#limits;
    return (
      this.#link.pending < Math.min(maxPendingRequests, this.#link.peerLimits.streams) &&
      this.#outbox.pendingBytes + bytes <= maxPendingBytes
    );
  }
}

function overflow(what: string): TpError {
  return new TpError({
    code: 'OVERFLOW',
    message: `${what}; slow down, open more links, or raise the limit`,
    processed: 'no',
  });
}
