import { DEFAULT_LIMITS, MAX_WINDOWS, type WireLimits } from '@tp/wire';
import { mostLinks } from './socket/descriptors.ts';

/** Every limit of a link, with its unit in the name. What the peer must know goes into the hello. */
export interface LinkLimits extends WireLimits {
  /** A hello must be complete by then, in ms. Default 5,000. */
  readonly handshakeTimeoutMs: number;
  /** Connections that have not said their hello, per server. Default 10,000; then one goes for each that comes. */
  readonly maxHandshakes: number;
  /**
   * Links of a server. Default: what the process may open less a tenth, where the system says it
   * (`ulimit -n`). Then connections are closed as they come.
   */
  readonly maxLinks: number;
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
  /** Up to where a stream's window grows for a reader that keeps up, in bytes. Default 4 MiB. */
  readonly streamWindowMax: number;
  /** Up to where the link's window grows, in bytes. Default 16 MiB. */
  readonly linkWindowMax: number;
  /**
   * Bytes read ahead from the sources of bodies: per stream, per link, and by all links of the process.
   * Default 256 KiB, 4 MiB and 256 MiB; then the source is paused. A body that holds nothing may always
   * read one piece. While so many bytes of whole answers wait for a link's client to read, no further
   * handler of its requests is called.
   */
  readonly streamBuffer: number;
  readonly linkBuffer: number;
  readonly processBuffer: number;
  /**
   * How long streamed bodies may queue between the two ends, in ms: so much longer takes a small call
   * beside a large body. Default 10; `Infinity` leaves that to credit alone.
   */
  readonly queueDelayMs: number;
  /**
   * How long bytes of a body may wait for the peer, or a request's body that is due be awaited, in ms.
   * Default 30,000; then TIMEOUT, of the stream. What moves slower than `minRate` bytes a second for so
   * long has stalled too. Default 1,024. The same holds for a batch that has begun to come, and for a
   * connection that takes nothing: then the link ends.
   */
  readonly stallTimeoutMs: number;
  readonly minRate: number;
  /** How long a stream may be silent in both directions, in ms. Default 900,000 (15 min); then TIMEOUT. */
  readonly streamIdleMs: number;
  /** Data records under 256 bytes, per body: so many at once and a second. Default 10,000 and 10,000. */
  readonly smallDataBurst: number;
  readonly smallDataRate: number;
  /** Handlers that run at once, per server. Default 10,000; then REFUSED, processed "no". */
  readonly maxRunningHandlers: number;
  /**
   * How long a request may have waited for its handler, in ms, as handlers compute for long, before
   * others are turned away. Default 100; then OVERLOADED, processed "no".
   */
  readonly maxHandlerWaitMs: number;
  /** Bytes of whole bodies that handlers hold, and of streamed ones that wait in the line of a `serial` server, per link. Default 64 MiB; then REFUSED, processed "no". */
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
  /** Cancels by a dialer: so many at once and a second, or one for ten completed streams where that is more. Default 1,000 and 33. */
  readonly cancelBurst: number;
  readonly cancelRate: number;
  /** A ping goes out after so much silence, in ms, and must be answered within the second. Default 30,000 and 10,000. */
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  /** A compressor that packed nothing for so long, in ms, is let go, and the peer is told. Default 30,000. */
  readonly windowIdleMs: number;
  /**
   * Shortest time between a peer's pings, in ms, and how many shorter ones are forgiven. Default 10,000
   * and 2; then ENHANCE_YOUR_CALM, of the link.
   */
  readonly pingMinIntervalMs: number;
  readonly pingStrikes: number;
  /** Pings of a peer whose pongs its connection has not taken. Default 10; then ENHANCE_YOUR_CALM, of the link. */
  readonly maxUnansweredPings: number;
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
  maxHandshakes: 10_000,
  maxLinks: mostLinks(),
  maxPendingRequests: 10_000,
  maxPendingBytes: 16 * 1024 * 1024,
  maxAttempts: 3,
  retryPercent: 20,
  retryRate: 10,
  streamWindowMax: 4 * 1024 * 1024,
  linkWindowMax: 16 * 1024 * 1024,
  streamBuffer: 256 * 1024,
  linkBuffer: 4 * 1024 * 1024,
  processBuffer: 256 * 1024 * 1024,
  queueDelayMs: 10,
  stallTimeoutMs: 30_000,
  minRate: 1_024,
  streamIdleMs: 900_000,
  smallDataBurst: 10_000,
  smallDataRate: 10_000,
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
  pingStrikes: 2,
  maxUnansweredPings: 10,
  requestTimeoutMs: 30_000,
  idleTimeoutMs: 900_000,
  drainTimeoutMs: 30_000,
};
