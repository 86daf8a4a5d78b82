import type { Duplex } from 'node:stream';
import type { CancelSignal, ResponseInit } from '@tp/http';
import { Fields, isTpError, MAX_INLINE_BODY, TpError } from '@tp/wire';
import { type BodyQueue, createBodyQueue } from '../body-queue.ts';
import type { OutgoingRequest } from '../exchange.ts';
import { join } from '../join.ts';
import type { OriginHead } from './origin-head.ts';
import type { ResponseSink } from './response-reader.ts';

/** The connection that an exchange runs on, as far as the exchange knows it. */
export interface ExchangeCarrier {
  pause(): void;
  resume(): void;
  /** Ends the connection: its exchange is over before its response is. */
  destroy(): void;
}

/** One request to an origin and what comes back. */
export interface OriginExchange extends Omit<ResponseSink, 'switched'> {
  /**
   * As of `ResponseSink`. `outlivesBody`: `end` will not follow the body at once, as the request
   * is not sent to its end yet.
   */
  head(head: OriginHead, bodiless: boolean, outlivesBody?: boolean): void;
  /** The origin has switched protocols: the socket is the exchange's from now on. */
  switched(head: OriginHead, socket: Duplex): void;
  readonly request: OutgoingRequest;
  /** Whether it may run again after a connection died under it (RFC 9110 section 9.2.2). */
  readonly repeatable: boolean;
  /** Whether nothing of it is awaited any more: answered to the end, failed or cancelled. */
  readonly over: boolean;
  /** Set when it starts on a connection, cleared when it waits for another one. */
  carrier: ExchangeCarrier | undefined;
  /** Set when it was sent a second time. */
  repeated: boolean;
  fail(error: TpError): void;
}

/** How long a small body may take to arrive, in ms, before it is passed on piece by piece. */
const COLLECT_MS = 100;

/**
 * Starts the clock of an exchange.
 *
 * @param timeoutMs until the response's head; the request's own deadline may be sooner.
 * @param onOver called once, when `over` becomes true.
 */
export function createOriginExchange(
  request: OutgoingRequest,
  timeoutMs: number,
  settle: { resolve: (response: ResponseInit) => void; reject: (error: TpError) => void },
  onOver: (exchange: OriginExchange) => void,
): OriginExchange {
  return new Exchange(request, timeoutMs, settle, onOver);
}

class Exchange implements OriginExchange {
  readonly request: OutgoingRequest;
  carrier: ExchangeCarrier | undefined;
  repeated = false;
  over = false;
  readonly #settle: { resolve: (response: ResponseInit) => void; reject: (error: TpError) => void };
  readonly #onOver: (exchange: OriginExchange) => void;
  readonly #signal: CancelSignal;
  #timer: NodeJS.Timeout | undefined;
  #settled = false;
  #head: OriginHead | undefined;
  #collected: Uint8Array | undefined;
  #collectedBytes = 0;
  #queue: BodyQueue | undefined;
  #trailers: readonly string[] | undefined;

  constructor(
    request: OutgoingRequest,
    timeoutMs: number,
    settle: { resolve: (response: ResponseInit) => void; reject: (error: TpError) => void },
    onOver: (exchange: OriginExchange) => void,
  ) {
    this.request = request;
    this.#settle = settle;
    this.#onOver = onOver;
    const remaining = request.incoming.remainingMs;
    const byDeadline = remaining !== undefined && remaining < timeoutMs;
    this.#timer = setTimeout(onTimeout, byDeadline ? remaining : timeoutMs, this, byDeadline);
    const { incoming } = request;
    this.#signal = incoming.cancellation ?? incoming.signal;
    if (this.#signal.aborted) queueMicrotask(() => this.handleEvent());
    else this.#signal.addEventListener('abort', this);
  }

  get repeatable(): boolean {
    const body = this.request.body;
    if (body !== null && !(body instanceof Uint8Array)) return false;
    switch (this.request.method) {
      case 'GET':
      case 'HEAD':
      case 'OPTIONS':
      case 'TRACE':
      case 'PUT':
      case 'DELETE':
        return true;
      default:
        return false;
    }
  }

  /** The request's signal has fired. */
  handleEvent(): void {
    const reason: unknown = this.#signal.reason;
    this.#abort(
      isTpError(reason)
        ? reason.code
        : (this.request.incoming.remainingMs ?? 1) <= 0
          ? 'DEADLINE'
          : 'CANCEL',
      'the request was given up while the origin worked on it',
    );
  }

