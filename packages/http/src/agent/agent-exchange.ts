import { type ClientRequest, IncomingMessage } from 'node:http';
import { Fields, MAX_INLINE_BODY, TpError } from '@tp/wire';
import { hasNoBody } from '../body/no-body.ts';
import { endToEnd, requestEndToEnd, upgradeEndToEnd } from '../hop-by-hop.ts';
import { PieceQueue } from '../listener/piece-queue.ts';
import type { Body, Client, Response, Upgraded } from '../types.ts';
import { upgradeProtocol } from '../upgrade/upgrade-fields.ts';
import { AgentTunnel } from './agent-tunnel.ts';
import { type RequestEvents, RequestReader, type WrittenHead } from './request-reader.ts';
import { chunkBytes, headBytes, lastChunkBytes } from './response-text.ts';

/** A chunk that was written to a socket, as Node's streams hand it over. */
export interface WrittenChunk {
  readonly chunk: Uint8Array | string;
  readonly encoding: BufferEncoding;
}

/** The socket of an exchange, as far as the exchange needs it. */
export interface PrintSocket {
  /** False when no more should come before `wanted`. */
  print(bytes: Uint8Array): boolean;
  /** Nothing further will be printed; the socket stays open for what is written. */
  printEnd(): void;
  destroy(error?: Error): unknown;
}

/**
 * How long a request that expects `100 Continue` waits for it, in ms, before it is told to go on
 * anyway: many a server never says so (RFC 9110 section 10.1.1).
 */
const CONTINUE_MS = 1_000;

/**
 * One `ClientRequest` and its response over a client. A request that is complete by the time that
 * its head has been written goes whole, so that it can be sent again where that is safe; any other
 * goes as it is written, and `write` gives false while the peer does not take it.
 */
export class AgentExchange implements RequestEvents {
  readonly #client: Client;
  readonly #request: ClientRequest;
  readonly #socket: PrintSocket;
  readonly #reader = new RequestReader(this);
  readonly #queue: PieceQueue;
  readonly #leaving = new AbortController();
  #head: WrittenHead | undefined;
  #trailers = Fields.empty;
  /** Whether the request is read to its end, and whether it was handed to the client. */
  #complete = false;
  #sent = false;
  /** Nobody reads the rest of the request's body. */
  #dropped = false;
  #closed = false;
  #taken: (() => void) | undefined;
  #room: (() => void) | undefined;
  #continueTimer: NodeJS.Timeout | undefined;
  /** The exchange has switched to another protocol. */
  #tunnel: AgentTunnel | undefined;

  constructor(client: Client, request: ClientRequest, socket: PrintSocket) {
    this.#client = client;
    this.#request = request;
    this.#socket = socket;
    this.#queue = new PieceQueue(
      () => this.#release(),
      () => this.#drop(),
    );
    request.once('finish', () => this.#finished());
  }

