import { STATUS_CODES } from 'node:http';
import { Fields, TpError } from '@tp/wire';
import type { Client, RequestOptions, Response } from '../types.ts';
import { type HandlerPort, portOf } from './handler-port.ts';
import { BodyPieces, mismatch, type RequestBody, requestBody } from './request-body.ts';
import { outgoingHead } from './request-head.ts';
import { rawFields } from './response-fields.ts';
import { SilenceTimer } from './silence-timer.ts';
import type { DispatchController, DispatchHandler, DispatchOptions } from './types.ts';
import { aborted, asUndiciError } from './undici-error.ts';

/** Methods whose request says that its body is empty (RFC 9110 section 8.6), as undici has them. */
const EXPECT_BODY: ReadonlySet<string> = new Set([
  'PUT',
  'POST',
  'PATCH',
  'QUERY',
  'PROPFIND',
  'PROPPATCH',
]);

const CONTINUE = 100;

/** One request that was dispatched, and its response: what its handler holds it by. */
export class Exchange implements DispatchController {
  readonly #handler: DispatchHandler;
  readonly #port: HandlerPort;
  readonly #onOver: (exchange: Exchange) => void;
  readonly #abortion = new AbortController();
  readonly #silence: SilenceTimer;
  #bodyTimeoutMs = 0;
  #body: BodyPieces | undefined = undefined;
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
    this.#silence = new SilenceTimer(() => this.#silent());
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
    const request = this.#request(options);
    this.#bodyTimeoutMs = options.bodyTimeout ?? 0;
    if (!this.#tell(() => this.#port.start(this))) return;
    this.#silence.start(options.headersTimeout ?? 0);
    client.request(request).then(
      (response) => this.#answered(response),
      (error: unknown) => this.#failed(error),
    );
    if (request.body instanceof Uint8Array) this.#sent(request.body);
    if (!(request.body instanceof BodyPieces)) this.#allSent();
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

  #request(options: DispatchOptions): RequestOptions {
    const { path, raw, contentLength, hasContentType } = outgoingHead(options);
    const body = requestBody(options.body);
    const length = body.whole?.length ?? body.length ?? (body.stream ? contentLength : 0);
    if (body.contentType !== undefined && !hasContentType)
      raw.push('content-type', body.contentType);
    if (contentLength !== undefined && length !== contentLength && length !== 0) {
      throw mismatch();
    }
    if (length !== undefined && (length > 0 || EXPECT_BODY.has(options.method))) {
      raw.push('content-length', String(length));
    }
    return {
      method: options.method,
      path,
      headers: new Fields(raw),
      body: body.whole ?? this.#pieces(body, length, options.expectContinue === true),
      signal: this.#abortion.signal,
      onInformation: (status, headers) => this.#inform(status, headers),
      ...(options.idempotent === undefined ? {} : { idempotent: options.idempotent }),
    };
  }

  #pieces(body: RequestBody, length: number | undefined, waits: boolean): BodyPieces | null {
    if (body.stream === undefined) return null;
    const events = {
      sent: (piece: Uint8Array) => this.#sent(piece),
      ended: () => this.#allSent(),
      failed: (error: unknown) => this.#fail(asUndiciError(error, false)),
    };
    const begin = waits ? new Promise<void>((resolve) => (this.#continued = resolve)) : undefined;
    return (this.#body = new BodyPieces(body.stream, length, events, begin));
  }

  #sent(piece: Uint8Array): void {
    if (this.#state === 'over') return;
    this.#sentBytes += piece.length;
    if (this.#state === 'asked') this.#silence.again();
    if (this.#handler.onBodySent !== undefined) {
      this.#tell(() => this.#handler.onBodySent?.(piece, this.#sentBytes));
    }
  }

  #allSent(): void {
    if (this.#handler.onRequestSent !== undefined)
      this.#tell(() => this.#handler.onRequestSent?.());
  }

  #inform(status: number, headers: Fields): void {
    if (this.#state !== 'asked') return;
    this.#silence.again();
    if (status === CONTINUE) {
      this.#continued?.();
      return;
    }
    this.#tellHead(status, headers, STATUS_CODES[status] ?? '');
  }

  #answered(response: Response): void {
    if (this.#state === 'over') return;
    this.#state = 'answered';
    this.#silence.stop();
    this.#continued?.();
    const { status, reason, headers } = response;
    if (this.#tellHead(status, headers, reason === '' ? (STATUS_CODES[status] ?? '') : reason)) {
      void this.#read(response);
    }
  }

  #tellHead(status: number, headers: Fields, reason: string): boolean {
    this.#headers = headers;
    return this.#tell(() => {
      this.#handler.onResponseStarted?.();
      this.#port.head(this, status, headers, reason);
    });
  }

  /** What is not read is not credited to the sender: so pausing holds it back. */
  async #read(response: Response): Promise<void> {
    try {
      const pieces = response.body[Symbol.asyncIterator]();
      for (;;) {
        while (this.#paused && this.#state !== 'over') {
          await new Promise<void>((resolve) => (this.#resumed = resolve));
        }
        if (this.#state === 'over') return;
        this.#silence.start(this.#bodyTimeoutMs);
        const { done, value } = await pieces.next();
        if (this.#isOver()) return;
        this.#silence.stop();
        if (done === true) break;
        const piece = Buffer.from(value.buffer, value.byteOffset, value.length);
        if (!this.#tell(() => this.#port.piece(this, piece))) return;
      }
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#ended(response.trailers ?? Fields.empty);
  }

  #ended(trailers: Fields): void {
    this.#trailers = trailers;
    if (this.#tell(() => this.#port.end(this, trailers))) this.#finish();
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

  #failed(error: unknown): void {
    this.#fail(asUndiciError(error, this.#state === 'answered'));
  }

  #fail(error: Error): void {
    if (this.#state === 'over') return;
    this.#finish();
    this.#abortion.abort(error);
    this.#body?.stop();
    this.#port.fail(this, error);
  }

  /** Calls the handler; what it throws ends the exchange. Says whether that goes on. */
  #tell(call: () => void): boolean {
    try {
      call();
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
    return !this.#isOver();
  }

  #isOver(): boolean {
    return this.#state === 'over';
  }

  #finish(): void {
    this.#state = 'over';
    this.#silence.stop();
    this.#continued?.();
    this.#resumed?.();
    this.#onOver(this);
  }
}
