import type { EventEmitter } from 'node:events';
import type { ParsedUrlQueryInput } from 'node:querystring';
import type { Duplex, Readable, Writable } from 'node:stream';
import type {
  CallOptions,
  PipelineStart,
  ResponseData,
  ResponseStart,
  StreamData,
  UpgradeCallOptions,
  UpgradeData,
} from './dispatcher-calls.ts';
import type { UndiciError } from './undici-error.ts';

/** Header fields as undici takes them: a flat list, pairs (`Headers`, `Map`), or an object. */
export type DispatchHeaders =
  | readonly string[]
  | Iterable<readonly [name: string, value: string | readonly string[] | undefined]>
  | Readonly<Record<string, number | string | readonly string[] | null | undefined>>;

/** What undici gives a dispatcher: one request. What is not listed here has no meaning over a link. */
export interface DispatchOptions {
  /** Scheme and authority; the authority becomes the `host` field, unless `headers` has one. */
  origin?: string | URL;
  path: string;
  method: string;
  /**
   * Text, bytes, a `Readable`, any iterable or async iterable of text and bytes, a `Blob`, or
   * `FormData` of the platform or of any copy of undici.
   */
  body?: unknown;
  headers?: DispatchHeaders | null;
  /** Written behind the path, which must have none itself. */
  query?: ParsedUrlQueryInput;
  /** As in `RequestOptions`. */
  idempotent?: boolean;
  /** Milliseconds from the request, or the last piece of its body, to the response's head; 0 or null: as long as the client's `requestTimeoutMs`. */
  headersTimeout?: number | null;
  /** Milliseconds between two pieces of the response's body, while it is read; 0 or null: as long as the link allows. */
  bodyTimeout?: number | null;
  /** Holds the body back until the peer says 100 (RFC 9110 section 10.1.1), or answers. */
  expectContinue?: boolean;
  /** The protocol to switch to, as `websocket`; such a request has no body. */
  upgrade?: boolean | string | null;
}

/** The response's fields as undici shows them: names in small letters, a list where one is repeated. */
export type ResponseFields = Record<string, string | string[]>;

/** What a handler of undici 7 and 8 holds its exchange by. */
export interface DispatchController {
  readonly aborted: boolean;
  readonly paused: boolean;
  readonly reason: Error | null;
  /**
   * The response's fields as they came. Over a client they are buffers, names and values in turn;
   * other dispatchers of undici have them otherwise.
   */
  readonly rawHeaders?: Buffer[] | string[] | ResponseFields | null;
  readonly rawTrailers?: Buffer[] | string[] | ResponseFields | null;
  abort(reason?: Error): void;
  pause(): void;
  resume(): void;
}

/**
 * What is told of an exchange. One with `onRequestStart` is of the generation of undici 7 and 8, any
 * other of that of undici 6 and 7.
 */
export interface DispatchHandler {
  onRequestStart?(controller: DispatchController, context: unknown): void;
  onRequestUpgrade?(
    controller: DispatchController,
    statusCode: number,
    headers: ResponseFields,
    socket: Duplex,
  ): void;
  onResponseStart?(
    controller: DispatchController,
    statusCode: number,
    headers: ResponseFields,
    statusMessage?: string,
  ): void;
  onResponseData?(controller: DispatchController, chunk: Buffer): void;
  onResponseEnd?(controller: DispatchController, trailers: ResponseFields): void;
  onResponseError?(controller: DispatchController, error: Error): void;

  onConnect?(abort: (reason?: Error) => void, context?: unknown): void;
  onUpgrade?(statusCode: number, headers: Buffer[], socket: Duplex): void;
  onHeaders?(
    statusCode: number,
    headers: Buffer[],
    resume: () => void,
    statusText: string,
  ): boolean | undefined;
  onData?(chunk: Buffer): boolean | undefined;
  /** Buffers, though undici's types say strings. */
  onComplete?(trailers: readonly (Buffer | string)[] | null): void;
  onError?(error: Error): void;

  onResponseStarted?(): void;
  /** Undici gives the piece, though its types say the size of it. */
  onBodySent?(chunk: Uint8Array | number, totalBytesSent: number): void;
  onRequestSent?(): void;
}

/** Starts one exchange, and tells the handler of it. */
export interface Dispatching {
  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean;
}

export type Dispatch = Dispatching['dispatch'];

/** What `compose` takes: an interceptor of any of undici 6, 7 and 8. */
export type Interceptor = (dispatch: Dispatch) => Dispatch;

/** What undici's dispatchers emit. One over a client emits none: links are the client's, and it always takes a request. */
export interface DispatcherEvents {
  connect: [origin: URL, targets: readonly Dispatcher[]];
  disconnect: [origin: URL, targets: readonly Dispatcher[], error: UndiciError];
  connectionError: [origin: URL, targets: readonly Dispatcher[], error: UndiciError];
  drain: [origin: URL];
}

/** A dispatcher as undici and Node's `fetch` take it. */
export interface Dispatcher extends EventEmitter<DispatcherEvents>, Dispatching {
  readonly closed: boolean;
  readonly destroyed: boolean;
  /** The same dispatcher behind interceptors, the last one outermost. */
  compose(...interceptors: Interceptor[] | [Interceptor[]]): Dispatcher;
  /** One exchange: resolves when the response's head is there. A callback is not taken. */
  request<Opaque = null>(options: CallOptions<Opaque>): Promise<ResponseData<Opaque>>;
  /** One exchange whose response's body goes into what the factory makes; resolves at its end. */
  stream<Opaque = null>(
    options: CallOptions<Opaque>,
    factory: (start: ResponseStart<Opaque>) => Writable,
  ): Promise<StreamData<Opaque>>;
  /** A duplex: what is written is the request's body, what is read is what the handler makes of the response's. */
  pipeline<Opaque = null>(
    options: CallOptions<Opaque>,
    handler: (start: PipelineStart<Opaque>) => Readable,
  ): Duplex;
  /** @throws {UndiciError} UND_ERR_NOT_SUPPORTED always. */
  connect(...given: readonly unknown[]): never;
  /** Asks for another protocol: resolves with the socket through which both sides speak it. */
  upgrade(options: UpgradeCallOptions): Promise<UpgradeData>;
  /** Takes no further request, waits for those under way, and closes the client. */
  close(): Promise<void>;
  close(callback: () => void): void;
  /** Ends what is under way with `error`, and closes the client. */
  destroy(error?: Error | null): Promise<void>;
  destroy(callback: () => void): void;
  destroy(error: Error | null, callback: () => void): void;
}
