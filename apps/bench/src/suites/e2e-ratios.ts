import { SHAPES } from '../measure/case.ts';
import { distanceRatio, type Side, speedRatio } from '../report/ratios.ts';
import type { Ratio, Result } from '../report/report.ts';

/**
 * The ratios that the suite's results allow. httpteleport counts at its fastest: with or without
 * delay, and with flate or snappy where the case is compressed. tp counts with its default codec and
 * no delay.
 */
export function e2eRatios(results: readonly Result[]): Ratio[] {
  const small = 'get/none/1000';
  const ours: Side = { system: 'tp', case: small };
  return [
    ...speedRatio(`${small} vs httpteleport`, results, ours, rival(small)),
    ...speedRatio(`${small} vs httpteleport-memory`, results, ours, {
      ...rival(small),
      system: 'httpteleport-memory',
    }),
    ...distanceRatio(`${small} vs tp-floor`, results, ours, { system: 'tp-floor', case: small }),
    ...['get', 'rtb', 'rest'].flatMap((traffic) =>
      packedRatios(results, `${traffic}/compressed/1000`),
    ),
    ...SHAPES.filter((shape) => shape !== 'lean').flatMap((shape) =>
      distanceRatio(
        `shapes/${shape} vs lean`,
        results,
        { system: 'tp', case: `shapes/${shape}` },
        { system: 'tp', case: 'shapes/lean' },
      ),
    ),
  ];
}

function packedRatios(results: readonly Result[], name: string): Ratio[] {
  const ours: Side = { system: 'tp', case: name, codec: 'zstd' };
  return [
    ...speedRatio(`${name} vs httpteleport`, results, ours, rival(name)),
    ...speedRatio(`${name} vs httpteleport-flate`, results, ours, {
      ...rival(name),
      codec: 'flate',
    }),
    ...speedRatio(`${name} vs httpteleport-snappy`, results, ours, {
      ...rival(name),
      codec: 'snappy',
    }),
  ];
}

function rival(name: string): Side {
  return { system: 'httpteleport', case: name, delayed: true };
}
