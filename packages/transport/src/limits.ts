import { DEFAULT_LIMITS, MAX_WINDOWS, type WireLimits } from '@tp/wire';

/** Every limit of a link, with its unit in the name. What the peer must know goes into the hello. */
export interface LinkLimits extends WireLimits {
  /** A hello must be complete by then, in ms. Default 5,000. */
  readonly handshakeTimeoutMs: number;
  /** Calls per link that wait for their response's head. Default 10,000; then OVERFLOW, processed "no". */
  readonly maxPendingRequests: number;
  /** Bytes of whole bodies that wait to be written, per link. Default 16 MiB; then OVERFLOW. */
  readonly maxPendingBytes: number;
  /** How often a call is written at most. Default 3. */
  readonly maxAttempts: number;
  /** Attempts beyond the first that 100 calls of the last 10 s earn. Default 20; then a call fails with its own error. */
  readonly retryPercent: number;
  /** Attempts beyond the first that are allowed besides, a second. Default 10. */
  readonly retryRate: number;
  /** Bytes read ahead from one body's source, per stream. Default 64 KiB; then the source is paused. */
  readonly streamBuffer: number;
  /** Handlers that run at once, per server. Default 10,000; then REFUSED, processed "no". */
  readonly maxRunningHandlers: number;
  /**
   * How long a request may have waited for its handler, in ms, as handlers compute for long, before
   * others are turned away. Default 100; then OVERLOADED, processed "no".
   */
  readonly maxHandlerWaitMs: number;
  /** Bytes of whole bodies that handlers hold, per link. Default 64 MiB; then REFUSED, processed "no". */
  readonly maxRunningBytes: number;
  /** What `bytes()` gathers at most. Default 4 MiB; then BODY_LIMIT. */
  readonly maxBufferedBodyBytes: number;
  /** What a streamed body may bring in all. Default 1 GiB; then BODY_LIMIT. */
  readonly maxBodyBytes: number;
  /** Control records that wait to be written. Default 1,000; then ENHANCE_YOUR_CALM, of the link. */
  readonly maxQueuedControl: number;
  /** Useless records: so many at once and a second. Default 10,000 and 330. */
  readonly glitchBurst: number;
  readonly glitchRate: number;
  /** Cancels by a dialer: so many at once and a second. Default 1,000 and 33. */
  readonly cancelBurst: number;
  readonly cancelRate: number;
  /** A ping goes out after so much silence, in ms, and must be answered within the second. Default 30,000 and 10,000. */
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  /** A compressor that packed nothing for so long, in ms, is let go, and the peer is told. Default 30,000. */
  readonly windowIdleMs: number;
  /** Shortest time between a peer's pings, in ms; two shorter ones are forgiven. Default 10,000. */
  readonly pingMinIntervalMs: number;
  /** Until the response's head, in ms, where a call has no deadline of its own. Default 30,000. */
  readonly requestTimeoutMs: number;
  /** A link that has carried nothing for so long leaves, in ms. Default 900,000 (15 min); `Infinity` keeps it. */
  readonly idleTimeoutMs: number;
  /** How long `close` waits for what is under way, in ms. Default 30,000. */
  readonly drainTimeoutMs: number;
}

/** The defaults; README.md has them as a table with what happens at each. */
export const DEFAULT_LINK_LIMITS: LinkLimits = {
  ...DEFAULT_LIMITS,
  windows: MAX_WINDOWS,
  handshakeTimeoutMs: 5_000,
  maxPendingRequests: 10_000,
  maxPendingBytes: 16 * 1024 * 1024,
  maxAttempts: 3,
  retryPercent: 20,
  retryRate: 10,
  streamBuffer: 64 * 1024,
  maxRunningHandlers: 10_000,
  maxHandlerWaitMs: 100,
  maxRunningBytes: 64 * 1024 * 1024,
  maxBufferedBodyBytes: 4 * 1024 * 1024,
  maxBodyBytes: 1024 * 1024 * 1024,
  maxQueuedControl: 1_000,
  glitchBurst: 10_000,
  glitchRate: 330,
  cancelBurst: 1_000,
  cancelRate: 33,
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  windowIdleMs: 30_000,
  pingMinIntervalMs: 10_000,
  requestTimeoutMs: 30_000,
  idleTimeoutMs: 900_000,
  drainTimeoutMs: 30_000,
};
