/** What can be found by its id. */
interface Numbered {
  readonly id: number;
}

const INITIAL = 64;
const LARGEST = 65_536;

/**
 * Streams by id. Ids grow one by one and most streams end soon, so a ring indexed by the id's low
 * bits finds nearly all of them in one step; those that outlive a turn of the ring move to a map.
 */
export class StreamTable<T extends Numbered> {
  #ring: (T | undefined)[] = new Array<T | undefined>(INITIAL).fill(undefined);
  #mask = INITIAL - 1;
  readonly #old = new Map<number, T>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(stream: T): void {
    if (this.#size >= this.#ring.length && this.#ring.length < LARGEST) this.#grow();
    const at = stream.id & this.#mask;
    const older = this.#ring[at];
    if (older !== undefined) this.#old.set(older.id, older);
    this.#ring[at] = stream;
    this.#size++;
  }

  get(id: number): T | undefined {
    const found = this.#ring[id & this.#mask];
    if (found !== undefined && found.id === id) return found;
    return this.#old.size === 0 ? undefined : this.#old.get(id);
  }

  delete(id: number): void {
    const at = id & this.#mask;
    if (this.#ring[at]?.id === id) {
      this.#ring[at] = undefined;
      this.#size--;
    } else if (this.#old.delete(id)) this.#size--;
  }

  /** Gives up the room that an empty table has grown to. */
  trim(): void {
    if (this.#size > 0 || this.#ring.length === INITIAL) return;
    this.#ring = new Array<T | undefined>(INITIAL).fill(undefined);
    this.#mask = INITIAL - 1;
  }

  /** All streams, in no order. Safe against changes while it runs. */
  all(): T[] {
    const all: T[] = [];
    this.each((stream) => all.push(stream));
    return all;
  }

  /** Calls `visit` for each stream, in no order; it must not add or delete any. */
  each(visit: (stream: T) => void): void {
    for (const stream of this.#old.values()) visit(stream);
    for (const stream of this.#ring) if (stream !== undefined) visit(stream);
  }

  #grow(): void {
    const before = this.#ring;
    const size = before.length * 2;
    this.#ring = new Array<T | undefined>(size).fill(undefined);
    this.#mask = size - 1;
    for (const stream of before) {
      if (stream !== undefined) this.#ring[stream.id & this.#mask] = stream;
    }
  }
}
