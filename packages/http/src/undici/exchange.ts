import { STATUS_CODES } from 'node:http';
import { Fields, TpError } from '@tp/wire';
import { wholeBody } from '../client/checked-response.ts';
import type { Body, Client, Response, Upgraded } from '../types.ts';
import { giveBack, takeAbortController } from './abort-controllers.ts';
import { GatheredBody, isShort } from './gathered-body.ts';
import { type HandlerPort, portOf } from './handler-port.ts';
import { type OutgoingRequest, outgoingRequest } from './outgoing-request.ts';
import { BodyPieces } from './request-body.ts';
import { rawFields } from './response-fields.ts';
import { SilenceTimer } from './silence-timer.ts';
import type { DispatchController, DispatchHandler, DispatchOptions } from './types.ts';
import { aborted, asUndiciError } from './undici-error.ts';

const CONTINUE = 100;

/** One request that was dispatched, and its response: what its handler holds it by. */
export class Exchange implements DispatchController {
  readonly #handler: DispatchHandler;
  readonly #port: HandlerPort;
  readonly #onOver: (exchange: Exchange) => void;
  readonly #abortion = takeAbortController();
  #silence: SilenceTimer | undefined = undefined;
  #bodyTimeoutMs = 0;
  #body: BodyPieces | GatheredBody | undefined = undefined;
  /** Nothing of the request can be on its way behind the end of the response. */
  #isSent = false;
  #state: 'asked' | 'answered' | 'over' = 'asked';
  #reason: Error | null = null;
  #paused = false;
  #sentBytes = 0;
  #resumed: (() => void) | undefined = undefined;
  #continued: (() => void) | undefined = undefined;
  #headers: Fields | undefined = undefined;
  #trailers: Fields | undefined = undefined;

  /** @param onOver called when nothing more will be told to the handler. */
  constructor(handler: DispatchHandler, onOver: (exchange: Exchange) => void) {
    this.#handler = handler;
    this.#port = portOf(handler);
    this.#onOver = onOver;
  }

  /** Whether the handler has aborted it; one that failed by itself may be tried again. */
  get aborted(): boolean {
    return this.#reason !== null;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get reason(): Error | null {
    return this.#reason;
  }

  get rawHeaders(): Buffer[] | null {
    return this.#headers === undefined ? null : rawFields(this.#headers);
  }

  get rawTrailers(): Buffer[] | null {
    return this.#trailers === undefined ? null : rawFields(this.#trailers);
  }

