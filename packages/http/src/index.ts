export type {
  Connection,
  DialTls,
  LinkLimits,
  LinkStats,
  ListenTls,
  PeerStats,
  PoolStats,
  TransportStats,
  WindowChoice,
} from '@tp/transport';
export {
  Cancellation,
  type CancelSignal,
} from '@tp/transport';
export {
  type ErrorCode,
  Fields,
  type FieldsInit,
  isTpError,
  type Processed,
  TpError,
} from '@tp/wire';
export {
  type AdaptiveDispatcher,
  type AdaptiveDispatcherOptions,
  createAdaptiveDispatcher,
  type OriginWay,
} from './adoption/adaptive-dispatcher.ts';
export { type AgentOptions, createAgent } from './agent/agent.ts';
export { type ClientOptions, createClient } from './client/client.ts';
export { isIdempotent } from './client/idempotent.ts';
export { createFetch, type FetchOptions } from './fetch/create-fetch.ts';
export {
  type FetchHandler,
  type FetchInfo,
  type FromFetchOptions,
  fromFetch,
} from './fetch/from-fetch.ts';
export {
  connectionOptions,
  endToEnd,
  REMAINING_MS,
  requestEndToEnd,
  upgradeEndToEnd,
} from './hop-by-hop.ts';
export {
  type FromListenerOptions,
  fromListener,
  type RequestListener,
} from './listener/from-listener.ts';
export type { UpgradeListener } from './listener/upgrade-conversation.ts';
export {
  createNodeServer,
  type NodeServer,
  type NodeServerOptions,
  type TeleportPart,
  type TlsNodeServer,
} from './node-server/create-node-server.ts';
export { createServer, type ServerOptions } from './server/server.ts';
export { type ToListenerOptions, toListener } from './to-listener/to-listener.ts';
export type {
  Body,
  Client,
  Handler,
  IncomingBody,
  Request,
  RequestOptions,
  Response,
  ResponseInit,
  SendOptions,
  Server,
  Upgraded,
  UpgradeOptions,
  UpgradeResponse,
} from './types.ts';
export { createDispatcher, type DispatcherOptions } from './undici/dispatcher.ts';
export type {
  Dispatch,
  DispatchController,
  Dispatcher,
  DispatchHandler,
  DispatchHeaders,
  Dispatching,
  DispatchOptions,
  Interceptor,
  ResponseFields,
} from './undici/types.ts';
export { UndiciError } from './undici/undici-error.ts';
export { switchesTo, upgradeProtocol } from './upgrade/upgrade-fields.ts';
