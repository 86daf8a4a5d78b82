import type { TrafficKind } from '../traffic/kinds.ts';

/** What a link compresses with. `zstd` and `deflate` are tp's, `flate` and `snappy` httpteleport's. */
export type Codec = 'none' | 'zstd' | 'deflate' | 'flate' | 'snappy';

/** A shape of tp's that people write programs in: at the server (`from-…`) or at the client. */
export type Shape = (typeof SHAPES)[number];

/** Every shape; the lean one is what the others stand on. */
export const SHAPES = [
  'lean',
  'from-fetch',
  'from-listener',
  'fetch',
  'dispatcher',
  'agent',
] as const;

/** One situation that systems are measured in. */
export interface Case {
  /** As in the report, e.g. `get/none/1000`. */
  readonly name: string;
  readonly traffic: 'get' | TrafficKind;
  readonly codec: Codec;
  readonly tls: boolean;
  /** How many callers each await one answer before they send the next request. */
  readonly callers: number;
  /** How long the client may hold a batch back for more, in ms. */
  readonly delayMs: number;
  /** The small call in that shape; the traffic is `get`. Default: lean, and nothing made per call. */
  readonly shape?: Shape;
}

/** Exchanges that `rtb` and `rest` cases go round in: more bytes than any window holds, so that a repeat finds nothing of the last round. */
export const EXCHANGES_PER_CASE = 6000;

/** The seed of all traffic that is measured. */
export const TRAFFIC_SEED = 20260302;

/** @throws {Error} when the text is not a case. */
export function parseCase(text: string): Case {
  const found: unknown = JSON.parse(text);
  if (!isCase(found)) throw new Error(`expected a case as JSON; found ${text}`);
  return found;
}

function isCase(value: unknown): value is Case {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'traffic' in value &&
    (value.traffic === 'get' || value.traffic === 'rtb' || value.traffic === 'rest') &&
    'codec' in value &&
    isCodec(value.codec) &&
    'tls' in value &&
    typeof value.tls === 'boolean' &&
    'callers' in value &&
    typeof value.callers === 'number' &&
    'delayMs' in value &&
    typeof value.delayMs === 'number' &&
    (!('shape' in value) || SHAPES.some((shape) => shape === value.shape))
  );
}

function isCodec(value: unknown): value is Codec {
  return ['none', 'zstd', 'deflate', 'flate', 'snappy'].some((codec) => codec === value);
}