  /** The request has written. `taken` is called when it may write more. */
  written(chunks: readonly WrittenChunk[], taken: () => void): void {
    if (this.#tunnel !== undefined) {
      this.#tunnel.written(chunks, taken);
      return;
    }
    try {
      if (this.#closed) return;
      for (const { chunk, encoding } of chunks) this.#reader.read(chunk, encoding);
      if (this.#head !== undefined && !this.#sent) this.#send(this.#head);
    } catch (error) {
      this.#fail(this.#invalid(error instanceof Error ? error.message : String(error)));
    } finally {
      if (this.#queue.size > 0 && !this.#dropped) this.#taken = taken;
      else taken();
    }
  }

  /** The request takes more of its response. */
  wanted(): void {
    const room = this.#room;
    this.#room = undefined;
    room?.();
    this.#tunnel?.wanted();
  }

  /** The socket is written to no more. */
  ended(): void {
    this.#tunnel?.ended();
  }

  /** The socket is destroyed: by the user of the request, or by its failure. */
  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#continueTimer);
    this.#drop();
    this.wanted();
    if (this.#tunnel === undefined) this.#leaving.abort();
    else this.#tunnel.closed();
  }

  head(head: WrittenHead): void {
    this.#head = head;
  }

  piece(bytes: Uint8Array): void {
    if (!this.#dropped) this.#queue.push(bytes);
    if (this.#continueTimer !== undefined) clearTimeout(this.#continueTimer);
  }

  end(trailers: Fields): void {
    this.#trailers = trailers;
    this.#complete = true;
    this.#queue.end();
  }

  #send(head: WrittenHead): void {
    this.#sent = true;
    if (upgradeProtocol(head.headers) !== undefined) {
      this.#upgrade(head);
      return;
    }
    const headers = requestEndToEnd(head.headers);
    if (headers.has('expect') && !this.#complete) {
      this.#continueTimer = setTimeout(() => this.#inform(100, Fields.empty), CONTINUE_MS);
    }
    const trailers = () => requestEndToEnd(this.#trailers);
    const mayHaveTrailers = head.chunked && (!this.#complete || this.#trailers.size > 0);
    this.#client
      .request({
        method: head.method,
        path: head.path,
        headers,
        body: this.#body(),
        signal: this.#leaving.signal,
        onInformation: (status, fields) => this.#inform(status, fields),
        ...(mayHaveTrailers ? { trailers } : {}),
      })
      .then((response) => this.#answer(response, head.method))
      .catch((error: unknown) => this.#fail(error));
  }

  #upgrade({ method, path, headers }: WrittenHead): void {
    this.#client
      .upgrade({
        method,
        path,
        headers: upgradeEndToEnd(headers, 'request'),
        signal: this.#leaving.signal,
        onInformation: (status, fields) => this.#inform(status, fields),
      })
      .then((response) => {
        if (response.socket === undefined) return this.#answer(response, method);
        this.#switch(response);
      })
      .catch((error: unknown) => this.#fail(error));
  }

  #switch({ status, reason, headers, socket }: Upgraded): void {
    if (this.#closed) {
      socket.destroy();
      return;
    }
    const fields = upgradeEndToEnd(headers, 'response');
    this.#socket.print(headBytes({ status, reason, headers: fields, chunked: false }));
    this.#tunnel = new AgentTunnel(socket, this.#socket);
  }

  #body(): Body | null {
    if (!this.#complete || this.#queue.size > MAX_INLINE_BODY) return this.#queue;
    return this.#queue.size === 0 ? null : this.#queue.takeAll();
  }

  #inform(status: number, headers: Fields): void {
    if (status === 100) clearTimeout(this.#continueTimer);
    if (this.#closed) return;
    this.#socket.print(
      headBytes({ status, reason: '', headers: endToEnd(headers), chunked: false }),
    );
  }

  async #answer(response: Response, method: string): Promise<void> {
    clearTimeout(this.#continueTimer);
    const { status, reason } = response;
    const headers = endToEnd(response.headers);
    const chunked = !hasNoBody(status, method) && !headers.has('content-length');
    await this.#print(headBytes({ status, reason, headers, chunked }));
    for await (const piece of response.body) {
      if (piece.length === 0) continue;
      await this.#print(chunked ? chunkBytes(piece) : piece);
      if (this.#closed) return;
    }
    if (chunked) await this.#print(lastChunkBytes(endToEnd(response.trailers ?? Fields.empty)));
  }

  /** Resolves when more may be printed; at once where it may. */
  #print(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#closed || this.#socket.print(bytes)) return undefined;
    return new Promise((resolve) => {
      this.#room = resolve;
    });
  }

  /** The request has written all that it will. */
  #finished(): void {
    if (this.#complete || this.#closed || this.#head === undefined) return;
    this.#fail(this.#invalid('the request ended before its content-length was reached'));
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    const known = error instanceof Error ? error : new Error(String(error));
    this.#queue.fail(known);
    const response = 'res' in this.#request ? this.#request.res : undefined;
    if (!(response instanceof IncomingMessage)) {
      this.#socket.destroy(known);
    } else {
      // As when a connection ends too early: it is the response that fails, not with a bare "aborted".
      this.#socket.destroy();
      if (!response.complete) response.destroy(known);
    }
  }

  #invalid(message: string): TpError {
    const processed = this.#sent ? 'maybe' : 'no';
    return new TpError({ code: 'INVALID_ARGUMENT', message, processed });
  }

  #drop(): void {
    this.#dropped = true;
    this.#release();
  }

  #release(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }
}
