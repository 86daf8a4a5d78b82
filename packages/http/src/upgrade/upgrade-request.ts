import type { CancelSignal, ServerExchange } from '@tp/transport';
import type { Fields, FieldsInit } from '@tp/wire';
import type { Request } from '../types.ts';

const NOTHING = new Uint8Array(0);

/**
 * A request that asks for another protocol. It has no body: what its client sends behind it belongs
 * to that protocol, and comes once it was answered with 101.
 */
export class UpgradeRequest implements Request {
  readonly upgrade: string;
  readonly trailers = undefined;
  readonly hasBody = false;
  readonly #exchange: ServerExchange;

  constructor(exchange: ServerExchange, protocol: string) {
    this.#exchange = exchange;
    this.upgrade = protocol;
  }

  get method(): string {
    return this.#exchange.method;
  }

  get path(): string {
    return this.#exchange.path;
  }

  get headers(): Fields {
    return this.#exchange.headers;
  }

  get signal(): AbortSignal {
    return this.#exchange.signal;
  }

  get cancellation(): CancelSignal {
    return this.#exchange.cancellation;
  }

  get remainingMs(): number | undefined {
    return this.#exchange.remainingMs;
  }

  get peer(): string {
    return this.#exchange.peer;
  }

  get peerIdentity(): readonly string[] | undefined {
    return this.#exchange.peerIdentity;
  }

  get body(): AsyncIterable<Uint8Array> {
    return nothing();
  }

  bytes(): Uint8Array {
    return NOTHING;
  }

  text(): string {
    return '';
  }

  json(): unknown {
    return JSON.parse('');
  }

  inform(status: number, headers?: FieldsInit): void {
    this.#exchange.inform(status, headers);
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
