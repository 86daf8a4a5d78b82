/** What a receiver accepts, said in its hello; the peer keeps to it (W-013). Sizes in bytes. */
export interface WireLimits {
  /** Longest `packed` of an envelope. Default 256 KiB. */
  readonly batchPacked: number;
  /** Longest `plain` and unpacked `packed` together. Default 1 MiB. */
  readonly batchUnpacked: number;
  /** Size of the sender's table, as W-051 counts it. Default 64 KiB. */
  readonly tableBytes: number;
  /** Streams open at once. Default 10,000. */
  readonly streams: number;
  /** Credit that each stream starts with. Default 256 KiB. */
  readonly streamWindow: number;
  /** Credit that the link starts with. Default 1 MiB. */
  readonly linkWindow: number;
  /** Largest head, as W-063 counts it. Default 32 KiB. */
  readonly headBytes: number;
  /** Most fields in a head, repeated ones counted each. Default 100. */
  readonly fields: number;
  /** Isolated windows that the peer may pack with beside the shared one (W-075). Default 0, at most 16. */
  readonly windows: number;
}

/** The limits of a hello that names none. */
export const DEFAULT_LIMITS: WireLimits = {
  batchPacked: 256 * 1024,
  batchUnpacked: 1024 * 1024,
  tableBytes: 64 * 1024,
  streams: 10_000,
  streamWindow: 256 * 1024,
  linkWindow: 1024 * 1024,
  headBytes: 32 * 1024,
  fields: 100,
  windows: 0,
};

/** Longest body in a request or response record (W-040). */
export const MAX_INLINE_BODY = 64 * 1024;
/** Longest data record (W-041). */
export const MAX_DATA = 16 * 1024;
/** Longest envelope of a hello (W-009). */
export const MAX_HELLO = 16 * 1024;
/** The least that a hello may say of a batch, so that every legal record fits one (W-013). */
export const LEAST_BATCH = 128 * 1024;
/** What is kept of a message to people, in bytes. */
export const MAX_MESSAGE = 1024;
/** Most isolated windows of a direction (W-075). */
export const MAX_WINDOWS = 16;
/** Highest stream id (W-030). */
export const MAX_ID = 2 ** 30;
/** Highest sum of credit (W-043). */
export const MAX_CREDIT = 2 ** 31 - 1;
/** W-063: longest name, value and path; most trailers. */
export const MAX_NAME = 256;
export const MAX_VALUE = 16 * 1024;
export const MAX_PATH = 8 * 1024;
export const MAX_TRAILERS = 32;
/** W-051 and W-063: what a table entry and a field cost beside their text. */
export const FIELD_OVERHEAD = 32;
/** W-063: past this many times `headBytes`, the link ends. */
export const HEAD_ABUSE_FACTOR = 4;
