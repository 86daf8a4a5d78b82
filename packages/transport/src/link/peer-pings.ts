import type { Clock } from '../clock.ts';
import type { LinkLimits } from '../limits.ts';
import { linkError } from './link-error.ts';

/** What is told of a peer that pings too much. */
interface PingedLink {
  readonly counters: { hit(limit: string): void };
}

/**
 * The pings of the peer: how often they may come, and how many may be unanswered (W-094). A ping is
 * unanswered until the connection has taken its pong, as a peer that reads nothing could otherwise
 * make us write without end.
 */
export class PeerPings {
  readonly #clock: Clock;
  readonly #limits: LinkLimits;
  readonly #link: PingedLink;
  #pingedAt = Number.NEGATIVE_INFINITY;
  #strikes = 0;
  #unanswered = 0;
  /** Of these, those whose pongs were handed to the connection. */
  #written = 0;

  constructor(clock: Clock, limits: LinkLimits, link: PingedLink) {
    this.#clock = clock;
    this.#limits = limits;
    this.#link = link;
  }

  /** A ping has come. @throws {TpError} ENHANCE_YOUR_CALM when that is one too many. */
  came(): void {
    const { pingMinIntervalMs, pingStrikes, maxUnansweredPings } = this.#limits;
    const now = this.#clock.now();
    const isEarly = now - this.#pingedAt < pingMinIntervalMs;
    this.#pingedAt = now;
    if (isEarly && ++this.#strikes > pingStrikes) {
      this.#refuse('pingMinInterval', 'pings come too often (W-094)');
    }
    if (++this.#unanswered > maxUnansweredPings) {
      this.#refuse('maxUnansweredPings', 'pings come and their answers are not read (W-094)');
    }
  }

  /** A pong goes with the batch at hand. */
  answered(): void {
    this.#written++;
  }

  /** The connection has taken all that was written. */
  taken(): void {
    this.#unanswered -= this.#written;
    this.#written = 0;
  }

  #refuse(limit: string, message: string): never {
    this.#link.counters.hit(limit);
    throw linkError('ENHANCE_YOUR_CALM', message);
  }
}
