import type { NameInfo } from './send-table.ts';

/** Values in a hole that are remembered to notice a second sight. */
const REMEMBERED = 32;
/** For how many heads a hole is not looked at after `REMEMBERED` values without a repeat. */
const PAUSE = 512;

/** A place in a block whose value each head brings. Learns whether storing its values pays. */
export class Hole {
  /** Index of the value in the flat list; -1 is the path or the reason. */
  readonly at: number;
  readonly info: NameInfo;
  readonly #seen = new Set<string>();
  #pause = 0;
  #repeats = 0;

  constructor(at: number, info: NameInfo) {
    this.at = at;
    this.info = info;
  }

  /** False while the values of this hole have shown not to repeat. */
  worthLooking(): boolean {
    if (this.#pause === 0) return true;
    this.#pause--;
    return false;
  }

  repeated(): void {
    this.#repeats++;
  }

  /** Whether the value was met before; remembers it. */
  seenBefore(value: string): boolean {
    if (this.#seen.has(value)) {
      this.#repeats++;
      return true;
    }
    if (this.#seen.size >= REMEMBERED) {
      this.#seen.clear();
      if (this.#repeats === 0) this.#pause = PAUSE;
      this.#repeats = 0;
    }
    this.#seen.add(value);
    return false;
  }
}
