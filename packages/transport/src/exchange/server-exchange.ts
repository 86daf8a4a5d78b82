import {
  type BatchEncoder,
  Fields,
  type FieldsInit,
  isTpError,
  MAX_INLINE_BODY,
  type Processed,
  type RequestHead,
  ResponseHead,
  TpError,
} from '@tp/wire';
import type { BodyReader } from '../body/body-reader.ts';
import type { BodyWriter } from '../body/body-writer.ts';
import { isCompressed } from '../body/compressed-body.ts';
import { jsonOf, piecesOf, textOf } from '../body/incoming-body.ts';
import type { ServerLink } from '../link/server-link.ts';
import { type CallStarted, callEnd, callFailed } from '../stats/diagnostics.ts';
import type { Tenant, WindowChoice } from '../window/tenants.ts';
import { Cancellation, type CancelSignal } from './cancellation.ts';
import {
  type Exchange,
  giveCredit,
  isReceiving,
  type OutgoingStream,
  SWITCHED,
  startReader,
  startWriter,
  stopSource,
} from './exchange.ts';

/** A request as its server sees it, and the way to answer it. */
export class ServerExchange implements Exchange {
  readonly id: number;
  readonly link: ServerLink;
  dueAt = 0;
  /** The client expects nothing back: what is answered is dropped (W-124). */
  oneWay = false;
  trailers: Fields | undefined = undefined;
  detached = false;
  tenant: Tenant | undefined = undefined;
  reader: BodyReader | undefined = undefined;
  writer: BodyWriter | undefined = undefined;
  earlyCredit = 0;
  readonly #head: RequestHead;
  #response: ResponseHead | undefined = undefined;
  #body: Uint8Array | undefined = undefined;
  #pendingBytes = 0;
  #stream: OutgoingStream | undefined = undefined;
  #state: 'waiting' | 'running' | 'answering' | 'written' | 'over' = 'waiting';
  /** The handler has returned. */
  #returned = false;
  #abort: AbortController | undefined = undefined;
  #cancellation: Cancellation | undefined = undefined;
  #cause: TpError | undefined = undefined;
  /** The body that came with the head: a range of its batch. */
  readonly #bytes: Uint8Array;
  readonly #bodyStart: number;
  readonly #bodyEnd: number;

  /** The body is a range of `bytes`; with `more` there is none yet, and it comes piece by piece. */
  constructor(
    link: ServerLink,
    id: number,
    head: RequestHead,
    more: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ) {
    this.link = link;
    this.id = id;
    this.#head = head;
    this.#bytes = bytes;
    this.#bodyStart = start;
    this.#bodyEnd = end;
    if (more) startReader(this, link);
  }

  get method(): string {
    return this.#head.method;
  }

  /** The request target exactly as the client sent it. */
  get path(): string {
    return this.#head.path;
  }

  get headers(): Fields {
    return this.#head.fields;
  }

