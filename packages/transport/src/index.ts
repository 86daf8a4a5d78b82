export type { ListenTls } from './acceptor-tls.ts';
export { type Address, parseAddress } from './address.ts';
export type { CallInit, ClientCall, SendInit } from './client-call.ts';
export { type Clock, systemClock, type Timer } from './clock.ts';
export type { Codec, Packer, Unpacker } from './codec.ts';
export type { CodecList, CodecsByDirection } from './codec-choice.ts';
export type { Connection, ConnectionEvents, Dialer } from './connection.ts';
export type { DiagnosticEvents } from './diagnostics.ts';
export { createDialer } from './dial.ts';
export type { DialTls } from './dialer-tls.ts';
export { DEFAULT_EJECTION, type EjectionOptions } from './ejection-options.ts';
export type { OutgoingStream } from './exchange.ts';
export type { HealthStats, PeerState, PoolStats } from './health-stats.ts';
export { DEFAULT_LINK_LIMITS, type LinkLimits } from './limits.ts';
export {
  type DeflateSettings,
  deflate,
  type TunableCodec,
  type ZstdSettings,
  zstd,
} from './native-codecs.ts';
export { nodeBytes } from './node-bytes.ts';
export type { LinkOptions } from './options.ts';
export { createPool, type Pool } from './pool.ts';
export type { PoolOptions } from './pool-options.ts';
export { portableDeflate } from './portable-deflate.ts';
export { type Resolver, type ServiceRecord, systemResolver } from './resolver.ts';
export {
  createTransportServer,
  type TransportServer,
  type TransportServerOptions,
} from './server.ts';
export type { ServerExchange } from './server-exchange.ts';
export type { LinkStats } from './stats.ts';
export type { WindowChoice } from './tenants.ts';
export type { PeerStats, TransportStats } from './totals.ts';
