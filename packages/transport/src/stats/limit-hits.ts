/** How often each limit was reached, by its name. As JSON it is an object. */
export class LimitHits extends Map<string, number> {
  /** Counts a limit that was reached. */
  hit(limit: string, times = 1): void {
    this.set(limit, (this.get(limit) ?? 0) + times);
  }

  /** Adds the hits of another. */
  add(hits: ReadonlyMap<string, number>): void {
    for (const [limit, times] of hits) this.hit(limit, times);
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(this);
  }
}
