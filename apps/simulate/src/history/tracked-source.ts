import type { Host } from '../world/host.ts';
import type { BodyPlan } from './call-plan.ts';
import { content, MOST_AT_ONCE, type Side } from './content.ts';
import type { Ledger } from './ledger.ts';

/** What a source that is to fail throws. */
export class SourceFailure extends Error {}

/** The source of a body, which notices how it is used. */
export class TrackedSource implements AsyncIterableIterator<Uint8Array> {
  readonly name: string;
  readonly host: Host;
  /** Whether it was read to its end, has failed, or was told to stop. */
  released = false;
  readonly #ledger: Ledger;
  readonly #next: () => Promise<Uint8Array | undefined>;
  readonly #stop: () => void;
  #opened = 0;
  #reading = false;

  /**
   * @param next gives the next piece; undefined at the end.
   * @param stop is called when nothing further is wanted.
   */
  constructor(
    name: string,
    host: Host,
    ledger: Ledger,
    next: () => Promise<Uint8Array | undefined>,
    stop: () => void = () => {},
  ) {
    this.name = name;
    this.host = host;
    this.#ledger = ledger;
    this.#next = next;
    this.#stop = stop;
    ledger.sources.push(this);
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#reading) this.#misused('was asked for two pieces at once');
    if (this.released) {
      this.#misused('was read on behind its end');
      return { done: true, value: undefined };
    }
    this.#reading = true;
    try {
      const piece = await this.#next();
      if (piece !== undefined) return { done: false, value: piece };
      this.released = true;
      return { done: true, value: undefined };
    } catch (error) {
      this.released = true;
      throw error;
    } finally {
      this.#reading = false;
    }
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    if (!this.released) this.#stop();
    this.released = true;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    this.#opened++;
    if (this.#opened > 1) this.#misused('was opened twice');
    return this;
  }

  #misused(how: string): void {
    this.#ledger.violate('source misused', `${this.name} ${how}`);
  }
}

/** The source of a planned body. */
export function plannedSource(
  call: number,
  side: Side,
  plan: BodyPlan,
  host: Host,
  ledger: Ledger,
): TrackedSource {
  let offset = 0;
  return new TrackedSource(`the ${side} source of call ${call}`, host, ledger, async () => {
    if (offset > 0 && plan.gapMs > 0) await host.sleep(plan.gapMs);
    const end = plan.failsAt ?? plan.bytes;
    if (offset >= end) {
      if (plan.failsAt !== undefined) throw new SourceFailure('the source fails as planned');
      return undefined;
    }
    const length = Math.min(plan.pieceBytes, end - offset, MOST_AT_ONCE);
    const piece = content(call, side, offset, length);
    offset += length;
    return piece;
  });
}
