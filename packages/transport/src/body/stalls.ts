import { TpError } from '@tp/wire';
import type { Clock, Timer } from '../clock.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { LinkLimits } from '../limits.ts';

/** What is watched. */
interface Watched {
  readonly streams: { each(visit: (exchange: Exchange) => void): void };
  readonly outbox: {
    /** All data that was sent on the link, in bytes. */
    readonly dataSent: number;
  };
  readonly sender: {
    /** Whether what was written last has not left yet. */
    readonly blocked: boolean;
    /** Bytes that the connection has taken, in all. */
    readonly taken: number;
  };
  readonly counters: { hit(limit: string): void };
  /** The peer takes nothing: the link ends. */
  fail(error: TpError): void;
}

/** How often streams are looked at, in ms: a limit is noticed so much late at most. */
const LOOK_MS = 1_000;

/**
 * Time limits of streamed bodies: `stallTimeoutMs` and `minRate` while bytes wait for the peer or a
 * request's body is due, `streamIdleMs` while nothing moves otherwise. Streams are looked at once a
 * second while there are bodies, or the connection takes nothing; nothing is armed, written or kept
 * for a stream that is gone by then.
 */
export class Stalls {
  readonly #clock: Clock;
  readonly #limits: LinkLimits;
  readonly #link: Watched;
  #streams = new Map<number, StreamTimes>();
  #timer: Timer | undefined;
  #lookedAt = 0;
  /** How long the connection may still take nothing. */
  readonly #taking = new Patience();

  constructor(clock: Clock, limits: LinkLimits, link: Watched) {
    this.#clock = clock;
    this.#limits = limits;
    this.#link = link;
  }

  /** There is something to watch: looks each second until there is not. */
  watch(): void {
    if (this.#timer !== undefined) return;
    this.#lookedAt = this.#clock.now();
    this.#timer = this.#clock.after(LOOK_MS, this.#look);
  }

  /** The connection takes no more, from now on. */
  blocked(): void {
    this.#taking.reset();
    this.#isStuck(this.#clock.now());
    this.watch();
  }

  stop(): void {
    this.#timer?.clear();
    this.#streams.clear();
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const now = this.#clock.now();
    // A process that was held up could not take what the peer sent meanwhile.
    const late = Math.max(0, now - this.#lookedAt - LOOK_MS);
    const { sender, counters } = this.#link;
    this.#taking.postpone(late);
    if (sender.blocked && this.#isStuck(now)) {
      counters.hit(this.#taking.why);
      const { stallTimeoutMs } = this.#limits;
      this.#link.fail(timeout(`the peer has read next to nothing for ${stallTimeoutMs} ms`));
      return;
    }
    const before = this.#streams;
    this.#streams = new Map();
    const over: (() => void)[] = [];
    this.#link.streams.each((exchange) => {
      const times = before.get(exchange.id) ?? new StreamTimes();
      this.#streams.set(exchange.id, times);
      times.postpone(late);
      const limit = this.#limitPast(times, exchange, now);
      if (limit === undefined) return;
      over.push(() => {
        counters.hit(limit);
        exchange.stall(timeout(`a stream has reached the limit ${limit}`));
      });
    });
    for (const end of over) end();
    if (this.#streams.size > 0 || sender.blocked) this.watch();
  };

  #isStuck(now: number): boolean {
    const { stallTimeoutMs, minRate } = this.#limits;
    return this.#taking.isPast(this.#link.sender.taken, now, stallTimeoutMs, minRate);
  }

  #limitPast(times: StreamTimes, exchange: Exchange, now: number): string | undefined {
    const { stallTimeoutMs, minRate, streamIdleMs } = this.#limits;
    const { writer, reader } = exchange;
    const sent = writer?.flight.sent ?? 0;
    const received = reader?.received ?? 0;
    if (writer !== undefined && writer.held > 0) {
      // With credit of its own, a stream waits for its turn: what counts is whether the link moves.
      const moved = writer.flight.credit > 0 ? this.#link.outbox.dataSent : sent;
      if (times.sending.isPast(moved, now, stallTimeoutMs, minRate)) return times.sending.why;
    } else times.sending.reset();
    if (exchange.isBodyDue) {
      if (times.receiving.isPast(received, now, stallTimeoutMs, minRate))
        return times.receiving.why;
    } else times.receiving.reset();
    // Whoever waits for a head has time limits of his own.
    if (writer === undefined && reader === undefined) return undefined;
    return times.silence.isPast(sent + received, now, streamIdleMs, 0) ? 'streamIdle' : undefined;
  }
}

/** What a stream has been waiting for, and how long it still may. */
class StreamTimes {
  readonly sending = new Patience();
  readonly receiving = new Patience();
  readonly silence = new Patience();

  postpone(ms: number): void {
    this.sending.postpone(ms);
    this.receiving.postpone(ms);
    this.silence.postpone(ms);
  }
}

/**
 * Waits as long as something moves: each byte buys the time that it would take at the least rate, up
 * to the whole wait. So a byte now and then buys next to nothing.
 */
class Patience {
  #left = -1;
  #moved = 0;
  #at = 0;
  #hasMoved = false;

  /** Nothing is waited for. */
  reset(): void {
    this.#left = -1;
  }

  postpone(ms: number): void {
    this.#at += ms;
  }

  /** Whether the wait is over. `moved` counts bytes, in all; `minRate` is in bytes a second. */
  isPast(moved: number, now: number, waitMs: number, minRate: number): boolean {
    const bytes = moved - this.#moved;
    const took = now - this.#at;
    this.#moved = moved;
    this.#at = now;
    if (this.#left < 0 || (minRate === 0 && bytes > 0)) {
      this.#hasMoved = false;
      this.#left = waitMs;
      return waitMs === 0;
    }
    if (bytes > 0) this.#hasMoved = true;
    const bought = bytes > 0 ? (bytes / minRate) * 1000 : 0;
    this.#left = Math.min(waitMs, this.#left - took + bought);
    return this.#left <= 0;
  }

  /** The limit that ended the wait. */
  get why(): string {
    return this.#hasMoved ? 'minRate' : 'stallTimeout';
  }
}

function timeout(message: string): TpError {
  return new TpError({ code: 'TIMEOUT', message });
}
