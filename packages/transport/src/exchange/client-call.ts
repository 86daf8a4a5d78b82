import {
  type BatchEncoder,
  Fields,
  isTpError,
  type Processed,
  type ResponseHead,
  TpError,
} from '@tp/wire';
import type { BodyReader } from '../body/body-reader.ts';
import type { BodyWriter } from '../body/body-writer.ts';
import { isCompressed } from '../body/compressed-body.ts';
import { jsonOf, NOTHING, piecesOf, textOf } from '../body/incoming-body.ts';
import type { ClientLink } from '../link/client-link.ts';
import {
  type CallInBatch,
  type CallStarted,
  callAnswered,
  callEnd,
  callFailed,
  callWritten,
  type Publisher,
} from '../stats/diagnostics.ts';
import type { Tenant } from '../window/tenants.ts';
import type { CallInit } from './call-init.ts';
import {
  type Exchange,
  giveCredit,
  isFinal,
  isReceiving,
  type OutgoingStream,
  SWITCHED,
  startReader,
  startWriter,
  stopSource,
} from './exchange.ts';
import { remoteError } from './remote-error.ts';

/** What a call's promise is settled with. */
export interface Settle {
  /** With what `open` has made of the call. */
  resolve(opened: unknown): void;
  reject(error: unknown): void;
}

/** What a call asks of whoever gave it to a link. */
export interface CallOwner {
  /** The call has failed, and its whole request is there. True when it is sent again. */
  retry(call: ClientCall, error: TpError, linkEnded: boolean): boolean;
  /** A call has ended. */
  done(): void;
}

/**
 * A call as its client sees it. Once the response's head has come, this same object is the
 * response: what its promise resolves with is made of it without a further promise.
 */
export class ClientCall implements Exchange {
  id = 0;
  link: ClientLink | undefined = undefined;
  dueAt = 0;
  trailers: Fields | undefined = undefined;
  detached = false;
  tenant: Tenant | undefined = undefined;
  reader: BodyReader | undefined = undefined;
  writer: BodyWriter | undefined = undefined;
  earlyCredit = 0;
  readonly init: CallInit;
  /** How often it was written. */
  attempts = 0;
  /** An earlier attempt may have been processed. */
  doubtful = false;
  /** It was given up without a word to the peer, whose answer is still to come. */
  silent = false;
  /** Nothing comes back: its promise resolves when it is written (W-124). */
  oneWay = false;
  readonly #open: (call: ClientCall) => unknown;
  readonly #resolve: Settle['resolve'];
  readonly #reject: Settle['reject'];
  readonly #owner: CallOwner;
  #head: ResponseHead | undefined = undefined;
  #state: 'waiting' | 'written' | 'answered' | 'over' = 'waiting';
  /** The body that came with the head: a range of its batch. */
  #bytes: Uint8Array = NOTHING;
  #bodyStart = 0;
  #bodyEnd = 0;

  /**
   * @param open makes of the answered call what its promise resolves with. What it throws, the
   * promise rejects with; the rest of the response is not read then.
   */
  constructor(
    init: CallInit,
    owner: CallOwner,
    open: (call: ClientCall) => unknown,
    resolve: Settle['resolve'],
    reject: Settle['reject'],
  ) {
    this.init = init;
    this.#owner = owner;
    this.#open = open;
    this.#resolve = resolve;
    this.#reject = reject;
    init.signal?.addEventListener('abort', this);
  }

  get status(): number {
    return this.#head?.status ?? 0;
  }

  get switched(): boolean {
    return this.status === SWITCHED;
  }

  get reason(): string {
    return this.#head?.reason ?? '';
  }

