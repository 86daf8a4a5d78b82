import type { CancelSignal, ServerExchange } from '@tp/transport';
import { type Fields, type FieldsInit, TpError } from '@tp/wire';
import { CheckedBody } from '../body/checked-body.ts';
import { BAD_LENGTH, LengthMemory, lengthFlaw, NO_LENGTH } from '../body/content-length.ts';
import type { Request } from '../types.ts';
import { upgradeProtocol } from '../upgrade/upgrade-fields.ts';
import { UpgradeRequest } from '../upgrade/upgrade-request.ts';

const lengths = new LengthMemory();

/**
 * Holds a request to the body length that its head declares, and one that asks for another protocol
 * to having no body. Gives back the request itself wherever it can. To be called before any of a streamed body is read; all of it may have come by then, as a
 * request may have waited for its turn.
 *
 * @returns an error, BODY_LENGTH, processed "no", when a whole body has another length; where the
 * body is still to come, reading it throws that, processed "maybe".
 */
export function checkedRequest(exchange: ServerExchange): Request | TpError {
  const declared = lengths.of(exchange.headers);
  if (exchange.reader !== undefined) {
    const protocol = upgradeProtocol(exchange.headers);
    if (protocol !== undefined) return new UpgradeRequest(exchange, protocol);
  }
  if (declared === NO_LENGTH) return exchange;
  if (exchange.reader !== undefined && declared !== BAD_LENGTH) {
    return new LengthCheckedRequest(exchange, declared);
  }
  if (declared === exchange.inlineLength) return exchange;
  return new TpError({
    code: 'BODY_LENGTH',
    message: lengthFlaw(declared, exchange.inlineLength),
    processed: 'no',
  });
}

class LengthCheckedRequest extends CheckedBody implements Request {
  readonly #exchange: ServerExchange;

  constructor(exchange: ServerExchange, declared: number) {
    super(exchange, declared, 'maybe');
    this.#exchange = exchange;
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

  get hasBody(): boolean {
    return this.#exchange.hasBody;
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

  get oneWay(): boolean {
    return this.#exchange.oneWay;
  }

  get peer(): string {
    return this.#exchange.peer;
  }

  get peerIdentity(): readonly string[] | undefined {
    return this.#exchange.peerIdentity;
  }

  inform(status: number, headers?: FieldsInit): void {
    this.#exchange.inform(status, headers);
  }
}
