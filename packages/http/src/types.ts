import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type {
  CancelSignal,
  Connection,
  DialTls,
  ListenTls,
  PoolStats,
  TransportStats,
  WindowChoice,
} from '@tp/transport';
import type { Fields, FieldsInit } from '@tp/wire';

/**
 * A body to send: text (as UTF-8), bytes, or a stream of bytes (any async iterable: a Node or web
 * `ReadableStream`, a generator). Bytes and text go as one piece; a stream is read as the peer
 * grants credit, and ended early (`return()`) when the exchange ends before it does.
 */
export type Body = string | Uint8Array | AsyncIterable<Uint8Array>;

/** What `client.request` takes. */
export interface RequestOptions {
  /** Default `GET`. */
  readonly method?: string;
  /** The request target as it stands in the request line, e.g. `/items?page=2`. */
  readonly path: string;
  readonly headers?: FieldsInit;
  readonly body?: Body | null;
  /** Asked for once the body has been sent to its end. */
  readonly trailers?: () => FieldsInit;
  /** Aborting cancels the exchange here and stops the handler there. */
  readonly signal?: CancelSignal;
  /**
   * How long the whole exchange may take, in ms, until the end of the response's body. It travels
   * with the request, lowered by the time that it waited. Default: the client's `requestTimeoutMs`
   * until the response's head, and no limit after it.
   */
  readonly deadlineMs?: number;
  /**
   * Whether handling it twice does no more than handling it once. Such a request is sent again by
   * itself when it failed before its response's head, also if it may have been processed. True for a
   * POST with a key that the server knows it by; false forbids it. Default: what RFC 9110 section
   * 9.2.2 says of the method (GET, HEAD, OPTIONS, TRACE, PUT, DELETE).
   */
  readonly idempotent?: boolean;
  /** See the client's `hedgeAfterMs`, which this stands in for. */
  readonly hedgeAfterMs?: number;
  /**
   * The compression window that the request goes through: `shared` with all others, `off`, or
   * `{ isolated: key }`, one for this tenant alone; its response comes through one of the same kind.
   * Default: the client's.
   */
  readonly window?: WindowChoice;
  /** Called for each 1xx head that comes before the response (100, 103). */
  readonly onInformation?: (status: number, headers: Fields) => void;
}

/** What `client.upgrade` takes. */
export interface UpgradeOptions {
  /** Default `GET`. */
  readonly method?: string;
  readonly path: string;
  /**
   * The protocol to switch to, as `websocket`: goes out as `Upgrade`, beside `Connection: Upgrade`.
   * May be left out where `headers` have both.
   */
  readonly protocol?: string;
  readonly headers?: FieldsInit;
  /** Aborting cancels the exchange, also when it has switched. */
  readonly signal?: CancelSignal;
  /** Until the response's head, in ms. Default: the client's `requestTimeoutMs`. */
  readonly deadlineMs?: number;
  /** As in `RequestOptions`. */
  readonly window?: WindowChoice;
  readonly onInformation?: (status: number, headers: Fields) => void;
}

/** Both sides speak the other protocol now. */
export interface Upgraded {
  /** 101. */
  readonly status: number;
  readonly reason: string;
  readonly headers: Fields;
  /**
   * What the other protocol's bytes go through, with backpressure in both directions; either may
   * end first. It may be silent up to `limits.streamIdleMs`, and is destroyed with a `TpError`
   * when the exchange ends before both directions have: `CANCEL` where the peer has destroyed it.
   */
  readonly socket: Duplex;
}

/** What `client.upgrade` resolves with: the socket, or the response that refuses it. */
export type UpgradeResponse = Upgraded | (Response & { readonly socket?: undefined });

/** What `client.send` takes. */
export interface SendOptions {
  /** Default `POST`. */
  readonly method?: string;
  readonly path: string;
  readonly headers?: FieldsInit;
  /** At most 64 KiB. */
  readonly body?: string | Uint8Array | null;
  /** Aborting drops it while it waits to be written. */
  readonly signal?: CancelSignal;
  /** How long it may wait, here and there, before its handler is called; in ms. */
  readonly deadlineMs?: number;
  /** As in `RequestOptions`. */
  readonly window?: WindowChoice;
}

/** What both sides receive a body as. It can be read once, in one of these ways. */
export interface IncomingBody {
  /** The body piece by piece. Not reading on withholds credit from the sender. Leaving the loop early cancels the exchange. */
  readonly body: AsyncIterable<Uint8Array>;
  /**
   * The whole body: at once when it came with its head, a promise when there is more to come; so
   * `await` it, or test for a promise where each turn counts. The bytes are a view onto the batch
   * that brought them: copy what you keep for long.
   *
   * @throws {TpError} `BODY_LIMIT` past `maxBufferedBodyBytes`.
   */
  bytes(): Uint8Array | Promise<Uint8Array>;
  /** `bytes()` as UTF-8 text. */
  text(): string | Promise<string>;
  /** `text()` parsed as JSON. */
  json(): unknown;
  /** Fields after the body; undefined until the body was read to its end, or when there are none. */
  readonly trailers: Fields | undefined;
}

/** What `client.request` resolves with, when the response's head is there. */
export interface Response extends IncomingBody {
  readonly status: number;
  /** The reason phrase, when it differs from the status code's usual one; else empty. */
  readonly reason: string;
  readonly headers: Fields;
}