  get headers(): Fields {
    return this.#head?.fields ?? Fields.empty;
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

  /** Whether the body is to come in pieces, and has not all come. */
  get receiving(): boolean {
    return isReceiving(this);
  }

  /** Size of the body that came with the head, in bytes. */
  get inlineLength(): number {
    return this.#bodyEnd - this.#bodyStart;
  }

  /** Whether `dueAt` is the user's own deadline, which travels and covers the body. */
  get hasDeadline(): boolean {
    return this.init.deadlineMs !== undefined;
  }

  get pendingBytes(): number {
    return this.init.body?.length ?? 0;
  }

  /** What is true of the request if it fails now. */
  get processed(): Processed {
    if (this.#head !== undefined) return 'yes';
    return this.#state === 'waiting' && !this.doubtful ? 'no' : 'maybe';
  }

  /** Whether the call has ended, one way or the other. */
  get over(): boolean {
    return this.#state === 'over';
  }

  /** Whether the request's record was handed to the connection. */
  get written(): boolean {
    return this.#state !== 'waiting';
  }

  /** What an event says of the call. */
  event(): CallStarted {
    const { method, path } = this.init.head;
    return { side: 'client', call: this, method, path, peer: this.link?.peer };
  }

  writeHead(encoder: BatchEncoder): void {
    if (this.#state !== 'waiting') return;
    const link = this.link;
    if (link === undefined) return;
    const { head, body, stream } = this.init;
    let timeoutMs = 0;
    if (this.hasDeadline) {
      timeoutMs = Math.ceil(this.dueAt - link.sender.sendingAt);
      if (timeoutMs <= 0) {
        this.expire();
        return;
      }
    }
    const id = link.highestId() + 1;
    this.detached = encoder.packs && isCompressed(head.fields, body, stream !== undefined);
    try {
      encoder.request(id, head, body, stream !== undefined, timeoutMs, this.detached, this.oneWay);
    } catch (error) {
      const why = asTpError(error);
      if (why.code === 'HEAD_LIMIT') link.counters.hit(why.code);
      this.#end(why);
      return;
    }
    this.id = id;
    this.attempts++;
    this.#state = 'written';
    link.wrote(this);
    if (callWritten.hasSubscribers) this.#tellInBatch(callWritten, link);
    if (this.oneWay) {
      this.#resolve(undefined);
      this.#close();
      return;
    }
    if (stream !== undefined && stream.awaitsSwitch !== true) startWriter(this, stream, link);
  }

  /** A response's head has come. */
  respond(head: ResponseHead, more: boolean, bytes: Uint8Array, start: number, end: number): void {
    if (this.#state !== 'written') return;
    if (!isFinal(head.status)) {
      this.#inform(head);
      return;
    }
    this.#state = 'answered';
    this.#head = head;
    if (more) this.#receivePieces();
    else {
      this.#bytes = bytes;
      this.#bodyStart = start;
      this.#bodyEnd = end;
    }
    if (!this.hasDeadline || head.status === SWITCHED) this.dueAt = 0;
    if (callAnswered.hasSubscribers && this.link !== undefined) {
      this.#tellInBatch(callAnswered, this.link);
    }
    if (this.init.stream?.awaitsSwitch === true) this.#switch(this.init.stream);
    this.#answer();
    if (!more) this.settled();
  }

  #tellInBatch(channel: Publisher<CallInBatch>, link: ClientLink): void {
    channel.publish({ ...this.event(), link: link.counters.label.link });
  }

  /** Speaks the other protocol, or says that it will not come to that (W-131). */
  #switch(stream: OutgoingStream): void {
    const { link } = this;
    if (link === undefined) return;
    if (this.switched) startWriter(this, stream, link);
    else {
      void stopSource(stream.source);
      startWriter(this, { source: nothing() }, link);
    }
  }

  #receivePieces(): void {
    if (this.link !== undefined) startReader(this, this.link);
  }

  #answer(): void {
    try {
      this.#resolve(this.#open(this));
    } catch (error) {
      this.#reject(error);
      if (this.receiving) this.#give(this.#unread());
    }
  }

