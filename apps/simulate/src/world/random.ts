/**
 * Numbers that follow from a seed alone (SplitMix32). Each part of a history draws from a stream of
 * its own, so that one more draw in one part changes nothing in another.
 */
export class Random {
  #state: number;

  /** @param seed a whole number from 0 to 2^53. */
  constructor(seed: number) {
    this.#state = mixed(mixed(seed >>> 0) ^ (Math.floor(seed / 2 ** 32) + 0x3c6ef372));
  }

  /** A stream of its own that follows from this one and a name. */
  fork(name: string): Random {
    let hash = this.#next();
    for (let i = 0; i < name.length; i++) hash = mixed(hash ^ name.charCodeAt(i));
    return new Random(hash >>> 0);
  }

  /** From 0 to just below 1. */
  readonly unit = (): number => this.#next() / 2 ** 32;

  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.unit() * (most - least + 1));
  }

  /** From `least` to `most`, small ones as often as large ones: each power of two alike. */
  scale(least: number, most: number): number {
    return least * (most / least) ** this.unit();
  }

  /** True with that probability. */
  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  /** One of a list, each alike. */
  pick<const T>(list: readonly [T, ...T[]]): T {
    return list[this.whole(0, list.length - 1)] ?? list[0];
  }

  #next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    return mixed(this.#state) >>> 0;
  }
}

function mixed(value: number): number {
  let bits = value ^ (value >>> 16);
  bits = Math.imul(bits, 0x21f0aaad);
  bits ^= bits >>> 15;
  bits = Math.imul(bits, 0x735a2d97);
  return bits ^ (bits >>> 15);
}
