/**
 * A seeded source of random numbers (sfc32, period about 2^128). Equal seeds give equal values on
 * every machine, so that a traffic item can be made again from its seed and index alone.
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /** @param seed any integer; only its low 32 bits count. @param stream selects one of 2^32 unrelated sequences of that seed. */
  constructor(seed: number, stream = 0) {
    this.a = seed | 0;
    this.b = stream | 0;
    this.c = 0x9e3779b9;
    for (let i = 0; i < 15; i += 1) this.uint32();
  }

  /** The next integer from 0 to 2^32 - 1. */
  uint32(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** The next number from 0 up to, not including, 1. */
  unit(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** An integer from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  /** One entry, each equally likely. */
  pick<T>(entries: readonly [T, ...T[]]): T {
    return entries[this.int(0, entries.length - 1)] ?? entries[0];
  }

  /** One entry, earlier ones likelier: the k-th with a weight of 1 / k (Zipf), as names and words are in real traffic. */
  pickSkewed<T>(entries: readonly [T, ...T[]]): T {
    const rank = Math.floor(Math.exp(this.unit() * Math.log(entries.length + 1))) - 1;
    return entries[Math.min(rank, entries.length - 1)] ?? entries[0];
  }

  /** `count` different entries (or all of them when there are fewer), in the order of the list. */
  sample<T>(entries: readonly T[], count: number): T[] {
    const chosen: T[] = [];
    let wanted = Math.min(count, entries.length);
    for (const [i, entry] of entries.entries()) {
      if (wanted === 0) break;
      if (this.unit() * (entries.length - i) >= wanted) continue;
      chosen.push(entry);
      wanted -= 1;
    }
    return chosen;
  }

  /** Roughly normal around `mean`: the sum of three uniform draws. */
  around(mean: number, deviation: number): number {
    return mean + (this.unit() + this.unit() + this.unit() - 1.5) * 2 * deviation;
  }
}