  timedOut(byDeadline: boolean): void {
    if (byDeadline) this.#abort('DEADLINE', 'the deadline passed before the origin answered');
    else this.#abort('TIMEOUT', 'the origin gave no answer in time');
  }

  information(head: OriginHead): void {
    if (!this.#settled) this.request.incoming.inform(head.status, head.headers);
  }

  head(head: OriginHead, bodiless: boolean, outlivesBody = false): void {
    this.#stopTimer();
    this.#head = head;
    const length = head.declaredLength;
    if (bodiless || (length === 0 && !outlivesBody)) return;
    if (outlivesBody || length === undefined || length > MAX_INLINE_BODY) this.#stream();
  }

  data(bytes: Uint8Array): void {
    if (this.#queue !== undefined) {
      this.#queue.push(bytes);
      return;
    }
    const length = this.#head?.declaredLength ?? 0;
    if (bytes.length === length) {
      this.#collected = bytes;
      this.#collectedBytes = length;
      return;
    }
    this.#collected ??= new Uint8Array(length);
    this.#collected.set(bytes, this.#collectedBytes);
    this.#collectedBytes += bytes.length;
    this.#timer ??= setTimeout(onSlowBody, COLLECT_MS, this);
  }

  switched({ status, reason, headers }: OriginHead, socket: Duplex): void {
    this.#settled = true;
    this.#settle.resolve({ status, reason, headers, upgrade: (front) => join(front, socket) });
    this.#finish();
  }

  end(trailers: readonly string[] | undefined): void {
    this.#trailers = trailers;
    const head = this.#head;
    if (this.#queue !== undefined) this.#queue.end();
    else if (head !== undefined) this.#respond(head, this.#collected ?? null);
    this.#finish();
  }

  /** A small body is slow: pass on what there is of it, and the rest as it comes. */
  slowBody(): void {
    this.#timer = undefined;
    const begun = this.#collected?.subarray(0, this.#collectedBytes);
    this.#stream();
    if (begun !== undefined) this.#queue?.push(begun);
  }

  fail(error: TpError): void {
    if (this.over) return;
    if (this.#settled) {
      this.#queue?.fail(error);
    } else {
      this.#settled = true;
      this.#settle.reject(error);
    }
    this.#finish();
  }

  #stream(): void {
    const head = this.#head;
    if (head === undefined) return;
    this.#queue = createBodyQueue({
      pause: () => this.carrier?.pause(),
      resume: () => this.carrier?.resume(),
      abandon: () => this.#abort('CANCEL', 'the reader of the response left'),
    });
    this.#respond(head, this.#queue);
  }

  #respond(head: OriginHead, body: Uint8Array | BodyQueue | null): void {
    if (this.#settled) return;
    this.#settled = true;
    const { status, reason, headers } = head;
    this.#settle.resolve(
      head.chunked && body !== null
        ? { status, reason, headers, body, trailers: () => this.#trailers ?? Fields.empty }
        : { status, reason, headers, body },
    );
  }

  #abort(code: TpError['code'], message: string): void {
    const carrier = this.carrier;
    this.fail(new TpError({ code, message, processed: carrier === undefined ? 'no' : 'maybe' }));
    carrier?.destroy();
  }

  #finish(): void {
    this.over = true;
    this.#stopTimer();
    this.#signal.removeEventListener('abort', this);
    this.#onOver(this);
  }

  #stopTimer(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function onTimeout(exchange: Exchange, byDeadline: boolean): void {
  exchange.timedOut(byDeadline);
}

function onSlowBody(exchange: Exchange): void {
  exchange.slowBody();
}
