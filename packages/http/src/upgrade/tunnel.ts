import { Duplex } from 'node:stream';
import { isTpError, type Processed, TpError } from '@tp/wire';
import { PieceQueue } from '../listener/piece-queue.ts';

type Done = (error?: Error | null) => void;

/** An exchange whose two bodies are the two directions of another protocol. */
export interface TunnelExchange {
  /** What the peer sends, to be read once. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly processed: Processed;
  /** Ends the exchange, and tells the peer. */
  cutOff(error: TpError): void;
}

/**
 * A socket through an exchange that has switched protocols (W-130): what is written goes to the
 * peer as its credit allows, and what is not read withholds credit from it. Either direction may
 * end before the other.
 *
 * It is destroyed with a `TpError` when the exchange ends before both have. `destroy()` ends the
 * exchange with CANCEL at once; behind a finished `end()`, what was written goes out first, and only
 * what the peer still sends is given up.
 */
export class Tunnel extends Duplex {
  /** What the exchange sends. */
  readonly source: AsyncIterable<Uint8Array>;
  readonly #queue: PieceQueue;
  #exchange: TunnelExchange | undefined;
  #pieces: AsyncIterator<Uint8Array> | undefined;
  #reading = false;
  #readToEnd = false;
  /** Nothing that is written is sent any more. */
  #stopped = false;
  #taken: Done | undefined;

  constructor() {
    super();
    this.#queue = new PieceQueue(
      () => this.#release(null),
      () => this.#stop(),
    );
    this.source = this.#queue;
    // Whoever does not listen learns of errors by the end of the stream.
    this.on('error', () => {});
  }

  /** The exchange has switched. To be called once, before the tunnel is handed out. */
  open(exchange: TunnelExchange): void {
    this.#exchange = exchange;
    this.#pieces = exchange.body[Symbol.asyncIterator]();
    if (this.#stopped) this.#pull();
  }

  override _read(): void {
    this.#pull();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    // Once `done` is called, the writer may use its buffer again.
    this.#send(Uint8Array.from(chunk), done);
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: Done): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: Done): void {
    this.#queue.end();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    if (!this.#readToEnd || !this.writableFinished) this.#leave(error);
    this.#release(error ?? peerGone());
    done(error);
  }

  #send(bytes: Uint8Array, done: Done): void {
    if (this.#stopped) {
      done(peerGone());
      return;
    }
    this.#queue.push(bytes);
    if (this.#queue.size > 0) this.#taken = done;
    else done();
  }

  #release(error: Error | null): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.(error);
  }

  #leave(error: Error | null): void {
    if (error === null && this.writableFinished) void this.#pieces?.return?.();
    else this.#exchange?.cutOff(asCancel(error, this.#exchange.processed));
  }

  /** The peer wants nothing further, or the exchange is over: reads on to learn which. */
  #stop(): void {
    this.#stopped = true;
    this.#release(peerGone());
    if (this.#readToEnd) this.#closeBehindEnd();
    else this.#pull();
  }

  /** All has come, and nothing more is taken: there is nothing left to be open for once it is read. */
  #closeBehindEnd(): void {
    const close = (): void => {
      if (!this.writableEnded) this.destroy(peerGone());
    };
    if (this.readableEnded) close();
    else this.once('end', () => setImmediate(close));
  }

  #pull(): void {
    if (this.#reading || this.#readToEnd || this.destroyed) return;
    this.#reading = true;
    this.#pieces?.next().then(this.#onPiece, this.#onError);
  }

  readonly #onPiece = (result: IteratorResult<Uint8Array>): void => {
    this.#reading = false;
    if (this.destroyed) return;
    if (result.done === true) {
      this.#readToEnd = true;
      this.push(null);
      if (this.#stopped) this.#closeBehindEnd();
      return;
    }
    const { buffer, byteOffset, length } = result.value;
    this.push(Buffer.from(buffer, byteOffset, length));
    if (this.#stopped) this.#pull();
  };

  readonly #onError = (error: unknown): void => {
    this.destroy(error instanceof Error ? error : new Error(String(error)));
  };
}

function asCancel(error: Error | null, processed: Processed): TpError {
  if (isTpError(error)) return error;
  return new TpError({
    code: 'CANCEL',
    message: error === null ? 'the socket was destroyed' : `the socket failed: ${error.message}`,
    processed,
    cause: error ?? undefined,
  });
}

function peerGone(): TpError {
  return new TpError({
    code: 'CANCEL',
    message: 'the peer takes no more of what is written',
    processed: 'yes',
  });
}
