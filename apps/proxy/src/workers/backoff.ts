/** How long a worker must have served to count as well, in ms. */
const WELL_MS = 10_000;
const FIRST_MS = 100;
const MOST_MS = 10_000;

/** How long to wait before a worker is started in the place of one that died. */
export class Backoff {
  #failures = 0;

  /** @param servedMs how long the one that died had served. @returns the wait, in ms. */
  next(servedMs: number): number {
    if (servedMs >= WELL_MS) this.#failures = 0;
    this.#failures += 1;
    return this.#failures === 1 ? 0 : Math.min(MOST_MS, FIRST_MS * 2 ** (this.#failures - 2));
  }
}
