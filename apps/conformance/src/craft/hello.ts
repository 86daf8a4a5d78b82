import { CODECS, type CodecName } from '../codes.ts';
import { bytes, concat, uint } from './protobuf.ts';
import { type Crafted, record } from './record.ts';

/** What a side accepts, as its hello says it (W-013). Sizes in bytes. */
export interface Limits {
  readonly batchPacked: number;
  readonly batchUnpacked: number;
  readonly tableBytes: number;
  readonly streams: number;
  readonly streamWindow: number;
  readonly linkWindow: number;
  readonly headBytes: number;
  readonly fields: number;
  readonly windows: number;
}

/** The limits of a hello that names none, in the order of their numbers in message Limits. */
export const DEFAULT_LIMITS: Limits = {
  batchPacked: 262_144,
  batchUnpacked: 1_048_576,
  tableBytes: 65_536,
  streams: 10_000,
  streamWindow: 262_144,
  linkWindow: 1_048_576,
  headBytes: 32_768,
  fields: 100,
  windows: 0,
};

/** The names of message Limits, in the order of their numbers from 1. */
export const LIMIT_NAMES: readonly (keyof Limits)[] = [
  'batchPacked',
  'batchUnpacked',
  'tableBytes',
  'streams',
  'streamWindow',
  'linkWindow',
  'headBytes',
  'fields',
  'windows',
];

/** A codec that the sender of a hello can unpack, with the largest window that it accepts. */
export interface Offer {
  readonly codec: CodecName;
  readonly windowLog: number;
}

/** What the kit opens a link with. */
export interface HelloInit {
  readonly version?: number;
  readonly offers?: readonly Offer[];
  readonly limits?: Partial<Limits>;
  readonly features?: readonly number[];
  readonly checksum?: boolean;
  readonly token?: string;
  readonly extra?: Uint8Array;
}

/** A peer may choose any of these, unless a case offers others. */
export const ALL_OFFERS: readonly Offer[] = [
  { codec: 'ZSTD', windowLog: 20 },
  { codec: 'DEFLATE', windowLog: 15 },
];

/** The hello of a side (W-009). Default: version 1, all offers, default limits, with checksum. */
export function hello(init: HelloInit = {}): Crafted {
  const { version = 1, offers = ALL_OFFERS, limits = {}, features = [], checksum = true } = init;
  return record(
    10,
    uint(1, version),
    ...offers.map((offer) =>
      bytes(2, uint(1, CODECS.indexOf(offer.codec)), uint(2, offer.windowLog)),
    ),
    bytes(3, limitFields(limits)),
    ...features.map((feature) => uint(4, feature)),
    checksum ? uint(5, 1) : '',
    bytes(6, 'conformance'),
    init.token === undefined ? '' : bytes(7, init.token),
    init.extra ?? '',
  );
}

function limitFields(limits: Partial<Limits>): Uint8Array {
  const fields = LIMIT_NAMES.map((name, index) => {
    const value = limits[name];
    return value === undefined ? new Uint8Array(0) : uint(index + 1, value);
  });
  return concat(...fields);
}
