import type { BatchEncoder, ResponseHead } from '@tp/wire';
import type { Sendable } from '../link/outbox.ts';
import type { Tenant } from '../window/tenants.ts';
import type { ServerExchange } from './server-exchange.ts';

/** A 1xx head that waits for its turn. */
export class Information implements Sendable {
  readonly pendingBytes = 0;
  readonly tenant: Tenant | undefined;
  readonly #exchange: ServerExchange;
  readonly #head: ResponseHead;

  constructor(exchange: ServerExchange, head: ResponseHead) {
    this.#exchange = exchange;
    this.tenant = exchange.tenant;
    this.#head = head;
  }

  writeHead(encoder: BatchEncoder): void {
    // An answer in a window of its own may have had its turn first: what it overtook is not said.
    if (!this.#exchange.mayInform) return;
    try {
      encoder.response(this.#exchange.id, this.#head, undefined, false);
    } catch (error) {
      this.#exchange.unsendable(error);
    }
  }
}
