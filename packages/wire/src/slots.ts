import { FIRST_SLOT } from './schema.ts';

/** Below this an operation on a slot is one byte: its integer is four times the number, and a bit. */
export const SHORT_END = 32;

/** The free slots of a table. Those with short numbers are for what is named often. */
export class Slots {
  readonly #short: Range;
  readonly #long: Range;

  /** @param end the first number that is no slot. */
  constructor(end: number) {
    this.#short = new Range(FIRST_SLOT, Math.min(end, SHORT_END));
    this.#long = new Range(SHORT_END, end);
  }

  /** A free slot, of the other kind when there is none of the wanted one; undefined when all are taken. */
  take(short: boolean): number | undefined {
    return short
      ? (this.#short.take() ?? this.#long.take())
      : (this.#long.take() ?? this.#short.take());
  }

  free(slot: number): void {
    (slot < SHORT_END ? this.#short : this.#long).free(slot);
  }
}

/** Free numbers: those that were given back, then those that were never taken. */
class Range {
  readonly #end: number;
  readonly #freed: number[] = [];
  #next: number;

  constructor(start: number, end: number) {
    this.#next = start;
    this.#end = end;
  }

  take(): number | undefined {
    return this.#freed.pop() ?? (this.#next < this.#end ? this.#next++ : undefined);
  }

  free(slot: number): void {
    this.#freed.push(slot);
  }
}
