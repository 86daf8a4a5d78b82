import {
  type IncomingMessage,
  type ServerResponse,
  STATUS_CODES,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http';
import { Fields, type FieldsInit, TpError } from '@tp/wire';
import { REMAINING_MS } from '../hop-by-hop.ts';
import { peerIdentityOf } from '../node-server/peer-identity.ts';
import type { Request } from '../types.ts';
import { IncomingPieces } from './incoming-pieces.ts';

const NOTHING = new Uint8Array(0);
const utf8 = new TextDecoder();

/** A request that came over HTTP/1.1, as a handler sees it. */
export class HttpRequest implements Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Fields;
  readonly hasBody: boolean;
  readonly oneWay = false;
  readonly #incoming: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #maxBytes: number;
  readonly #cameAt = performance.now();
  #pieces: IncomingPieces | undefined = undefined;
  #abort: AbortController | undefined = undefined;
  #gone = false;

  /** @param maxBytes what `bytes()` gathers. */
  constructor(incoming: IncomingMessage, response: ServerResponse, maxBytes: number) {
    this.#incoming = incoming;
    this.#response = response;
    this.#maxBytes = maxBytes;
    this.method = incoming.method ?? '';
    this.path = incoming.url ?? '';
    this.headers = new Fields(incoming.rawHeaders);
    const { 'content-length': length, 'transfer-encoding': coding } = incoming.headers;
    this.hasBody = coding !== undefined || (length !== undefined && Number(length) > 0);
    response.once('close', () => {
      if (!response.writableFinished) this.#leave();
      // What was not read would stand before the connection's next request.
      else if (!incoming.complete) incoming.resume();
    });
  }

  /** What a proxy of tp in front says is left. */
  get remainingMs(): number | undefined {
    const said = this.headers.get(REMAINING_MS);
    if (said === undefined || !/^\d{1,15}$/.test(said)) return undefined;
    return Math.max(0, Number(said) - (performance.now() - this.#cameAt));
  }

  get peer(): string {
    const { remoteAddress, remotePort } = this.#incoming.socket;
    return remoteAddress === undefined ? 'unix' : `${remoteAddress}:${remotePort}`;
  }

  get peerIdentity(): readonly string[] | undefined {
    return peerIdentityOf(this.#incoming.socket);
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#gone) this.#abort.abort(clientGone());
    return this.#abort.signal;
  }

  get trailers(): Fields | undefined {
    const raw = this.#incoming.rawTrailers;
    return raw.length === 0 ? undefined : new Fields(raw);
  }

  get body(): AsyncIterable<Uint8Array> {
    this.#pieces ??= new IncomingPieces(this.#incoming, clientGone);
    return this.#pieces;
  }

  bytes(): Uint8Array | Promise<Uint8Array> {
    return this.hasBody ? this.#collect() : NOTHING;
  }

  text(): string | Promise<string> {
    const bytes = this.bytes();
    return bytes instanceof Uint8Array ? utf8.decode(bytes) : bytes.then((all) => utf8.decode(all));
  }

  json(): unknown {
    const text = this.text();
    return typeof text === 'string' ? JSON.parse(text) : text.then((all) => JSON.parse(all));
  }

  /** 100 is Node's affair, and is said before a handler is asked. */
  inform(status: number, headers?: FieldsInit): void {
    if (!Number.isInteger(status) || status < 100 || status > 199 || status === 101) {
      throw new TpError({
        code: 'INVALID_ARGUMENT',
        message: `${status} is no informational status; expected 100 to 199, but not 101`,
        processed: 'yes',
      });
    }
    const { socket, headersSent } = this.#response;
    // A response that waits behind another on its connection has no socket yet, and cannot be announced.
    if (status === 100 || this.#gone || headersSent || socket === null) return;
    if (this.#incoming.httpVersion === '1.0') return;
    let lines = '';
    for (const [name, value] of Fields.from(headers)) {
      validateHeaderName(name);
      validateHeaderValue(name, value);
      lines += `${name}: ${value}\r\n`;
    }
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines}\r\n`, 'latin1');
  }

  #leave(): void {
    this.#gone = true;
    this.#abort?.abort(clientGone());
  }

  async #collect(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of this.body) {
      size += piece.length;
      if (size > this.#maxBytes) {
        throw new TpError({
          code: 'BODY_LIMIT',
          message: `a body is longer than the ${this.#maxBytes} bytes that are gathered; read it piece by piece, or raise maxBufferedBodyBytes`,
          processed: 'maybe',
        });
      }
      pieces.push(piece);
    }
    return Buffer.concat(pieces, size);
  }
}

function clientGone(cause?: unknown): TpError {
  return new TpError({
    code: 'CANCEL',
    message: 'the client has gone',
    processed: 'maybe',
    cause,
  });
}
