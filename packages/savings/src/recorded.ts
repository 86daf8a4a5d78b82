import type { TrafficRequest, TrafficResponse } from './exchange.ts';

/** One request and its answer as somebody recorded them, made ready to be sent again. */
export interface RecordedExchange {
  /** When the request was made, in ms since 1970; undefined where the file does not say. */
  readonly atMs: number | undefined;
  readonly request: TrafficRequest;
  /** The answer as it was sent. */
  readonly response: TrafficResponse;
  /** The answer with its body unpacked; the same object where no `content-encoding` was applied. */
  readonly plainResponse: TrafficResponse;
}

/** What a traffic file gave. */
export interface RecordedTraffic {
  /** In the order in which they were made. */
  readonly exchanges: readonly RecordedExchange[];
  /** How many of the file's entries are not among them, by the reason. */
  readonly leftOut: ReadonlyMap<string, number>;
}

/** An entry that says nothing about bytes on a link, and why. */
export interface LeftOut {
  readonly leftOut: string;
}

const TOO_LARGE = 'a head past the limits of a link';
const MOST_FIELDS = 100;
const MOST_HEAD_BYTES = 32 * 1024;
const FIELD_BYTES = 32;
const MOST_NAME_BYTES = 256;
const MOST_VALUE_BYTES = 16 * 1024;
const MOST_PATH_BYTES = 8 * 1024;

/** How much is taken of a file. */
export interface Most {
  readonly exchanges: number;
  /** Of bodies. */
  readonly bytes: number;
}

/** Gathers entries, up to a number of exchanges and of bytes. */
export class Recording {
  readonly #exchanges: RecordedExchange[] = [];
  readonly #leftOut = new Map<string, number>();
  readonly #most: Most;
  #bytes = 0;

  constructor(most: Most) {
    this.#most = most;
  }

  get isFull(): boolean {
    return this.#exchanges.length >= this.#most.exchanges || this.#bytes >= this.#most.bytes;
  }

  add(entry: RecordedExchange | LeftOut): void {
    if ('leftOut' in entry) this.leaveOut(entry.leftOut, 1);
    else if (!fits(entry)) this.leaveOut(TOO_LARGE, 1);
    else {
      this.#exchanges.push(entry);
      this.#bytes += (entry.request.body?.length ?? 0) + entry.response.body.length;
    }
  }

  /** Counts entries that come when it is full. */
  leaveRest(count: number): void {
    const { exchanges, bytes } = this.#most;
    const first = `${exchanges.toLocaleString('en-US')}, or ${Math.round(bytes / 1e6)} MB`;
    this.leaveOut(`beyond the first ${first}`, count);
  }

  leaveOut(why: string, count: number): void {
    this.#leftOut.set(why, (this.#leftOut.get(why) ?? 0) + count);
  }

  /** What was gathered, by time where every entry has one. */
  end(): RecordedTraffic {
    const timed = this.#exchanges.every(({ atMs }) => atMs !== undefined);
    const exchanges = timed
      ? this.#exchanges.toSorted((a, b) => (a.atMs ?? 0) - (b.atMs ?? 0))
      : this.#exchanges;
    return { exchanges, leftOut: this.#leftOut };
  }
}

/** Whether a link takes its heads with default limits (W-063). */
function fits({ request, response }: RecordedExchange): boolean {
  if (request.path.length > MOST_PATH_BYTES) return false;
  return [request.headers, response.headers].every((headers) => {
    const text = headers.reduce((sum, entry) => sum + entry.length, 0);
    const fields = headers.length / 2;
    const isLong = (entry: string, i: number) =>
      entry.length > (i % 2 === 0 ? MOST_NAME_BYTES : MOST_VALUE_BYTES);
    return (
      fields <= MOST_FIELDS &&
      text + fields * FIELD_BYTES + request.path.length <= MOST_HEAD_BYTES &&
      !headers.some(isLong)
    );
  });
}
