import type { Socket } from 'node:net';
import { isTpError, TpError } from '@tp/wire';
import { reset } from '../reset.ts';
import { type BodySender, createBodySender } from './body-sender.ts';
import { dialSocket, type OriginTarget } from './dial-socket.ts';
import type { ExchangeCarrier, OriginExchange } from './origin-exchange.ts';
import type { OriginHead } from './origin-head.ts';
import {
  createResponseReader,
  type HeadMemory,
  type ResponseReader,
  type ResponseSink,
} from './response-reader.ts';

/** One connection to an origin; carries one exchange at a time (no pipelining). */
export interface OriginConnection {
  /** Starts an exchange. `head` is its request head; the body is taken from the request. */
  start(exchange: OriginExchange, head: string): void;
  /** Whether it can still take an exchange: an origin may have closed it just now. */
  readonly usable: boolean;
  /** Whether another protocol is spoken on it. */
  readonly isSwitched: boolean;
  /** Whom it is made for, where the origin was told of that. */
  readonly peer: string | undefined;
  /** When it became idle, on the clock of `performance.now()`. */
  idleSince: number;
  /** How long the origin keeps it when idle, as far as it said, in ms. */
  readonly idleTimeoutMs: number | undefined;
  /** Bytes that crossed its socket. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  destroy(): void;
}

/** What a connection tells the pool. */
export interface ConnectionOwner {
  readonly memory: HeadMemory;
  onConnect(connection: OriginConnection): void;
  /** Request and response are complete, and the connection may serve another. */
  onIdle(connection: OriginConnection): void;
  /** An idle connection died in the moment of its reuse: nothing of this exchange's answer came. */
  onStale(exchange: OriginExchange, error: TpError): void;
  /** Called once; `dialError` when it never stood. */
  onClose(connection: OriginConnection, dialError: TpError | undefined): void;
}

const CONNECT_MS = 5_000;

/**
 * Dials an origin.
 *
 * @param peer whom the connection is made for, where the origin is told of that.
 */
export function dialOrigin(
  target: OriginTarget,
  owner: ConnectionOwner,
  peer?: string,
): OriginConnection {
  return new Connection(target, owner, peer);
}

class Connection implements OriginConnection, ExchangeCarrier, ResponseSink {
  idleSince = 0;
  idleTimeoutMs: number | undefined;
  readonly peer: string | undefined;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #reader: ResponseReader;
  readonly #connectTimer: NodeJS.Timeout;
  #exchange: OriginExchange | undefined;
  #connected = false;
  #error: Error | undefined;
  #served = 0;
  /** Whether any byte came since the exchange started. */
  #answered = false;
  #keepAlive = true;
  isSwitched = false;
  readonly #takeData = (bytes: Buffer): void => this.#onData(bytes);
  readonly #takeDrain = (): void => this.#sender?.wake();
  readonly #takeEnd = (): void => this.#onEnd();
  /** The streamed body that is being sent; undefined when the request is sent to its end. */
  #sender: BodySender | undefined;
  #awaitsContinue = false;
  /** Whether the end of the response waits for the end of the request, and what it brings. */
  #holdsEnd = false;
  #heldEnd: { trailers: readonly string[] | undefined } | undefined;

