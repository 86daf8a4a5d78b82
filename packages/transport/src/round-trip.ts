/** How much one measurement moves the smoothed round trip (RFC 6298 section 2.3). */
const SHARE = 1 / 8;

/** How long the peer takes to answer, as hellos and pings find it. */
export class RoundTrip {
  /** The latest measurement, in ms; undefined before the first. */
  latestMs: number | undefined;
  /** The smoothed one, in ms. */
  smoothedMs: number | undefined;

  /** Takes a measurement, in ms. */
  measured(ms: number): void {
    this.latestMs = ms;
    this.smoothedMs =
      this.smoothedMs === undefined ? ms : this.smoothedMs + (ms - this.smoothedMs) * SHARE;
  }
}
