import { EventEmitter } from 'node:events';
import { Duplex, PassThrough, Readable, type Writable } from 'node:stream';
import { pipeline as pipeInto } from 'node:stream/promises';
import { ResponseBody } from './response-body.ts';
import type {
  DispatchController,
  DispatchHandler,
  DispatchHeaders,
  Dispatching,
  DispatchOptions,
  ResponseFields,
} from './types.ts';
import { aborted, invalidArgument, notSwitched } from './undici-error.ts';

/** What `dispatcher.request`, `stream` and `pipeline` take besides. */
export interface CallOptions<Opaque = null> extends DispatchOptions {
  /** Aborting ends the exchange, and rejects with the signal's reason. */
  signal?: unknown;
  /** Handed through to the response. */
  opaque?: Opaque;
  /** Called for each 1xx head that comes before the response. */
  onInfo?: (info: { statusCode: number; headers: Record<string, string | string[]> }) => void;
  /** How many bytes of the response's body may wait to be read before it is held back. Default 64 KiB. */
  highWaterMark?: number;
}

/** A response's head, as `dispatcher.stream` gives it to its factory. */
export interface ResponseStart<Opaque = null> {
  statusCode: number;
  headers: ResponseFields;
  opaque: Opaque;
  context: object;
}

/** What `dispatcher.request` resolves with. */
export interface ResponseData<Opaque = null> extends ResponseStart<Opaque> {
  statusText: string;
  body: ResponseBody;
  /** Filled when the body has been read to its end. */
  trailers: Record<string, string>;
}

/** What `dispatcher.stream` resolves with, at the end of the response. */
export interface StreamData<Opaque = null> {
  opaque: Opaque;
  trailers: Record<string, string>;
}

/** What `dispatcher.pipeline` gives its handler. */
export interface PipelineStart<Opaque = null> extends ResponseStart<Opaque> {
  body: ResponseBody;
}

/** One exchange: resolves when the response's head is there. */
export function request(
  dispatcher: Dispatching,
  options: CallOptions<unknown>,
): Promise<ResponseData<unknown>> {
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(options, new CallHandler(options, resolve, reject));
  });
}

/** One exchange whose response's body goes into what the factory makes; resolves at its end. */
export async function stream(
  dispatcher: Dispatching,
  options: CallOptions<unknown>,
  factory: (start: ResponseStart<unknown>) => Writable,
): Promise<StreamData<unknown>> {
  const { body, trailers, opaque, ...start } = await request(dispatcher, options);
  await pipeInto(body, factory({ opaque, ...start }));
  return { opaque, trailers };
}

/** A duplex: what is written is the request's body, what is read is what the handler makes of the response's. */
export function pipeline(
  dispatcher: Dispatching,
  options: CallOptions<unknown>,
  handler: (start: PipelineStart<unknown>) => Readable,
): Duplex {
  const body = new PassThrough();
  async function* received(): AsyncGenerator<unknown> {
    yield* handler(await request(dispatcher, { ...options, body }));
  }
  return Duplex.from({ writable: body, readable: Readable.from(received()) });
}

/** What `dispatcher.upgrade` takes. */
export interface UpgradeCallOptions {
  origin?: string | URL;
  path: string;
  /** Default `GET`. */
  method?: string;
  headers?: DispatchHeaders | null;
  /** Default `Websocket`. */
  protocol?: string;
  signal?: unknown;
}

/** What `dispatcher.upgrade` resolves with. */
export interface UpgradeData {
  headers: ResponseFields;
  socket: Duplex;
  opaque: null;
}

/** Asks for another protocol: resolves with the socket through which both sides speak it. */
export function upgrade(
  dispatcher: Dispatching,
  { method = 'GET', protocol = 'Websocket', signal, ...rest }: UpgradeCallOptions,
): Promise<UpgradeData> {
  return new Promise((resolve, reject) => {
    let unlisten: (() => void) | undefined;
    const refuse = (error: Error) => {
      unlisten?.();
      reject(error);
    };
    dispatcher.dispatch(
      { ...rest, method, upgrade: protocol },
      {
        onRequestStart(controller) {
          unlisten = onAbort(signal, (reason) => controller.abort(reason));
        },
        onRequestUpgrade(_controller, _status, headers, socket) {
          unlisten?.();
          resolve({ headers, socket, opaque: null });
        },
        onResponseStart(controller, status) {
          if (status >= 200) controller.abort(notSwitched(status));
        },
        onResponseError: (_controller, error) => refuse(error),
      },
    );
  });
}

class CallHandler implements DispatchHandler {
  readonly #options: CallOptions<unknown>;
  readonly #resolve: (data: ResponseData<unknown>) => void;
  readonly #reject: (error: Error) => void;
  readonly #trailers: Record<string, string> = {};
  #body: ResponseBody | undefined = undefined;
  #unlisten: (() => void) | undefined = undefined;

  constructor(
    options: CallOptions<unknown>,
    resolve: (data: ResponseData<unknown>) => void,
    reject: (error: Error) => void,
  ) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(controller: DispatchController): void {
    this.#unlisten = onAbort(this.#options.signal, (reason) => controller.abort(reason));
  }

  onResponseStart(
    controller: DispatchController,
    statusCode: number,
    headers: ResponseFields,
    statusText = '',
  ): void {
    if (statusCode < 200) {
      this.#options.onInfo?.({ statusCode, headers: { ...headers } });
      return;
    }
    const { opaque = null, highWaterMark } = this.#options;
    const body = new ResponseBody(controller, highWaterMark);
    this.#body = body;
    const trailers = this.#trailers;
    this.#resolve({ statusCode, statusText, headers, trailers, opaque, body, context: {} });
  }

  onResponseData(controller: DispatchController, chunk: Buffer): void {
    if (this.#body?.push(chunk) === false) controller.pause();
  }

  onResponseEnd(_controller: DispatchController, trailers: ResponseFields): void {
    this.#unlisten?.();
    for (const [name, value = ''] of Object.entries(trailers)) {
      this.#trailers[name] = [value].flat().join(', ');
    }
    this.#body?.push(null);
  }

  onResponseError(_controller: DispatchController, error: Error): void {
    this.#unlisten?.();
    this.#reject(error);
    this.#body?.destroy(error);
  }
}

/** Listens to a signal, also to one that has fired; undici takes event emitters too. */
function onAbort(signal: unknown, abort: (reason: Error) => void): (() => void) | undefined {
  if (signal === undefined || signal === null) return undefined;
  if (signal instanceof EventEmitter) {
    const listener = () => abort(aborted('Request aborted', 'maybe'));
    signal.once('abort', listener);
    return () => signal.off('abort', listener);
  }
  if (!(signal instanceof AbortSignal))
    throw invalidArgument('signal must be an AbortSignal or an EventEmitter');
  const listener = () => {
    const reason: unknown = signal.reason;
    abort(reason instanceof Error ? reason : aborted(String(reason), 'maybe'));
  };
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
