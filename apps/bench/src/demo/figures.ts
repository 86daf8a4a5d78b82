/** The figures of a demo; exactly what `--json` writes. */
export interface DemoFigures {
  /** Requests whose answer was right. */
  readonly requests: number;
  readonly errors: number;
  /** As they stand on the HTTP side, both directions. */
  readonly httpBytes: number;
  /** As counted on the link's sockets, both directions. */
  readonly wireBytes: number;
  /** HTTP bytes for each byte on the wire; 0 before anything crossed. */
  readonly ratio: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What `makeFigures` works from. */
export interface Counts {
  readonly requests: number;
  readonly errors: number;
  readonly httpBytes: number;
  readonly wireBytes: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Derives the figures, rounded to what is worth reading. */
export function makeFigures(counts: Counts): DemoFigures {
  const { requests, errors, httpBytes, wireBytes, seconds, p50Ms, p99Ms } = counts;
  return {
    requests,
    errors,
    httpBytes,
    wireBytes,
    ratio: wireBytes > 0 ? Number((httpBytes / wireBytes).toFixed(3)) : 0,
    requestsPerSecond: seconds > 0 ? Math.round(requests / seconds) : 0,
    p50Ms: Number(p50Ms.toFixed(3)),
    p99Ms: Number(p99Ms.toFixed(3)),
  };
}
