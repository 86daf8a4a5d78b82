import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Request } from '../types.ts';
import { distinctHeaders, joinHeaders } from './joined-headers.ts';

/** A request as a Node listener sees it. Its body is read as the listener reads, not before. */
export class ListenerRequest extends IncomingMessage {
  readonly #request: Request;
  #body: AsyncIterator<Uint8Array> | undefined = undefined;

  constructor(request: Request, socket: Socket) {
    super(socket);
    this.#request = request;
    this.method = request.method;
    this.url = request.path;
    this.httpVersion = '1.1';
    this.httpVersionMajor = 1;
    this.httpVersionMinor = 1;
    this.rawHeaders = [...request.headers.raw];
    this.headers = joinHeaders(this.rawHeaders);
    if (request.hasBody === true) this.#frame();
  }

  /** By one of these two fields a listener knows that there is a body (RFC 9112 section 6.3). */
  #frame(): void {
    const { headers, rawHeaders } = this;
    if ('content-length' in headers || 'transfer-encoding' in headers) return;
    rawHeaders.push('Transfer-Encoding', 'chunked');
    headers['transfer-encoding'] = 'chunked';
  }

  override _read(size: number): void {
    super._read(size);
    this.#body ??= this.#request.body[Symbol.asyncIterator]();
    this.#body.next().then(this.#onPiece, this.#onError);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.complete) void this.#body?.return?.();
    super._destroy(error, done);
  }

  readonly #onPiece = (result: IteratorResult<Uint8Array>): void => {
    if (this.destroyed) return;
    if (result.done !== true) {
      const { buffer, byteOffset, length } = result.value;
      this.push(Buffer.from(buffer, byteOffset, length));
      return;
    }
    const trailers = this.#request.trailers?.raw ?? [];
    this.rawTrailers = [...trailers];
    this.complete = true;
    this.push(null);
  };

  readonly #onError = (error: unknown): void => {
    this.destroy(error instanceof Error ? error : new Error(String(error)));
  };
}

/** Shown when asked for: few listeners do. */
for (const [name, rawName] of [
  ['headersDistinct', 'rawHeaders'],
  ['trailersDistinct', 'rawTrailers'],
] as const) {
  Object.defineProperty(ListenerRequest.prototype, name, {
    configurable: true,
    get(this: ListenerRequest) {
      return distinctHeaders(this[rawName]);
    },
  });
}
Object.defineProperty(ListenerRequest.prototype, 'trailers', {
  configurable: true,
  get(this: ListenerRequest) {
    return joinHeaders(this.rawTrailers);
  },
});