  settled(): void {
    if (this.#state !== 'answered' || (this.receiving && !this.#isLeft)) return;
    if (this.writer !== undefined && !this.writer.closed) return;
    if (this.receiving) {
      this.#give(this.#unread());
      return;
    }
    this.#close();
    if (callEnd.hasSubscribers) callEnd.publish({ ...this.event(), status: this.status });
  }

  /** The peer has ended the exchange, or the link is gone. */
  fail(error: TpError, linkEnded = false): void {
    if (this.#state === 'over') return;
    const { stream } = this.init;
    const isWhole =
      stream === undefined || stream.awaitsSwitch === true || this.#state === 'waiting';
    if (this.#head === undefined && isWhole && this.#owner.retry(this, error, linkEnded)) return;
    this.#end(error);
  }

  /** The call waits to be written once more. */
  again(error: TpError): void {
    if (this.written && error.processed !== 'no') this.doubtful = true;
    this.#state = 'waiting';
    this.id = 0;
    this.earlyCredit = 0;
  }

  /** Another attempt was answered, or could not be made. */
  giveUp(): void {
    const { processed } = this;
    this.#give(remoteError({ code: 'CANCEL', message: 'another attempt counts', processed }));
  }

  /** No link takes the call. */
  refuse(error: TpError): void {
    if (this.#state !== 'over') this.#end(error);
  }

  /** The server has answered in full and does not want the rest of the body (W-035). */
  stopSending(): void {
    this.writer?.stop();
    this.settled();
  }

  expire(): void {
    const { processed } = this;
    if (this.#state === 'written') this.link?.unanswered();
    this.#give(
      this.hasDeadline
        ? new TpError({
            code: 'DEADLINE',
            message: `the deadline of ${this.init.deadlineMs} ms has passed`,
            processed,
          })
        : new TpError({
            code: 'TIMEOUT',
            message:
              'no response came in time; raise requestTimeoutMs or give the call a deadlineMs',
            processed,
          }),
    );
  }

  sourceFailed(error: TpError): void {
    if (!isTpError(error.cause)) {
      this.#give(error);
      return;
    }
    const { code, message } = error.cause;
    this.#give(new TpError({ code, message, processed: error.processed, cause: error }));
  }

  /** A response may be silent as long as it likes, within `streamIdleMs`. */
  get isBodyDue(): boolean {
    return false;
  }

  stall({ code, message }: TpError): void {
    this.#give(new TpError({ code, message, processed: 'maybe' }));
  }

  consumed(bytes: number): void {
    giveCredit(this, bytes);
  }

  writable(): void {
    this.link?.sender.writable(this);
  }

  /** What is still to be sent in another protocol goes out first, as on a socket that is closed. */
  abandoned(): void {
    if (this.switched) this.settled();
    else this.#give(this.#unread());
  }

  /** Nobody reads on, of what speaks another protocol. */
  get #isLeft(): boolean {
    return this.switched && this.reader?.left === true;
  }

  /** Ends the exchange, and tells the server. */
  cutOff(error: TpError): void {
    this.#give(error);
  }

  #unread(): TpError {
    return new TpError({
      code: 'CANCEL',
      message: 'the body was not read to its end',
      processed: this.processed,
    });
  }

  /** Its signal has fired. */
  handleEvent(): void {
    const cause: unknown = this.init.signal?.reason;
    const { processed } = this;
    this.#give(new TpError({ code: 'CANCEL', message: 'the call was aborted', processed, cause }));
  }

  #inform(head: ResponseHead): void {
    try {
      this.init.onInformation?.(head.status, head.fields);
    } catch (error) {
      this.#give(new TpError({ code: 'CANCEL', message: 'onInformation threw', cause: error }));
    }
  }

  /** Ends the call from this side: the peer is told if it knows of it. */
  #give(error: TpError): void {
    if (this.#state === 'over') return;
    if (this.written) {
      const code = error.code === 'DEADLINE' || error.code === 'TIMEOUT' ? error.code : 'CANCEL';
      this.link?.giveUp(this, code);
    }
    this.#end(error);
  }

  /** What is said on a link may end it, and the call with it, before the call ends itself. */
  #end(why: TpError): void {
    if (this.#state === 'over') return;
    const answered = this.#state === 'answered';
    const error = this.#truly(why);
    this.reader?.fail(error);
    this.#close();
    if (callFailed.hasSubscribers) callFailed.publish({ ...this.event(), error });
    if (!answered) this.#reject(error);
  }

  /**
   * The error with what is true of all attempts together. What the latest one ended with may know
   * less (a link was lost behind the response's head) or more (this attempt was refused).
   */
  #truly(error: TpError): TpError {
    const { processed } = this;
    const isTrue =
      processed === 'maybe'
        ? !this.doubtful || error.processed !== 'no'
        : processed === error.processed;
    if (isTrue) return error;
    const { code, message, cause } = error;
    return remoteError({ code, message, processed, cause: cause ?? error });
  }

  #close(): void {
    const wasWritten = this.written;
    this.#state = 'over';
    this.writer?.stop();
    this.reader?.release();
    this.init.signal?.removeEventListener('abort', this);
    if (wasWritten) this.link?.ended(this);
    this.dueAt = 0;
    this.#owner.done();
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Whatever was thrown, as an error of ours. */
function asTpError(error: unknown): TpError {
  if (error instanceof TpError) return error;
  return new TpError({
    code: 'INTERNAL',
    message: 'a request could not be encoded',
    processed: 'no',
    cause: error,
  });
}
