import type { DialTls, LinkStats, PeerStats, PoolStats, Request, ResponseInit } from '@tp/http';
import type { Fields } from '@tp/wire';
import type { WindowChoice } from './window-rule.ts';

/**
 * A request ready to be sent on: the fields that held for the previous connection only are gone,
 * and a small body is read.
 */
export interface OutgoingRequest {
  readonly method: string;
  /** The request target, as the client sent it. */
  readonly path: string;
  readonly headers: Fields;
  /** Null when there is none. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | null;
  /** The value of `content-length`; undefined when the request has none. */
  readonly declaredLength: number | undefined;
  /** The protocol that it asks to switch to; `headers` have `Connection: Upgrade` and `Upgrade` then. */
  readonly upgrade: string | undefined;
  /** Where it came from: for its signal, deadline, trailers and 1xx heads. */
  readonly incoming: Request;
}

/** One place, or several equal ones, that requests are sent to. */
export interface Upstream {
  /** The address as configured, several joined by commas; a label of metrics. */
  readonly name: string;
  /** Requests that wait for the end of their response. */
  readonly pending: number;
  /**
   * Sends a request and resolves with the response, its hop-by-hop fields removed. A response that
   * switches protocols has status 101 and `upgrade`, which must be called: the socket to the origin
   * stands.
   *
   * @param window of its links for the request; undefined for that which all share.
   * @throws {TpError} whose `processed` says whether the request may be sent elsewhere.
   */
  send(request: OutgoingRequest, window?: WindowChoice): Promise<ResponseInit>;
  /** Whether a connection to it stands or can be made now. */
  reachable(): Promise<boolean>;
  /** Figures for metrics. */
  figures(): TransferFigures;
  /** How the peers of its links fare. There is none where it has no links. */
  peerHealth?(): readonly PeerHealthFigures[];
  /**
   * Shows other certificates when it connects from now on. There is none where that takes a new
   * upstream.
   *
   * @throws {TpError} INVALID_ARGUMENT when they can't be used; then the old ones stay.
   */
  reloadTls?(tls: DialTls): void;
  /** Closes what is idle now, and the rest when it is done; resolves when all is closed. */
  close(): Promise<void>;
}

/** Counters of one listener or upstream, read when metrics are asked for. Bytes since the start. */
export interface TransferFigures {
  /** What crossed HTTP sockets here. */
  readonly httpBytesIn: number;
  readonly httpBytesOut: number;
  /** The links with each peer, taken together, also those that have ended. */
  readonly peers: readonly PeerFigures[];
  /** Bytes that wait to be sent. */
  readonly queueBytes: number;
  readonly links: readonly LinkFigures[];
  /** How often each limit was reached, by its name. */
  readonly limitHits: ReadonlyMap<string, number>;
}

/** The links with one peer, also those that have ended. */
export type PeerFigures = Omit<PeerStats, 'pending' | 'queueBytes'>;

/** One link; its peer is the listener's own address where it came in. */
export type LinkFigures = LinkStats;

/** How one peer of a pool of links fares. */
export type PeerHealthFigures = PoolStats['health'][number];
