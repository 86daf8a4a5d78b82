import {
  type BatchEncoder,
  type ErrorCode,
  type Processed,
  type RequestHead,
  type ResponseHead,
  TpError,
} from '@tp/wire';
import type { Connection } from './connection.ts';
import type { Deadlines, Timed } from './deadlines.ts';
import { Link } from './link.ts';
import { linkError } from './link-error.ts';
import type { ResolvedLinkOptions } from './options.ts';
import type { Sendable } from './outbox.ts';
import { RateLimit } from './rate-limit.ts';
import { ServerExchange } from './server-exchange.ts';

/** What a link asks of the server that accepted it. */
export interface ServerLinkOwner {
  readonly deadlines: Deadlines;
  /** Handlers that run now, over all links. */
  running: number;
  handle(exchange: ServerExchange): void;
  closed(link: ServerLink, error: TpError): void;
}

/** How long the peer has to answer before the last id is said (W-102), in ms. */
const GOAWAY_WAIT_MS = 1_000;

/** One cancel in ten requests is nothing unusual (W-095). */
const CANCELS_PER_REQUEST = 0.1;

/** The acceptor's side of a link: requests in, responses out. */
export class ServerLink extends Link<ServerExchange, ServerExchange | Information> {
  protected readonly side = 'server';
  readonly #owner: ServerLinkOwner;
  readonly #cancels: RateLimit;
  /** The highest id that came. */
  #lastId = 0;
  /** The highest id that is handled, once that was said for good. */
  #finalId: number | undefined;
  #refusing = false;
  #runningBytes = 0;

  constructor(
    connection: Connection,
    peer: string,
    options: ResolvedLinkOptions,
    owner: ServerLinkOwner,
  ) {
    super(connection, peer, options);
    this.#owner = owner;
    this.#cancels = new RateLimit(
      options.clock,
      options.limits.cancelBurst,
      options.limits.cancelRate,
    );
    this.begin();
  }

  /** Announces the end, says which requests it took, and closes when they are answered (W-102). */
  close(): void {
    if (this.state === 'opening') {
      this.fail(new TpError({ code: 'CLOSED', message: 'the server is closing', processed: 'no' }));
      return;
    }
    if (this.state !== 'open') return;
    this.state = 'draining';
    this.control((encoder) => encoder.goaway(0, 'NO_ERROR', false));
    this.probe(GOAWAY_WAIT_MS, () => {
      if (this.#refusing) return;
      this.#refusing = true;
      const finalId = this.#lastId;
      this.#finalId = finalId;
      this.control((encoder) => encoder.goaway(finalId, 'NO_ERROR', true));
      this.endWhenDone();
    });
  }

  eachTimed(visit: (item: Timed) => void): void {
    this.streams.each(visit);
  }

  highestId(): number {
    return this.#lastId;
  }

  protected lastTaken(): number {
    return this.#finalId ?? this.#lastId;
  }

  /** Puts a response in line. */
  answer(exchange: ServerExchange): void {
    this.enqueue(exchange);
  }

  /** Puts a 1xx head in line. */
  inform(exchange: ServerExchange, head: ResponseHead): void {
    this.enqueue(new Information(exchange, head));
  }

  handlerReturned(exchange: ServerExchange): void {
    this.#owner.running--;
    this.#runningBytes -= exchange.inlineLength;
  }

  ended(exchange: ServerExchange): void {
    exchange.dueAt = 0;
    this.#cancels.earn(CANCELS_PER_REQUEST);
    if (this.streams.get(exchange.id) === exchange) this.forget(exchange.id);
  }

  protected opened(): void {}

  protected failed(error: TpError): void {
    while (this.heads.shift() !== undefined);
    for (const exchange of this.streams.all()) {
      this.streams.delete(exchange.id);
      exchange.fail(error);
    }
    this.#owner.closed(this, error);
  }

  protected streamError(id: number, error: TpError): void {
    const exchange = this.streams.get(id);
    const processed = exchange === undefined ? error.processed : 'maybe';
    if (id > this.#lastId) this.#lastId = id;
    this.control((encoder) => encoder.cancel(id, error.code, processed, error.message));
    this.forget(id);
    exchange?.fail(error);
  }

  request(
    id: number,
    head: RequestHead,
    more: boolean,
    timeoutMs: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#lastId = id;
    if (this.#refusing) return;
    const refusal = this.#refusal(end - start);
    if (refusal !== undefined || (more && end > start)) {
      const error = refusal ?? linkError('PROTOCOL', 'a head with more to come has a body (W-032)');
      this.control((encoder) => encoder.cancel(id, error.code, 'no', error.message));
      return;
    }
    const exchange = new ServerExchange(this, id, head, more, bytes, start, end);
    this.streams.add(exchange);
    this.counters.requests++;
    this.#owner.running++;
    this.#runningBytes += end - start;
    if (timeoutMs > 0) this.#owner.deadlines.arm(exchange, this.receivedAt + timeoutMs);
    this.#owner.handle(exchange);
  }

  response(): void {
    this.refuseWrongWay('response');
  }

  protected refuseWrongWay(kind: 'request' | 'response'): void {
    if (kind === 'response') throw linkError('PROTOCOL', 'a response came from the dialer (W-023)');
  }

  cancel(id: number, code: ErrorCode, _processed: Processed, message: string): void {
    if (id > this.#lastId) throw linkError('PROTOCOL', `stream ${id} was never opened (W-031)`);
    if (!this.#cancels.take()) {
      this.counters.hit('cancelRate');
      throw linkError('ENHANCE_YOUR_CALM', 'cancels come too often (W-095)');
    }
    const exchange = this.streams.get(id);
    if (exchange === undefined) return;
    this.forget(id);
    exchange.fail(
      new TpError({
        code,
        message: message === '' ? `the client ended the exchange: ${code}` : message,
      }),
    );
  }

  goaway(_lastId: number, code: ErrorCode, final: boolean): void {
    if (final && code !== 'NO_ERROR') this.counters.hit(`peer ${code}`);
  }

  #refusal(bodyBytes: number): TpError | undefined {
    const { limits } = this.options;
    if (this.streams.size >= limits.streams) return this.#refuse('maxConcurrentStreams');
    if (this.#owner.running >= limits.maxRunningHandlers) return this.#refuse('maxRunningHandlers');
    if (this.#runningBytes + bodyBytes > limits.maxRunningBytes)
      return this.#refuse('maxRunningBytes');
    return undefined;
  }

  #refuse(limit: string): TpError {
    this.counters.hit(limit);
    return new TpError({
      code: 'REFUSED',
      message: `the server is at its limit: ${limit}`,
      processed: 'no',
    });
  }
}

/** A 1xx head that waits for its turn. */
class Information implements Sendable {
  readonly pendingBytes = 0;
  readonly #exchange: ServerExchange;
  readonly #head: ResponseHead;

  constructor(exchange: ServerExchange, head: ResponseHead) {
    this.#exchange = exchange;
    this.#head = head;
  }

  writeHead(encoder: BatchEncoder): void {
    if (this.#exchange.over) return;
    try {
      encoder.response(this.#exchange.id, this.#head, undefined, false);
    } catch (error) {
      this.#exchange.unsendable(error);
    }
  }
}
