/** How much one measurement moves the smoothed round trip (RFC 6298 section 2.3). */
const SHARE = 1 / 8;

/** How long the peer takes to answer: as hellos and pings find it, and as credit shows it. */
export class RoundTrip {
  /** The latest measurement, in ms; undefined before the first. */
  latestMs: number | undefined;
  /** The smoothed one, in ms. */
  smoothedMs: number | undefined;
  /** The least that is known, in ms; undefined before anything is. */
  leastMs: number | undefined;
  /** When it was found, or found again. */
  leastAt = Number.NEGATIVE_INFINITY;

  /** Whether the least was measured by something that waits for nothing else. */
  get isKnown(): boolean {
    return this.leastAt !== Number.NEGATIVE_INFINITY;
  }

  /** Takes a measurement, in ms, made at `now`. */
  measured(ms: number, now: number): void {
    this.latestMs = ms;
    this.smoothedMs =
      this.smoothedMs === undefined ? ms : this.smoothedMs + (ms - this.smoothedMs) * SHARE;
    if (this.leastMs === undefined || ms <= this.leastMs) this.renew(ms, now);
  }

  /** The round trip took that long at most: what was timed may have waited for something else too. */
  atMost(ms: number, now: number): void {
    if (this.leastMs !== undefined && ms > this.leastMs) return;
    this.leastMs = ms;
    if (this.isKnown) this.leastAt = now;
  }

  /** The least was looked for anew, and this was found: it may be more than before. */
  renew(ms: number, now: number): void {
    this.leastMs = ms;
    this.leastAt = now;
  }
}
