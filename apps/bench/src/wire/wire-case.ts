/** One thing that the suite measures. */
export interface WireCase {
  /** As in the report, e.g. `get/repeated/encode/batch-64`. */
  readonly name: string;
  readonly traffic: string;
  readonly direction: 'encode' | 'decode';
  /** Messages of a batch. */
  readonly batch: number;
}

const DIRECTIONS = ['encode', 'decode'] as const;
const BATCHES = [1, 8, 64];

/** Every case of the given kinds of traffic. */
export function wireCases(traffic: readonly string[]): WireCase[] {
  return traffic.flatMap((kind) =>
    DIRECTIONS.flatMap((direction) =>
      BATCHES.map((batch) => ({
        name: `${kind}/${direction}/batch-${batch}`,
        traffic: kind,
        direction,
        batch,
      })),
    ),
  );
}
