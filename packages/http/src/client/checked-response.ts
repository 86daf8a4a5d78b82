import type { ClientCall } from '@tp/transport';
import { type Fields, TpError } from '@tp/wire';
import { CheckedBody, lengthError } from '../body/checked-body.ts';
import { BAD_LENGTH, LengthMemory, NO_LENGTH } from '../body/content-length.ts';
import { hasNoBody } from '../body/no-body.ts';
import type { Response } from '../types.ts';
import { SWITCHING_PROTOCOLS } from '../upgrade/upgrade-fields.ts';

const lengths = new LengthMemory();
const NOTHING = new Uint8Array(0);

/**
 * Holds a response to what HTTP says of its body: none with HEAD, 204 and 304 (RFC 9110 section
 * 6.4.1; one that comes is dropped and stopped), and of the declared length otherwise. Gives back
 * the response itself wherever it can. To be called when the head has come, before any of a
 * streamed body.
 *
 * @throws {TpError} BODY_LENGTH, processed "yes", for a whole body of another length; where the
 * body is still to come, reading it throws that. PROTOCOL for a switch to a protocol that the request
 * did not ask for (W-130).
 */
export function checkedResponse(call: ClientCall): Response {
  if (call.status === SWITCHING_PROTOCOLS) throw unasked();
  if (hasNoBody(call.status, call.init.head.method)) {
    if (call.inlineLength === 0 && !call.receiving) return call;
    void call.body[Symbol.asyncIterator]().return?.();
    return new BodilessResponse(call);
  }
  const declared = lengths.of(call.headers);
  if (declared === NO_LENGTH) return call;
  if (call.receiving && declared !== BAD_LENGTH) return new LengthCheckedResponse(call, declared);
  if (declared === call.inlineLength) return call;
  throw lengthError(declared, call.inlineLength, true, 'yes');
}

/** The error of a response that switches to a protocol that was not asked for. */
export function unasked(): TpError {
  return new TpError({
    code: 'PROTOCOL',
    message: 'the server switches to a protocol that was not asked for (RFC 9110 section 7.8)',
    processed: 'yes',
  });
}

/**
 * The body of a response that came whole with its head; undefined for one that comes in pieces. Such a
 * response is the call itself, which has no reader then.
 */
export function wholeBody(response: Response): Uint8Array | undefined {
  if (!('reader' in response) || response.reader !== undefined) return undefined;
  const bytes = response.bytes();
  return bytes instanceof Uint8Array ? bytes : undefined;
}

class LengthCheckedResponse extends CheckedBody implements Response {
  readonly #call: ClientCall;

  constructor(call: ClientCall, declared: number) {
    super(call, declared, 'yes');
    this.#call = call;
  }

  get status(): number {
    return this.#call.status;
  }

  get reason(): string {
    return this.#call.reason;
  }

  get headers(): Fields {
    return this.#call.headers;
  }
}

class BodilessResponse implements Response {
  readonly status: number;
  readonly reason: string;
  readonly headers: Fields;
  readonly trailers = undefined;

  constructor(call: ClientCall) {
    this.status = call.status;
    this.reason = call.reason;
    this.headers = call.headers;
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
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
