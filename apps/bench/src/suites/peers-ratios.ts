import { type Side, speedRatio } from '../report/ratios.ts';
import type { Ratio, Result } from '../report/report.ts';

const PEERS = ['undici', 'node-http2', 'grpc-js'];

/** Each peer at the fastest of its ways, against tp: without a codec where theirs has none, with zstd beside. */
export function peersRatios(results: readonly Result[]): Ratio[] {
  const names = new Set(results.filter(({ system }) => system === 'tp').map((one) => one.case));
  return [...names].flatMap((name) => {
    const ours: Side = { system: 'tp', case: name };
    const plain = name.replace('/compressed/', '/none/');
    return PEERS.flatMap((system) =>
      speedRatio(`${name} vs ${system}`, results, ours, { system, case: plain, variants: true }),
    );
  });
}
