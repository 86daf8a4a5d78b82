/** Values that are remembered to notice that one comes again. */
const REMEMBERED = 128;
/** Counts are halved at this many looks, so that what a name did lately weighs more. */
const HALVED_AT = 256;
/** After this many new values in a row, values are not looked at for `PAUSE` heads. */
const PATIENCE = 64;
const PAUSE = 1024;

/** What the values under one name have shown: whether they come again, so that storing them pays. */
export class Habit {
  /** Hashes, so that long values cost no memory; a false match counts a repeat too many. Made for the second value. */
  #seen: Int32Array | undefined;
  #looks = 0;
  #repeats = 0;
  /** Repeats that are taken for granted until the first pause, so that the first values are stored. */
  #granted = 2;
  #pause = 0;
  /** Values in a row that were new. */
  #misses = 0;

  /** False while the values have shown not to repeat: they need neither be looked up nor stored. */
  worthLooking(): boolean {
    if (this.#pause === 0) return true;
    this.#pause--;
    return false;
  }

  /** Whether at least that share of the values came again. */
  repeats(share: number): boolean {
    return this.#repeats + this.#granted >= this.#looks * share;
  }

  /** Counts a value that the table has. */
  known(): void {
    this.#misses = 0;
    this.#repeats++;
    this.#look();
  }

  /** Counts a value that the table does not have, and remembers it; tells whether it was met before. */
  met(value: string): boolean {
    const before = this.#looks > 0 && this.#remember(hashOf(value));
    if (before) {
      this.#misses = 0;
      this.#repeats++;
    } else if (++this.#misses === PATIENCE) this.#rest();
    this.#look();
    return before;
  }

  /** Forgets which values it met, but not what they have shown: half a KiB less. */
  forget(): void {
    this.#seen = undefined;
  }

  #remember(hash: number): boolean {
    this.#seen ??= new Int32Array(REMEMBERED);
    const place = hash & (REMEMBERED - 1);
    const before = this.#seen[place] === hash;
    this.#seen[place] = hash;
    return before;
  }

  #look(): void {
    if (++this.#looks < HALVED_AT) return;
    this.#looks >>= 1;
    this.#repeats >>= 1;
  }

  #rest(): void {
    this.#pause = PAUSE;
    this.#misses = 0;
    this.#looks = 0;
    this.#repeats = 0;
    this.#granted = 0;
  }
}

/** FNV-1a. */
function hashOf(value: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < value.length; i++) {
    hash = Math.imul(hash ^ value.charCodeAt(i), 0x01000193);
  }
  return hash;
}
