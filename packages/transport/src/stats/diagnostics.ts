import { channel } from 'node:diagnostics_channel';
import type { TpError } from '@tp/wire';
import type { LinkLabel, LinkStats } from './stats.ts';

/** A link is open: the hellos are exchanged. */
export interface LinkOpened extends LinkLabel {
  /** The names in the peer's verified certificate; undefined without one. */
  readonly peerIdentity: readonly string[] | undefined;
}

/** A link has ended for an error, ours or the peer's; also a connection that never became a link. */
export interface LinkFailed extends LinkLabel {
  readonly error: TpError;
}

/** A link has ended. */
export interface LinkClosed extends LinkLabel {
  /** Why; its code is CLOSED after an orderly end. */
  readonly error: TpError;
  /** Its last figures. */
  readonly stats: LinkStats;
}

/** No link to a peer could be opened; the pool tries again by itself. */
export interface PeerUnreachable {
  readonly peer: string;
  readonly error: TpError;
}

/** A pool gives a peer no calls for a while, as too many failed there. */
export interface PeerEjected {
  readonly peer: string;
  /** For so long, in ms. */
  readonly forMs: number;
}

/** A call has begun. Each is followed by one end or one error. */
export interface CallStarted {
  readonly side: 'client' | 'server';
  /** The same object in all events of one call, to keep what belongs to it in a `WeakMap`. */
  readonly call: object;
  readonly method: string;
  readonly path: string;
  /** Whom it is exchanged with; undefined until a client's call was given to a link. */
  readonly peer: string | undefined;
}

/**
 * A client's request was written into the batch that `tp:batch:sent` tells of next on its link, or the
 * head of its response has come with the batch that `tp:batch:received` told of last there.
 */
export interface CallInBatch extends CallStarted {
  /** The link's number, as in the events of batches. */
  readonly link: number;
}

/** A call has ended: request and response were exchanged to their ends. */
export interface CallEnded extends CallStarted {
  readonly status: number;
}

/** A call has failed, or was given up. */
export interface CallFailed extends CallStarted {
  readonly error: TpError;
}

/** A limit was reached. */
export interface LimitHit {
  readonly side: 'client' | 'server';
  /** As in `stats().limitHits`. */
  readonly limit: string;
  /** Undefined where it is a limit of the whole pool or server. */
  readonly link: number | undefined;
  readonly peer: string | undefined;
}

/** A batch was handed to the connection, or has come. */
export interface BatchPassed extends LinkLabel {
  /** Bytes of records before packing, or after unpacking. */
  readonly unpackedBytes: number;
  /** Bytes on the wire; of a batch that has come, without the few that its envelope adds. */
  readonly wireBytes: number;
}

/**
 * What is told on `node:diagnostics_channel`, by the name of the channel. Events are told while
 * links and calls are at work: a subscriber should note what it wants and return.
 */
export interface DiagnosticEvents {
  'tp:link:open': LinkOpened;
  'tp:link:draining': LinkLabel;
  'tp:link:error': LinkFailed;
  'tp:link:close': LinkClosed;
  'tp:pool:unreachable': PeerUnreachable;
  'tp:pool:ejected': PeerEjected;
  'tp:call:start': CallStarted;
  'tp:call:written': CallInBatch;
  'tp:call:answered': CallInBatch;
  'tp:call:end': CallEnded;
  'tp:call:error': CallFailed;
  'tp:limit:hit': LimitHit;
  'tp:batch:sent': BatchPassed;
  'tp:batch:received': BatchPassed;
}

/** A channel with the type of what it tells. Ask `hasSubscribers` before an event is made. */
export interface Publisher<Event> {
  readonly hasSubscribers: boolean;
  publish(event: Event): void;
}

export const linkOpen: Publisher<LinkOpened> = publisher('tp:link:open');
export const linkDraining: Publisher<LinkLabel> = publisher('tp:link:draining');
export const linkFailed: Publisher<LinkFailed> = publisher('tp:link:error');
export const linkClose: Publisher<LinkClosed> = publisher('tp:link:close');
export const poolUnreachable: Publisher<PeerUnreachable> = publisher('tp:pool:unreachable');
export const poolEjected: Publisher<PeerEjected> = publisher('tp:pool:ejected');
export const callStart: Publisher<CallStarted> = publisher('tp:call:start');
export const callWritten: Publisher<CallInBatch> = publisher('tp:call:written');
export const callAnswered: Publisher<CallInBatch> = publisher('tp:call:answered');
export const callEnd: Publisher<CallEnded> = publisher('tp:call:end');
export const callFailed: Publisher<CallFailed> = publisher('tp:call:error');
export const limitHit: Publisher<LimitHit> = publisher('tp:limit:hit');
export const batchSent: Publisher<BatchPassed> = publisher('tp:batch:sent');
export const batchReceived: Publisher<BatchPassed> = publisher('tp:batch:received');

function publisher<Name extends keyof DiagnosticEvents>(
  name: Name,
): Publisher<DiagnosticEvents[Name]> {
  return channel(name);
}
