import type { NameInfo } from './send-table.ts';

/** Values in a hole that are remembered to notice a second sight. */
const REMEMBERED = 32;
/** For how many heads a hole is not looked at after `REMEMBERED` values without a repeat. */
const PAUSE = 512;

/** What `Hole.at` is for the path or the reason, and for the method or the status. */
export const AT_SECOND = -1;
export const AT_START = -2;

/** A place in a block whose value each head brings. Learns whether storing its values pays. */
export class Hole {
  /** Index of the value in the flat list, or one of the above. */
  readonly at: number;
  readonly info: NameInfo;
  /** Hashes, so that long values cost no memory; a false match stores a value too early. */
  readonly #seen = new Set<number>();
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
    const hash = hashOf(value);
    if (this.#seen.has(hash)) {
      this.#repeats++;
      return true;
    }
    if (this.#seen.size >= REMEMBERED) {
      this.#seen.clear();
      if (this.#repeats === 0) this.#pause = PAUSE;
      this.#repeats = 0;
    }
    this.#seen.add(hash);
    return false;
  }
}

/** FNV-1a, as a small integer. */
function hashOf(value: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < value.length; i++) {
    hash = Math.imul(hash ^ value.charCodeAt(i), 0x01000193);
  }
  return hash >> 2;
}
