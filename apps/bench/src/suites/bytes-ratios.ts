import { wireBytes } from '../report/ratios.ts';
import type { Ratio, Result } from '../report/report.ts';

/** tp with zstd in batches of 64, against HTTP/1.1 and against httpteleport's flate in the same batches. */
export function bytesRatios(results: readonly Result[]): Ratio[] {
  const parts = [
    { suffix: '', label: 'bytes' },
    { suffix: '/requests', label: 'request bytes' },
    { suffix: '/responses', label: 'response bytes' },
  ];
  return ['rtb', 'rest'].flatMap((kind) =>
    parts.flatMap(({ suffix, label }) => {
      const packed = `${kind}/batch-64${suffix}`;
      const ours = wireBytes(results, { system: 'tp', case: packed, codec: 'zstd' });
      const http1 = wireBytes(results, { system: 'http1', case: `${kind}${suffix}` });
      const flate = wireBytes(results, { system: 'httpteleport', case: packed, codec: 'flate' });
      return [
        ...ratio(`${kind} ${label} vs http1`, http1, ours, true),
        ...ratio(`${kind} ${label} vs httpteleport-flate`, ours, flate, false),
      ];
    }),
  );
}

function ratio(
  name: string,
  above: number | undefined,
  below: number | undefined,
  higherIsBetter: boolean,
): Ratio[] {
  if (above === undefined || !below) return [];
  return [{ name, value: above / below, higherIsBetter }];
}