/** What a handler is given. */
export interface Request extends IncomingBody {
  readonly method: string;
  /** The request target exactly as the client sent it. */
  readonly path: string;
  readonly headers: Fields;
  /** Whether a body came, or is to come. Undefined where that is not known before it is read. */
  readonly hasBody?: boolean;
  /** Fires when the client cancels, the deadline passes, or the link is lost. Made when first asked for. */
  readonly signal: AbortSignal;
  /** Fires when `signal` does, and costs a fraction of it. Undefined where there is only `signal`. */
  readonly cancellation?: CancelSignal;
  /** What is left of the client's deadline, in ms; undefined when it set none. */
  readonly remainingMs: number | undefined;
  /** Where the link that brought it comes from: `ADDRESS:PORT`, or `unix`. Undefined where that is not known. */
  readonly peer?: string;
  /** Whether the client wants no answer: what the handler returns is dropped. */
  readonly oneWay?: boolean;
  /** The names in the client's verified certificate: DNS names, URIs such as SPIFFE ids, IP addresses. Undefined without one. */
  readonly peerIdentity?: readonly string[] | undefined;
  /**
   * The protocol that the client asks to switch to, as `websocket` (RFC 9110 section 7.8): the answer
   * may be 101 with `upgrade`, or any other. Such a request has no body.
   */
  readonly upgrade?: string | undefined;
  /** Sends a 1xx head ahead of the response (100 to 199, but not 101). */
  inform(status: number, headers?: FieldsInit): void;
}

/** What a handler answers. */
export interface ResponseInit {
  /** Default 200. 200 to 599, or 101 with `upgrade`. */
  readonly status?: number;
  /** Sent only when it differs from the usual phrase. */
  readonly reason?: string;
  readonly headers?: FieldsInit;
  readonly body?: Body | null;
  /** Asked for once the body has been sent to its end. */
  readonly trailers?: () => FieldsInit;
  /**
   * With status 101, to a request that has `upgrade`: takes the socket through which both sides speak
   * the other protocol, as `Upgraded` describes it. `Connection` and `Upgrade` are added to `headers`
   * where they are not there. What it throws goes to `onError`, and ends the exchange.
   */
  readonly upgrade?: (socket: Duplex) => void;
  /**
   * The compression window that the response goes through. Default: one of the kind that the request
   * came through, or, for the shared one, the server's.
   */
  readonly window?: WindowChoice;
}

/**
 * Answers one request. A throw or rejection becomes status 500, unless it is a `TpError`: then the
 * exchange is refused with its code, and its `processed` reaches the client.
 */
export type Handler = (request: Request) => ResponseInit | Promise<ResponseInit>;

/** The lean client: one peer or several equal ones, over a pool of links. */
export interface Client {
  /**
   * Sends a request and resolves with the response's head.
   *
   * @throws {TpError} with `code` and `processed`; see `docs/protocol.md` for each code's meaning.
   */
  request(options: RequestOptions): Promise<Response>;
  /**
   * Sends a request that wants no answer: resolves when it was handed to a connection, and what
   * becomes of it then nobody learns.
   *
   * @throws {TpError} processed "no": it was not sent.
   */
  send(options: SendOptions): Promise<void>;
  /**
   * Asks to switch to another protocol (RFC 9110 section 7.8), as WebSocket does: resolves with a
   * socket, or with the response that refuses it. Once it was written, it is sent again by itself
   * only when it surely was not processed.
   *
   * @throws {TpError} as `request`; PROTOCOL when the server switches to another protocol than that.
   */
  upgrade(options: UpgradeOptions): Promise<UpgradeResponse>;
  /** How many requests wait for their response's head; for balancing. */
  readonly pending: number;
  /**
   * Shows other certificates, and accepts other authorities and names, when it dials from now on.
   *
   * @throws {TpError} INVALID_ARGUMENT when they can't be used; then the old ones stay.
   */
  reloadTls(tls: DialTls): void;
  /** Figures since the start, per peer and link. */
  stats(): PoolStats;
  /** Opens links ahead of the first request; resolves when one link to each peer stands. */
  ready(): Promise<void>;
  /** Takes no further request, waits for those under way (at most `drainTimeoutMs`), and closes. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The lean server. */
export interface Server {
  /**
   * Starts to listen at an address (`teleport://HOST:PORT`, `teleports://…`, `teleport+unix:PATH`);
   * may be called for several. Resolves with the bound address, its port filled in.
   */
  listen(address: string): Promise<string>;
  readonly addresses: readonly string[];
  /**
   * Serves links on a port that is opened elsewhere and may outlive this server. Call the result with
   * each connection that comes, before anything is read of it.
   *
   * @param address what the connections speak, as for `listen`; its port may be 0.
   * @throws {TpError} INVALID_ARGUMENT when that can't be.
   */
  takeSockets(address: string): (socket: Socket) => void;
  /**
   * Shows other certificates, and accepts other authorities and names, from now on; links that stand
   * go on.
   *
   * @throws {TpError} INVALID_ARGUMENT when they can't be used; then the old ones stay.
   */
  reloadTls(tls: ListenTls): void;
  /** Has so many links at most from now on (`limits.maxLinks`). Those that stand go on. */
  limitLinks(maxLinks: number): void;
  /** Takes a connection that was accepted elsewhere; after `close` it is destroyed. */
  accept(connection: Connection): void;
  stats(): TransportStats;
  /** Announces the end to every peer, waits for requests under way (at most `drainTimeoutMs`), and closes. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
