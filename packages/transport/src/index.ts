export { type Clock, systemClock, type Timer } from './clock.ts';
export type { CallInit, SendInit } from './exchange/call-init.ts';
export { Cancellation, type CancelSignal } from './exchange/cancellation.ts';
export type { ClientCall } from './exchange/client-call.ts';
export type { OutgoingStream } from './exchange/exchange.ts';
export { RetryBudget } from './exchange/retry-budget.ts';
export type { ServerExchange } from './exchange/server-exchange.ts';
export { DEFAULT_LINK_LIMITS, type LinkLimits } from './limits.ts';
export { nodeBytes } from './node-bytes.ts';
export type { LinkOptions } from './options.ts';
export { type Ejectable, Ejection } from './pool/ejection.ts';
export { DEFAULT_EJECTION, type EjectionOptions } from './pool/ejection-options.ts';
export type { HealthStats, PeerState, PoolStats } from './pool/health-stats.ts';
export { PeerHealth } from './pool/peer-health.ts';
export { createPool, type Pool } from './pool/pool.ts';
export type { PoolOptions } from './pool/pool-options.ts';
export { type Resolver, type ServiceRecord, systemResolver } from './pool/resolver.ts';
export {
  createTransportServer,
  type TransportServer,
  type TransportServerOptions,
} from './server.ts';
export type { ListenTls } from './socket/acceptor-tls.ts';
export { type Address, parseAddress } from './socket/address.ts';
export type { Connection, ConnectionEvents, Dialer } from './socket/connection.ts';
export { createDialer } from './socket/dial.ts';
export type { DialTls } from './socket/dialer-tls.ts';
export { namesOf, PinnedNames } from './socket/peer-names.ts';
export type { SharedPort } from './socket/shared-port.ts';
export type { DiagnosticEvents } from './stats/diagnostics.ts';
export type { LinkStats } from './stats/stats.ts';
export type { PeerStats, TransportStats } from './stats/totals.ts';
export type { Codec, Packer, Unpacker } from './window/codec.ts';
export type { CodecList, CodecsByDirection } from './window/codec-choice.ts';
export {
  type DeflateSettings,
  deflate,
  type TunableCodec,
  type ZstdSettings,
  zstd,
} from './window/native-codecs.ts';
export { portableDeflate } from './window/portable-deflate.ts';
export type { WindowChoice } from './window/tenants.ts';
