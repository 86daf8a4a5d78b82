import type { ClientRequest } from 'node:http';
import { Socket } from 'node:net';
import type { Client } from '../types.ts';
import { AgentExchange, type WrittenChunk } from './agent-exchange.ts';

type Done = (error?: Error | null) => void;

/**
 * The socket that a `ClientRequest` of an agent sees. It leads to no connection: what is written to
 * it goes over the client, and what is read from it is printed by the exchange that it carries. It
 * carries one after the other.
 */
export class AgentSocket extends Socket {
  readonly #client: Client;
  #exchange: AgentExchange | undefined;

  constructor(client: Client) {
    super();
    this.#client = client;
    // A request listens while it has the socket; between two of them nobody does.
    this.on('error', () => {});
  }

  /** From now on what is written belongs to that request. */
  carry(request: ClientRequest): void {
    this.#exchange = new AgentExchange(this.#client, request, this);
  }

  /** Shows bytes to the request. False when no more of them should come before `_read`. */
  print(bytes: Uint8Array): boolean {
    this.#alive();
    return this.push(bytes);
  }

  printEnd(): void {
    this.push(null);
  }

  override _read(): void {
    this.#exchange?.wanted();
  }

  override _write(chunk: Uint8Array | string, encoding: BufferEncoding, done: Done): void {
    this._writev([{ chunk, encoding }], done);
  }

  override _writev(chunks: readonly WrittenChunk[], done: Done): void {
    this.#alive();
    if (this.#exchange === undefined) done();
    else this.#exchange.written(chunks, done);
  }

  override _final(done: Done): void {
    this.#exchange?.ended();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#exchange?.closed();
    super._destroy(error, done);
  }

  /** There is nothing to hold the process with: the client's links do that. */
  override ref(): this {
    return this;
  }

  override unref(): this {
    return this;
  }

  /** Starts the time limit of a silent socket anew. */
  #alive(): void {
    if (this.timeout !== undefined && this.timeout > 0) this.setTimeout(this.timeout);
  }
}
