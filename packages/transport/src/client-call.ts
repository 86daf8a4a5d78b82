import {
  type BatchEncoder,
  Fields,
  isTpError,
  type RequestHead,
  type ResponseHead,
  TpError,
} from '@tp/wire';
import type { ClientLink } from './client-link.ts';
import { isCompressed } from './compressed-body.ts';
import { Exchange, type OutgoingStream } from './exchange.ts';

/** What a call is made of. */
export interface CallInit {
  readonly head: RequestHead;
  /** The whole body, when it is there and has at most 64 KiB. */
  readonly body?: Uint8Array | undefined;
  /** The body otherwise. */
  readonly stream?: OutgoingStream | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For the whole exchange, in ms. Default: `requestTimeoutMs` until the response's head. */
  readonly deadlineMs?: number | undefined;
  /** Called for each 1xx head. */
  readonly onInformation?: ((status: number, headers: Fields) => void) | undefined;
}

/** What a call asks of whoever gave it to a link. */
export interface CallOwner {
  /** The call was surely not processed, and can be written again elsewhere. True when that is done. */
  retry(call: ClientCall, error: TpError): boolean;
  /** The call needs no further watching. */
  done(call: ClientCall): void;
  /** The head has come, and the call has no deadline of its own. */
  disarm(call: ClientCall): void;
}

/**
 * A call as its client sees it. Once the response's head has come, this same object is the
 * response: what its promise resolves with is made of it without a further promise.
 */
export class ClientCall extends Exchange {
  link: ClientLink | undefined = undefined;
  readonly init: CallInit;
  /** How often it was given to a link. */
  attempts = 0;
  readonly #open: (call: ClientCall) => unknown;
  readonly #resolve: (opened: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly #owner: CallOwner;
  #head: ResponseHead | undefined = undefined;
  #state: 'waiting' | 'written' | 'answered' | 'over' = 'waiting';
  #onAbort: (() => void) | undefined = undefined;

  /**
   * @param open makes of the answered call what its promise resolves with. What it throws, the
   * promise rejects with; the rest of the response is not read then.
   */
  constructor(
    init: CallInit,
    owner: CallOwner,
    open: (call: ClientCall) => unknown,
    resolve: (opened: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    super();
    this.init = init;
    this.#owner = owner;
    this.#open = open;
    this.#resolve = resolve;
    this.#reject = reject;
    const signal = init.signal;
    if (signal !== undefined) {
      this.#onAbort = () => this.#abort();
      signal.addEventListener('abort', this.#onAbort, { once: true });
    }
  }

  get status(): number {
    return this.#head?.status ?? 0;
  }

  get reason(): string {
    return this.#head?.reason ?? '';
  }

  get headers(): Fields {
    return this.#head?.fields ?? Fields.empty;
  }

  /** Whether `dueAt` is the user's own deadline, which travels and covers the body. */
  get hasDeadline(): boolean {
    return this.init.deadlineMs !== undefined;
  }

  get pendingBytes(): number {
    return this.init.body?.length ?? 0;
  }

  /** Whether the call has ended, one way or the other. */
  get over(): boolean {
    return this.#state === 'over';
  }

  /** Whether the request's record was handed to the connection. */
  get written(): boolean {
    return this.#state !== 'waiting';
  }

  writeHead(encoder: BatchEncoder): void {
    if (this.#state !== 'waiting') return;
    const link = this.link;
    if (link === undefined) return;
    const { head, body, stream } = this.init;
    let timeoutMs = 0;
    if (this.hasDeadline) {
      timeoutMs = Math.ceil(this.dueAt - link.sendingAt);
      if (timeoutMs <= 0) {
        this.expire();
        return;
      }
    }
    const id = link.highestId() + 1;
    this.detached = isCompressed(head.fields, body, stream !== undefined);
    try {
      encoder.request(id, head, body, stream !== undefined, timeoutMs, this.detached);
    } catch (error) {
      this.#end(asTpError(error));
      return;
    }
    this.id = id;
    this.#state = 'written';
    link.wrote(this);
    if (stream !== undefined) this.send(stream, link);
  }

  /** A response's head has come. */
  respond(head: ResponseHead, more: boolean, bytes: Uint8Array, start: number, end: number): void {
    if (this.#state !== 'written') return;
    if (head.status < 200 && head.status !== 101) {
      this.#inform(head);
      return;
    }
    this.#state = 'answered';
    this.#head = head;
    this.receive(bytes, start, end, more);
    if (!this.hasDeadline) this.#owner.disarm(this);
    this.#answer();
    if (!more) this.settled();
  }

  #answer(): void {
    try {
      this.#resolve(this.#open(this));
    } catch (error) {
      this.#reject(error);
      if (this.receiving) this.abandoned();
    }
  }

  settled(): void {
    if (this.#state !== 'answered' || this.receiving) return;
    if (this.writer !== undefined && !this.writer.closed) return;
    this.#close();
  }

  /** The peer has ended the exchange, or the link is gone. */
  fail(error: TpError): void {
    if (this.#state === 'over') return;
    const canRepeat = this.init.stream === undefined || this.#state === 'waiting';
    const unanswered = this.#state === 'waiting' || this.#state === 'written';
    if (unanswered && error.processed === 'no' && canRepeat) {
      this.#state = 'waiting';
      this.id = 0;
      if (this.#owner.retry(this, error)) return;
    }
    this.#end(error);
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
    const processed = this.written ? 'maybe' : 'no';
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

  abandoned(): void {
    this.#give(
      new TpError({
        code: 'CANCEL',
        message: 'the body was not read to its end',
        processed: 'yes',
      }),
    );
  }

  #abort(): void {
    const cause: unknown = this.init.signal?.reason;
    const processed = this.written ? 'maybe' : 'no';
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
      const id = this.id;
      this.link?.control((encoder) => encoder.cancel(id, code, 'maybe'));
    }
    this.#end(error);
  }

  #end(error: TpError): void {
    const answered = this.#state === 'answered';
    this.failBody(error);
    this.#close();
    if (!answered) this.#reject(error);
  }

  #close(): void {
    const wasWritten = this.written;
    this.#state = 'over';
    this.writer?.stop();
    this.releaseBody();
    if (this.#onAbort !== undefined) {
      this.init.signal?.removeEventListener('abort', this.#onAbort);
      this.#onAbort = undefined;
    }
    if (wasWritten) this.link?.ended(this);
    this.#owner.done(this);
  }
}

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
