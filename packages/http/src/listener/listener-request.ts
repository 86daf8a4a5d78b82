import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Request } from '../types.ts';

const NO_PIECE: IteratorResult<Uint8Array> = { done: true, value: undefined };

/**
 * A request as a Node listener sees it. Its body is read as the listener reads, not before.
 *
 * A framework may give it another prototype, as Express does. So it overrides nothing but by
 * properties of its own, and its fields go where Node's parser puts them.
 */
export class ListenerRequest extends IncomingMessage {
  /** What Node's parser calls for the fields of a head and, once `complete`, for trailers. */
  declare readonly _addHeaderLines: (raw: readonly string[], length: number) => void;
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
    this._read = ListenerRequest.prototype._read;
    this._destroy = ListenerRequest.prototype._destroy;
    this.#take(withFraming(request));
  }

  override _read(size: number): void {
    super._read(size);
    if (this.#request.hasBody === false) {
      this.#onPiece(NO_PIECE);
      return;
    }
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
    this.complete = true;
    this.#take(this.#request.trailers?.raw ?? []);
    this.push(null);
  };

  readonly #onError = (error: unknown): void => {
    this.destroy(error instanceof Error ? error : new Error(String(error)));
  };

  #take(raw: readonly string[]): void {
    this._addHeaderLines([...raw], raw.length);
  }
}

/**
 * The fields of a request, one of which says so if there is a body: by these two a listener knows
 * it (RFC 9112 section 6.3).
 */
function withFraming({ headers, hasBody }: Request): readonly string[] {
  const isFramed =
    hasBody !== true || headers.has('content-length') || headers.has('transfer-encoding');
  return isFramed ? headers.raw : [...headers.raw, 'Transfer-Encoding', 'chunked'];
}
