/** A request and its answer as they passed, secrets replaced. Names and values of header fields alternate. */
export interface SampledExchange {
  /** When the request came, in ms since 1970. */
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array | undefined;
  readonly status: number;
  readonly answerHeaders: readonly string[];
  readonly answerBody: Uint8Array;
}

/** So many exchanges, and bytes of bodies, are kept of each listener. */
const MOST_EXCHANGES = 1000;
const MOST_BYTES = 16 * 1024 * 1024;
/** A body has no more than this part of them. */
const MOST_BODY_BYTES = MOST_BYTES / 4;

/** Why an exchange is not in the sample. */
export type LeftOutWhy = 'body' | 'broken' | 'switched';

const WHY: Readonly<Record<LeftOutWhy, string>> = {
  body: `a body past ${MOST_BODY_BYTES / 1024 / 1024} MiB`,
  broken: 'the request failed, or a body broke off',
  switched: 'not HTTP any more (an upgrade)',
};

/**
 * What is kept of the traffic of one listener: a run of exchanges, in memory alone, up to a number and
 * up to so many bytes; then nothing until it begins anew.
 */
export class ExchangeSample {
  /** Requests since the beginning, in the sample or not. */
  seen = 0;
  #startedMs = performance.now();
  #exchanges: SampledExchange[] = [];
  #leftOut = new Map<string, number>();
  /** Bytes of bodies, also of exchanges that are under way. */
  #bytes = 0;
  #underWay = 0;
  /** A run that has ended: what is under way of it does not count for the next. */
  #run = 0;
  #restsUntilMs = 0;

  get exchanges(): readonly SampledExchange[] {
    return this.#exchanges;
  }

  get leftOut(): ReadonlyMap<string, number> {
    return this.#leftOut;
  }

  /** Whether it has all that it may have. */
  get isFull(): boolean {
    return this.#exchanges.length >= MOST_EXCHANGES || this.#bytes >= MOST_BYTES;
  }

  /** Requests a day, at the rate so far. */
  get requestsPerDay(): number {
    const days = (performance.now() - this.#startedMs) / 86_400_000;
    return Math.max(1, Math.round(this.seen / days));
  }

  /** Lets go of all exchanges, and keeps none that come in so many ms. */
  beginAnew(restMs: number): void {
    this.#restsUntilMs = performance.now() + restMs;
    this.#exchanges = [];
    this.#leftOut = new Map();
    this.#bytes = 0;
    this.#underWay = 0;
    this.#run += 1;
  }

  /** A place for an exchange; undefined while there is none. */
  open(): SamplePlace | undefined {
    if (this.#underWay + this.#exchanges.length >= MOST_EXCHANGES) return undefined;
    if (this.#bytes >= MOST_BYTES || performance.now() < this.#restsUntilMs) return undefined;
    const run = this.#run;
    let ownBytes = 0;
    let isOpen = true;
    this.#underWay += 1;
    const isCurrent = (): boolean => isOpen && run === this.#run;
    const close = (): void => {
      isOpen = false;
      this.#underWay -= 1;
    };
    return {
      take: (bytes, bodyBytes) => {
        if (!isCurrent()) return false;
        if (bodyBytes > MOST_BODY_BYTES) return false;
        this.#bytes += bytes;
        ownBytes += bytes;
        return true;
      },
      keep: (exchange) => {
        if (!isCurrent()) return;
        close();
        this.#exchanges.push(exchange);
      },
      leaveOut: (why) => {
        if (!isCurrent()) return;
        close();
        this.#bytes -= ownBytes;
        this.#leftOut.set(WHY[why], (this.#leftOut.get(WHY[why]) ?? 0) + 1);
      },
      forget: () => {
        if (!isCurrent()) return;
        close();
        this.#bytes -= ownBytes;
      },
    };
  }
}

/** The place of one exchange in a sample, while it is under way. Ends with one of the last three. */
export interface SamplePlace {
  /**
   * Makes room for further bytes of a body, which has so many with them; false when there is none.
   */
  take(bytes: number, bodyBytes: number): boolean;
  keep(exchange: SampledExchange): void;
  leaveOut(why: LeftOutWhy): void;
  /** It is none that counts: the proxy answered by itself. */
  forget(): void;
}
