import type { Duplex } from 'node:stream';
import { Fields, isTpError, MAX_INLINE_BODY, TpError } from '@tp/wire';
import { hasNoBody } from '../body/no-body.ts';
import { endToEnd, upgradeEndToEnd } from '../hop-by-hop.ts';
import type { Request, ResponseInit } from '../types.ts';
import { SWITCHING_PROTOCOLS } from '../upgrade/upgrade-fields.ts';
import type { ListenerSocketOwner, WrittenChunk } from './listener-socket.ts';
import { PieceQueue } from './piece-queue.ts';
import { type ResponseEvents, ResponseReader } from './response-reader.ts';

interface Head {
  readonly status: number;
  readonly reason: string;
  readonly headers: Fields;
}

/** What an answer asks of the pair that a listener has in hand. */
export interface ListenerAnswerOwner {
  /** Whether the listener has called `end`. */
  readonly ended: boolean;
  /** The client does not want the rest. */
  close(): void;
  /** It has answered 101, and `early` behind that: what follows goes through the tunnel. */
  switched?(tunnel: Duplex, early: Uint8Array): void;
}

/**
 * Makes an answer of what a listener's response writes. What the listener has written and ended by
 * the time that its turn is over goes whole, up to 64 KiB; else the head goes then, and the
 * body as it is written: `write` gives false while the client does not take it.
 */
export class ListenerAnswer implements ListenerSocketOwner, ResponseEvents {
  /** Rejects with what the listener threw, or INTERNAL when it closed the socket before the head. */
  readonly promise: Promise<ResponseInit>;
  readonly #request: Request;
  readonly #owner: ListenerAnswerOwner;
  readonly #reader: ResponseReader;
  readonly #queue: PieceQueue;
  #resolve: (response: ResponseInit) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #state: 'waiting' | 'gathering' | 'streaming' | 'switched' | 'complete' | 'failed' = 'waiting';
  #head: Head | undefined;
  #trailers = Fields.empty;
  #taken: (() => void) | undefined;

  constructor(request: Request, owner: ListenerAnswerOwner) {
    this.#request = request;
    this.#owner = owner;
    this.#reader = new ResponseReader(request.method, this);
    this.#queue = new PieceQueue(
      () => this.#release(),
      () => owner.close(),
    );
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Whether the listener has written its response to the end. */
  get isComplete(): boolean {
    return this.#state === 'complete';
  }

  get #isOver(): boolean {
    return this.#state === 'complete' || this.#state === 'failed' || this.isSwitched;
  }

  /** Whether it was a 101 that a tunnel follows. */
  get isSwitched(): boolean {
    return this.#state === 'switched';
  }

  written(chunks: readonly WrittenChunk[], taken: () => void): void {
    for (const { chunk, encoding } of chunks) this.#reader.read(chunk, encoding);
    if (this.#state === 'gathering' && this.#queue.size > MAX_INLINE_BODY) this.#stream();
    const isHeld = this.#state === 'streaming' || this.isSwitched;
    if (isHeld && this.#queue.size > 0) this.#taken = taken;
    else taken();
  }

  destroyed(error: Error | null): void {
    if (this.#isOver) return;
    this.fail(
      isTpError(error)
        ? error
        : new TpError({
            code: 'INTERNAL',
            message: 'the listener closed the response before its end',
            processed: 'yes',
            cause: error ?? undefined,
          }),
    );
  }

  /** Ends the response with an error, unless it is over: instead of it, or in the middle of its body. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    if (this.#state === 'streaming') {
      this.#queue.fail(error instanceof Error ? error : new Error(String(error)));
    } else this.#reject(error);
    this.#state = 'failed';
    this.#release();
  }

  information(status: number, headers: Fields): void {
    this.#request.inform(status, headers);
  }

  head(status: number, reason: string, headers: Fields): void {
    if (status === SWITCHING_PROTOCOLS && this.#owner.switched !== undefined) {
      this.#switch({ status, reason, headers: upgradeEndToEnd(headers, 'response') });
      return;
    }
    this.#head = { status, reason, headers: endToEnd(headers) };
    this.#state = 'gathering';
    queueMicrotask(() => {
      if (this.#state !== 'gathering') return;
      if (this.#owner.ended || hasNoBody(status, this.#request.method)) this.complete();
      else this.#stream();
    });
  }

  piece(bytes: Uint8Array): void {
    this.#queue.push(bytes);
  }

  end(trailers: Fields): void {
    this.#trailers = trailers;
    this.complete();
  }

  /** Nothing further will be written. */
  complete(): void {
    if (this.#state === 'streaming') {
      this.#queue.end();
    } else if (this.#state === 'gathering' && this.#head !== undefined) {
      const trailers = this.#trailers;
      this.#resolve({
        ...this.#head,
        body: this.#queue.size === 0 ? null : this.#queue.takeAll(),
        ...(trailers.size === 0 ? {} : { trailers: () => trailers }),
      });
    } else return;
    this.#state = 'complete';
  }

  #switch(head: Head): void {
    this.#state = 'switched';
    this.#resolve({
      ...head,
      upgrade: (tunnel) => {
        this.#owner.switched?.(tunnel, this.#queue.takeAll());
        this.#release();
      },
    });
  }

  #stream(): void {
    if (this.#head === undefined) return;
    this.#state = 'streaming';
    this.#resolve({
      ...this.#head,
      body: this.#queue,
      ...(this.#reader.chunked ? { trailers: () => this.#trailers } : {}),
    });
  }

  #release(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }
}
