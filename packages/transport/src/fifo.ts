/** A first-in, first-out queue on a ring, so that neither end ever moves the rest. */
export class Fifo<T> {
  #ring: (T | undefined)[] = newRing<T>();
  #mask = FIRST_MASK;
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length > this.#mask) this.#grow();
    this.#ring[(this.#first + this.#length++) & this.#mask] = item;
  }

  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#ring[this.#first];
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#ring[this.#first];
    this.#ring[this.#first] = undefined;
    this.#first = (this.#first + 1) & this.#mask;
    this.#length--;
    return item;
  }

  /** Gives up the room that an empty queue has grown to. */
  trim(): void {
    if (this.#length > 0 || this.#mask === FIRST_MASK) return;
    this.#ring = newRing<T>();
    this.#mask = FIRST_MASK;
    this.#first = 0;
  }

  /** Calls `visit` for each item in line, first to last; it must not add or take any. */
  each(visit: (item: T) => void): void {
    for (let i = 0; i < this.#length; i++) {
      const item = this.#ring[(this.#first + i) & this.#mask];
      if (item !== undefined) visit(item);
    }
  }

  #grow(): void {
    const size = this.#ring.length;
    const grown = new Array<T | undefined>(size * 2).fill(undefined);
    for (let i = 0; i < size; i++) grown[i] = this.#ring[(this.#first + i) & this.#mask];
    this.#ring = grown;
    this.#mask = size * 2 - 1;
    this.#first = 0;
  }
}

const FIRST_MASK = 15;

function newRing<T>(): (T | undefined)[] {
  return new Array<T | undefined>(FIRST_MASK + 1).fill(undefined);
}