  /** Fires when the client cancels, the deadline passes, or the link is lost. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#cause !== undefined) this.#abort.abort(this.#cause);
    return this.#abort.signal;
  }

  /** Fires when `signal` does. */
  get cancellation(): CancelSignal {
    this.#cancellation ??= new Cancellation();
    if (this.#cause !== undefined) this.#cancellation.cancel(this.#cause);
    return this.#cancellation;
  }

  /** What is left of the client's deadline, in ms; undefined when it set none. */
  get remainingMs(): number | undefined {
    if (this.dueAt === 0) return this.#cause?.code === 'DEADLINE' ? 0 : undefined;
    return Math.max(0, this.dueAt - this.link.options.clock.now());
  }

  /** Where the request came from, for people. */
  get peer(): string {
    return this.link.peer;
  }

  /** The names in the client's verified certificate; undefined without one. */
  get peerIdentity(): readonly string[] | undefined {
    return this.link.peerIdentity;
  }

  /** The body piece by piece; it can be read once. Leaving the loop early cancels the exchange. */
  get body(): AsyncIterable<Uint8Array> {
    return piecesOf(this);
  }

  /**
   * The whole body: at once when it came with its head, else a promise.
   *
   * @throws {TpError} BODY_LIMIT past `maxBufferedBodyBytes`; what ended the exchange if it was
   * not the end of the body.
   */
  bytes(): Uint8Array | Promise<Uint8Array> {
    if (this.reader !== undefined) return this.reader.collect();
    if (this.#cause !== undefined) throw this.#cause;
    return this.#bytes.subarray(this.#bodyStart, this.#bodyEnd);
  }

  /** `bytes()` as UTF-8 text. */
  text(): string | Promise<string> {
    return textOf(this);
  }

  /** `text()` parsed as JSON. */
  json(): unknown {
    return jsonOf(this);
  }

  /** Whether a body came with the head, or was to come in pieces. */
  get hasBody(): boolean {
    return this.reader !== undefined || this.inlineLength > 0;
  }

  /** Whether the body is to come in pieces, and has not all come. */
  get receiving(): boolean {
    return isReceiving(this);
  }

  /** Size of the body that came with the head, in bytes. */
  get inlineLength(): number {
    return this.#bodyEnd - this.#bodyStart;
  }

  /** Stays what it was when the response was put in line, whatever becomes of it there. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Whether a 1xx head has still its place: the final head has not been written (W-033). */
  get mayInform(): boolean {
    return this.#state !== 'written' && this.#state !== 'over';
  }

  /** Whether both sides speak another protocol now. */
  get switched(): boolean {
    return this.#state === 'written' && this.#response?.status === SWITCHED;
  }

  /** Whether the exchange has ended, whatever the handler still does. */
  get over(): boolean {
    return this.#state === 'over';
  }

  /** Whether its handler was called. */
  get begun(): boolean {
    return this.#state !== 'waiting';
  }

  /** What is true of the request if it fails now (W-092). */
  get processed(): Processed {
    if (this.#state === 'waiting') return 'no';
    return this.#returned ? 'yes' : 'maybe';
  }

  /** The handler is about to be called. */
  begin(): void {
    this.#state = 'running';
  }

  /**
   * Chooses the compression window of what is sent from now on. Without a choice it is of the kind that
   * the request came through, or the server's default for the shared one. Call it before `respond`.
   */
  useWindow(choice: WindowChoice): void {
    this.tenant = this.link.sealer.tenant(choice);
  }

  /** Sends a 1xx head ahead of the response. Ignored once the response has begun. */
  inform(status: number, headers?: FieldsInit): void {
    if (status < 100 || status > 199 || status === 101) {
      throw new TpError({
        code: 'INVALID_ARGUMENT',
        message: `${status} is no informational status; expected 100 to 199, but not 101`,
        processed: 'yes',
      });
    }
    if (this.#state !== 'running') return;
    const head = new ResponseHead(status, Fields.from(headers));
    this.link.inform(this, head);
  }

  /**
   * Answers. Ignored when the exchange has ended meanwhile.
   *
   * @param body the whole body, when it has at most 64 KiB.
   * @param stream the body otherwise.
   * @throws {TpError} INVALID_ARGUMENT for a whole body that is longer; then nothing was answered.
   */
  respond(
    head: ResponseHead,
    body: Uint8Array | undefined,
    stream: OutgoingStream | undefined,
  ): void {
    if (body !== undefined && body.length > MAX_INLINE_BODY) {
      throw new TpError({
        code: 'INVALID_ARGUMENT',
        message: `a whole body has at most ${MAX_INLINE_BODY} bytes (W-040); give a stream`,
        processed: 'yes',
      });
    }
    this.#handlerReturned();
    if (this.#state !== 'running') {
      if (stream !== undefined) void stopSource(stream.source);
      return;
    }
    this.#state = 'answering';
    this.#response = head;
    this.#body = body;
    this.#pendingBytes = body?.length ?? 0;
    this.#stream = stream;
    this.link.answer(this);
  }

  /** Ends the exchange without an answer; `processed` reaches the client. */
  refuse(error: TpError): void {
    this.#handlerReturned();
    this.cutOff(error);
  }

  /** Ends a one-way exchange whose handler has answered; the answer goes nowhere. */
  drop(): void {
    this.#end(undefined);
  }

  /** What an event says of the exchange. */
  event(): CallStarted {
    const { method, path, peer } = this;
    return { side: 'server', call: this, method, path, peer };
  }

  writeHead(encoder: BatchEncoder): void {
    const head = this.#response;
    if (this.#state !== 'answering' || head === undefined) return;
    const stream = this.#stream;
    const body = this.#body;
    this.detached = encoder.packs && isCompressed(head.fields, body, stream !== undefined);
    try {
      encoder.response(this.id, head, body, stream !== undefined, this.detached);
    } catch (error) {
      this.unsendable(error);
      return;
    }
    this.#state = 'written';
    if (head.status === SWITCHED) this.dueAt = 0;
    if (stream === undefined) this.settled();
    else startWriter(this, stream, this.link);
  }

  /** A head that the handler gave may not be sent: the exchange cannot go on. */
  unsendable(error: unknown): void {
    if (isTpError(error) && error.code === 'HEAD_LIMIT') this.link.counters.hit(error.code);
    this.cutOff(
      new TpError({
        code: 'INTERNAL',
        message: `the response cannot be sent: ${error instanceof Error ? error.message : String(error)}`,
        processed: this.processed,
        cause: error,
      }),
    );
  }

  settled(): void {
    if (this.#state !== 'written') return;
    if (this.writer !== undefined && !this.writer.closed) return;
    if (!this.receiving) {
      this.#end(undefined);
      return;
    }
    if (this.switched && this.reader?.left === false) return;
    const id = this.id;
    this.link.sender.control((encoder) => encoder.cancel(id, 'NO_ERROR', 'yes'));
    this.#end(
      new TpError({
        code: 'CANCEL',
        message: 'the request was answered before its end',
        processed: 'yes',
      }),
      true,
    );
  }

  fail(error: TpError): void {
    if (this.#state !== 'over') this.#end(error);
  }

  expire(): void {
    const { processed } = this;
    this.cutOff(
      new TpError({ code: 'DEADLINE', message: "the client's deadline has passed", processed }),
    );
  }

  /** What a handler's source threw is its own affair, unless it is meant for the client: a `TpError`. */
  sourceFailed(error: TpError): void {
    const said = isTpError(error.cause) ? error.cause : undefined;
    this.cutOff(
      new TpError({
        code: said?.code ?? 'INTERNAL',
        message: said?.message ?? 'the response could not be sent to its end',
        processed: 'yes',
        cause: error,
      }),
    );
  }

  /** Once it is answered, the rest of the request may be silent: both sides may talk at leisure then. */
  get isBodyDue(): boolean {
    return this.#state === 'running' && this.reader?.starving === true;
  }

  stall({ code, message }: TpError): void {
    this.cutOff(new TpError({ code, message, processed: this.processed }));
  }

  consumed(bytes: number): void {
    giveCredit(this, bytes);
  }

  writable(): void {
    this.link.sender.writable(this);
  }

  /**
   * The handler has stopped reading: that alone ends nothing but the reading. Where both sides speak
   * another protocol, the client is told when all is sent that was to be (W-035).
   */
  abandoned(): void {
    if (this.switched) this.settled();
  }

  /** Ends the exchange, and tells the client; a handler that runs is not waited for. */
  cutOff(error: TpError): void {
    if (this.#state === 'over') return;
    if (!this.oneWay) {
      this.link.sender.control((encoder) =>
        encoder.cancel(this.id, error.code, error.processed, error.message),
      );
    }
    this.#end(error);
  }

  #handlerReturned(): void {
    if (this.#returned) return;
    this.#returned = true;
    this.link.handlerReturned(this);
  }

  /**
   * Without an error, the exchange is complete in both directions. What is said on a link may end
   * it, and the exchange with it, before the exchange ends itself. `isAnswered`: the response is
   * complete, and the error says only that the rest of the request is not wanted.
   */
  #end(error: TpError | undefined, isAnswered = error === undefined): void {
    if (this.#state === 'over') return;
    const head = this.#response;
    if (this.#state === 'waiting') this.link.neverHandled(this);
    this.#state = 'over';
    this.#body = undefined;
    this.#response = undefined;
    this.writer?.stop();
    if (this.#stream !== undefined && this.writer === undefined)
      void stopSource(this.#stream.source);
    if (error !== undefined) {
      this.#cause = error;
      this.reader?.fail(error);
      this.#abort?.abort(error);
      this.#cancellation?.cancel(error);
    }
    this.reader?.release();
    this.link.ended(this);
    if (callEnd.hasSubscribers || callFailed.hasSubscribers) this.#tell(head, error, isAnswered);
  }

  #tell(head: ResponseHead | undefined, error: TpError | undefined, isAnswered: boolean): void {
    if (isAnswered || error === undefined) {
      callEnd.publish({ ...this.event(), status: head?.status ?? 0 });
    } else callFailed.publish({ ...this.event(), error });
  }
}