  constructor(target: OriginTarget, owner: ConnectionOwner, peer: string | undefined) {
    this.#owner = owner;
    this.peer = peer;
    this.#reader = createResponseReader(owner.memory);
    const socket = dialSocket(target, peer);
    this.#socket = socket;
    this.#connectTimer = setTimeout(() => {
      socket.destroy(new Error(`no connection within ${CONNECT_MS} ms`));
    }, CONNECT_MS);
    socket.on(target.tls === undefined ? 'connect' : 'secureConnect', () => this.#onConnect());
    socket.on('data', this.#takeData);
    socket.on('drain', this.#takeDrain);
    socket.on('end', this.#takeEnd);
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    socket.on('close', () => this.#onClose());
  }

  get usable(): boolean {
    return !this.#socket.destroyed && this.#socket.readable;
  }

  get bytesIn(): number {
    return this.#socket.bytesRead;
  }

  get bytesOut(): number {
    return this.#socket.bytesWritten;
  }

  start(exchange: OriginExchange, head: string): void {
    exchange.carrier = this;
    this.#exchange = exchange;
    this.#answered = false;
    this.#served += 1;
    this.#reader.begin(this, exchange.request.method === 'HEAD', exchange.request.upgrade);
    const socket = this.#socket;
    this.#awaitsContinue = false;
    const body = exchange.request.body;
    if (body === null) {
      socket.write(head, 'latin1');
    } else if (body instanceof Uint8Array) {
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(body);
      socket.uncork();
    } else {
      this.#awaitsContinue = exchange.request.headers.has('expect');
      socket.write(head, 'latin1');
      this.#sender = createBodySender(socket, exchange.request, body);
      void this.#send(this.#sender);
    }
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    if (this.isSwitched) reset(this.#socket);
    else this.#socket.destroy();
  }

  information(head: OriginHead): void {
    if (head.status === 100) this.#awaitsContinue = false;
    this.#exchange?.information(head);
  }

  head(head: OriginHead, bodiless: boolean): void {
    // A final answer instead of 100 (Continue): the body is not wanted, and not sent.
    const refused = this.#awaitsContinue && this.#sender?.begun === false;
    this.#keepAlive = head.keepAlive && !refused;
    this.idleTimeoutMs = head.idleTimeoutMs;
    // An origin may answer and go on reading the request, which must not be cut off by an end of
    // the response that comes before its own.
    this.#holdsEnd = this.#sender !== undefined && this.#keepAlive && !bodiless;
    this.#exchange?.head(head, bodiless, this.#holdsEnd);
  }

  data(bytes: Uint8Array): void {
    this.#exchange?.data(bytes);
  }

  switched(head: OriginHead, rest: Buffer): void {
    const socket = this.#socket;
    const exchange = this.#exchange;
    this.isSwitched = true;
    this.#exchange = undefined;
    if (exchange === undefined) {
      socket.destroy();
      return;
    }
    exchange.carrier = undefined;
    socket.off('data', this.#takeData);
    socket.off('drain', this.#takeDrain);
    socket.off('end', this.#takeEnd);
    socket.pause();
    if (rest.length > 0) socket.unshift(rest);
    // Either direction of what is spoken now may end first.
    socket.allowHalfOpen = true;
    exchange.switched(head, socket);
  }

  end(trailers: readonly string[] | undefined): void {
    if (this.#holdsEnd) {
      this.#heldEnd = { trailers };
      return;
    }
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (exchange === undefined) return;
    exchange.carrier = undefined;
    exchange.end(trailers);
  }

  #onConnect(): void {
    clearTimeout(this.#connectTimer);
    this.#connected = true;
    this.#owner.onConnect(this);
  }

  #onData(bytes: Buffer): void {
    this.#answered = true;
    try {
      this.#reader.feed(bytes);
    } catch (error) {
      this.#break(asUpstreamError(error));
      return;
    }
    this.#settle();
  }

  #onEnd(): void {
    if (!this.#reader.busy) this.#socket.destroy();
    try {
      this.#reader.eof();
    } catch {
      // Cut short: `close` follows and knows whether the exchange may be repeated.
    }
  }

  #onClose(): void {
    clearTimeout(this.#connectTimer);
    this.#releaseEnd();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#sender?.stop();
    const cause = this.#error;
    const why = describe(cause);
    if (exchange !== undefined) {
      exchange.carrier = undefined;
      const error = new TpError({
        code: 'UPSTREAM',
        message: `the connection to the origin broke before the response was complete: ${why}`,
        cause,
      });
      if (!this.#answered && this.#served > 1 && exchange.repeatable && !exchange.repeated) {
        this.#owner.onStale(exchange, error);
      } else {
        exchange.fail(error);
      }
    }
    this.#owner.onClose(
      this,
      this.#connected
        ? undefined
        : new TpError({
            code: 'UNREACHABLE',
            processed: 'no',
            message: `cannot connect to the origin: ${why}`,
            cause,
          }),
    );
  }

  /** Ends the response, if it was complete before the request was. */
  #releaseEnd(): void {
    const held = this.#heldEnd;
    this.#holdsEnd = false;
    this.#heldEnd = undefined;
    if (held !== undefined) this.end(held.trailers);
  }

  /** Hands the connection back, or ends it, once nothing is under way on it. */
  #settle(): void {
    if (this.#reader.busy || this.isSwitched || this.#socket.destroyed) return;
    if (!this.#keepAlive) {
      this.#socket.destroy();
    } else if (this.#sender === undefined && this.#exchange === undefined) {
      this.#socket.resume();
      this.#owner.onIdle(this);
    }
  }

  #break(error: TpError): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (exchange !== undefined) {
      exchange.carrier = undefined;
      exchange.fail(error);
    }
    this.#socket.destroy();
  }

  async #send(sender: BodySender): Promise<void> {
    try {
      if (!(await sender.run())) return;
      this.#sender = undefined;
      this.#releaseEnd();
      this.#settle();
    } catch (error) {
      this.#break(
        isTpError(error)
          ? error
          : new TpError({ code: 'CANCEL', message: 'the request body broke off', cause: error }),
      );
    }
  }
}

function describe(error: Error | undefined): string {
  if (error === undefined) return 'it was closed';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

function asUpstreamError(error: unknown): TpError {
  if (isTpError(error)) return error;
  return new TpError({ code: 'INTERNAL', message: 'cannot read the origin', cause: error });
}