  /**
   * Sends the request.
   *
   * @throws {UndiciError} when it cannot be sent as it is; the handler was told nothing then.
   */
  run(client: Client, options: DispatchOptions): void {
    const { request, body, length, protocol } = outgoingRequest(options);
    this.#bodyTimeoutMs = options.bodyTimeout ?? 0;
    try {
      this.#port.start(this);
    } catch (error) {
      this.#failed(error);
    }
    if (this.#state === 'over') return;
    this.#await(options.headersTimeout ?? 0);
    if (protocol !== undefined) this.#upgrade(client, request, protocol);
    else if (body.stream === undefined) {
      this.#isSent = isShort(length);
      this.#send(client, request, body.whole ?? null);
      if (body.whole !== undefined) this.#sent(body.whole);
      this.#allSent();
    } else if (isShort(length) && options.expectContinue !== true) {
      void this.#gather(client, request, body.stream, length);
    } else {
      this.#stream(client, request, body.stream, length, options.expectContinue === true);
    }
  }

  /** Stops the exchange here and its handler there; the handler is told `reason`, or that it was aborted. */
  abort(reason?: Error): void {
    if (this.#state === 'over') return;
    const processed = this.#state === 'answered' ? 'yes' : 'maybe';
    this.#reason = reason ?? aborted('Request aborted', processed);
    this.#fail(this.#reason);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#resumed?.();
  }

  /** Over when the protocols are switched: what follows is between the handler and the socket. */
  #upgrade(client: Client, request: OutgoingRequest['request'], protocol: string): void {
    const onInformation = (status: number, headers: Fields) => this.#inform(status, headers);
    client
      .upgrade({ ...request, protocol, signal: this.#abortion.signal, onInformation })
      .then((response) => {
        if (response.socket === undefined) this.#answered(response);
        else if (this.#isOver()) response.socket.destroy();
        else this.#switched(response);
      })
      .catch(this.#failed);
  }

  #switched({ status, headers, socket }: Upgraded): void {
    this.#headers = headers;
    this.#finish();
    this.#port.upgrade(this, status, headers, socket);
  }

  #send(client: Client, request: OutgoingRequest['request'], body: Body | null): void {
    client
      .request({
        ...request,
        body,
        signal: this.#abortion.signal,
        onInformation: (status, headers) => this.#inform(status, headers),
      })
      .then(this.#answered, this.#failed);
  }

  /** A short body that is there already goes with its head, and may be sent again with it. */
  async #gather(
    client: Client,
    request: OutgoingRequest['request'],
    body: AsyncIterable<unknown>,
    length: number,
  ): Promise<void> {
    const gathering = new GatheredBody(body, length);
    this.#body = gathering;
    try {
      const whole = await gathering.whole();
      if (this.#isOver()) return;
      if (whole === undefined) this.#stream(client, request, gathering, length, false);
      else {
        this.#send(client, request, whole);
        this.#sent(whole);
        this.#allSent();
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  #stream(
    client: Client,
    request: OutgoingRequest['request'],
    body: AsyncIterable<unknown>,
    length: number | undefined,
    waits: boolean,
  ): void {
    const events = {
      sent: (piece: Uint8Array) => this.#sent(piece),
      ended: () => this.#allSent(),
      failed: this.#failed,
    };
    const begin = waits ? new Promise<void>((resolve) => (this.#continued = resolve)) : undefined;
    const pieces = new BodyPieces(body, length, events, begin);
    this.#body = pieces;
    this.#send(client, request, pieces);
  }

  #sent(piece: Uint8Array): void {
    if (this.#state === 'over') return;
    this.#sentBytes += piece.length;
    if (this.#state === 'asked') this.#silence?.again();
    try {
      this.#handler.onBodySent?.(piece, this.#sentBytes);
    } catch (error) {
      this.#failed(error);
    }
  }

  #allSent(): void {
    if (this.#state === 'over') return;
    try {
      this.#handler.onRequestSent?.();
    } catch (error) {
      this.#failed(error);
    }
  }

  #inform(status: number, headers: Fields): void {
    if (this.#state !== 'asked') return;
    this.#silence?.again();
    try {
      if (status === CONTINUE) this.#continued?.();
      else this.#tellHead(status, headers, '');
    } catch (error) {
      this.#failed(error);
    }
  }

  readonly #answered = (response: Response): void => {
    if (this.#state === 'over') return;
    this.#state = 'answered';
    this.#silence?.stop();
    this.#continued?.();
    const { status, reason, headers } = response;
    try {
      this.#tellHead(status, headers, reason);
      if (this.#isOver()) return;
      const whole = wholeBody(response);
      if (whole === undefined || this.#paused) void this.#read(response);
      else {
        if (whole.length > 0) this.#tellPiece(whole);
        if (this.#paused) void this.#read(undefined);
        else this.#ended(Fields.empty);
      }
    } catch (error) {
      this.#failed(error);
    }
  };

  #tellHead(status: number, headers: Fields, reason: string): void {
    this.#headers = headers;
    this.#handler.onResponseStarted?.();
    const phrase = reason === '' ? (STATUS_CODES[status] ?? '') : reason;
    this.#port.head(this, status, headers, phrase);
  }

  #tellPiece({ buffer, byteOffset, length }: Uint8Array): void {
    this.#port.piece(this, Buffer.from(buffer, byteOffset, length));
  }

  /** What is not read is not credited to the sender: so pausing holds it back. */
  async #read(response: Response | undefined): Promise<void> {
    try {
      const pieces = response?.body[Symbol.asyncIterator]();
      for (;;) {
        while (this.#paused && !this.#isOver()) {
          await new Promise<void>((resolve) => (this.#resumed = resolve));
        }
        if (this.#isOver() || pieces === undefined) break;
        this.#await(this.#bodyTimeoutMs);
        const { done, value } = await pieces.next();
        this.#silence?.stop();
        if (this.#isOver() || done === true) break;
        this.#tellPiece(value);
      }
      this.#ended(response?.trailers ?? Fields.empty);
    } catch (error) {
      this.#failed(error);
    }
  }

  #ended(trailers: Fields): void {
    if (this.#state === 'over') return;
    this.#trailers = trailers;
    this.#port.end(this, trailers);
    if (this.#isOver()) return;
    this.#finish();
    if (this.#isSent) giveBack(this.#abortion);
  }

  /** Fails the exchange when the peer is silent for so many ms; 0 is for ever. */
  #await(timeoutMs: number): void {
    if (timeoutMs === 0) return;
    this.#silence ??= new SilenceTimer(() => this.#silent());
    this.#silence.start(timeoutMs);
  }

  #silent(): void {
    const answered = this.#state === 'answered';
    this.#fail(
      asUndiciError(
        new TpError({
          code: 'TIMEOUT',
          message: answered ? 'Body Timeout Error' : 'Headers Timeout Error',
          processed: answered ? 'yes' : 'maybe',
        }),
        answered,
      ),
    );
  }

  readonly #failed = (error: unknown): void => {
    this.#fail(asUndiciError(error, this.#state === 'answered'));
  };

  #fail(error: Error): void {
    if (this.#state === 'over') return;
    this.#finish();
    this.#abortion.abort(error);
    this.#body?.stop();
    this.#port.fail(this, error);
  }

  #isOver(): boolean {
    return this.#state === 'over';
  }

  #finish(): void {
    this.#state = 'over';
    this.#silence?.stop();
    this.#continued?.();
    this.#resumed?.();
    this.#onOver(this);
  }
}
