import type { Request } from '../types.ts';
import { RequestBody } from './request-body.ts';
import type { RequestOrigin } from './request-origin.ts';

const NativeRequest = globalThis.Request;

/**
 * A request as a fetch handler sees it: an instance of the global `Request` whose parts are made
 * when they are first asked for. What takes native requests alone is given a native one, made then.
 */
export class LazyRequest implements globalThis.Request {
  readonly #request: Request;
  readonly #origin: RequestOrigin;
  #url: string | undefined = undefined;
  #headers: Headers | undefined = undefined;
  #body: RequestBody | undefined = undefined;
  #native: globalThis.Request | undefined = undefined;

  constructor(request: Request, origin: RequestOrigin) {
    this.#request = request;
    this.#origin = origin;
  }

  static is(found: unknown): found is LazyRequest {
    return typeof found === 'object' && found !== null && #request in found;
  }

  get method(): string {
    return this.#request.method;
  }

  get url(): string {
    this.#url ??= this.#origin.urlOf(this.#request);
    return this.#url;
  }

  get headers(): Headers {
    this.#headers ??= headersOf(this.#request);
    return this.#headers;
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this.#native === undefined ? this.#content.stream : this.#native.body;
  }

  get bodyUsed(): boolean {
    return this.#native === undefined ? this.#content.used : this.#native.bodyUsed;
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#reader.arrayBuffer();
  }

  blob(): Promise<Blob> {
    return this.#reader.blob();
  }

  bytes(): Promise<Uint8Array> {
    return this.#reader.bytes();
  }

  formData(): Promise<FormData> {
    return this.#reader.formData();
  }

  json(): Promise<unknown> {
    return this.#reader.json();
  }

  text(): Promise<string> {
    return this.#reader.text();
  }

  clone(): globalThis.Request {
    return this.native().clone();
  }

  /**
   * A native request that shares the body with this one, and has the headers that this one has now.
   *
   * @throws {TypeError} when the body was read, or fetch knows no such method (CONNECT, TRACE).
   */
  native(): globalThis.Request {
    const native = (this.#native ??= this.#makeNative(this.#content.unusedStream()));
    for (const name of [...native.headers.keys()]) native.headers.delete(name);
    for (const [name, value] of this.headers) native.headers.append(name, value);
    return native;
  }

  /** As `native`, for what brings a body of its own: that of this one may have been read, and is let be. */
  nativeWithoutBody(): globalThis.Request {
    return this.#native === undefined ? this.#makeNative(null) : this.native();
  }

  // What a request that came from a client says of itself (Fetch section 5.4, its defaults).

  get cache(): 'default' {
    return 'default';
  }

  get credentials(): 'same-origin' {
    return 'same-origin';
  }

  get destination(): '' {
    return '';
  }

  get duplex(): 'half' {
    return 'half';
  }

  get integrity(): string {
    return '';
  }

  get keepalive(): boolean {
    return false;
  }

  get mode(): 'cors' {
    return 'cors';
  }

  get redirect(): 'follow' {
    return 'follow';
  }

  get referrer(): string {
    return 'about:client';
  }

  get referrerPolicy(): '' {
    return '';
  }

  get isReloadNavigation(): boolean {
    return false;
  }

  get isHistoryNavigation(): boolean {
    return false;
  }

  #makeNative(body: ReadableStream<Uint8Array> | null): globalThis.Request {
    const { url, method, headers, signal } = this;
    return new NativeRequest(url, { method, headers, body, duplex: 'half', signal });
  }

  get #content(): RequestBody {
    this.#body ??= new RequestBody(this.#request);
    return this.#body;
  }

  get #reader(): RequestBody | globalThis.Request {
    return this.#native ?? this.#content;
  }
}

// Private fields need no constructor of `Request`, whose work is what is put off here.
Object.setPrototypeOf(LazyRequest.prototype, NativeRequest.prototype);
Reflect.deleteProperty(LazyRequest.prototype, 'constructor');

function headersOf(request: Request): Headers {
  const headers = new Headers();
  const { raw } = request.headers;
  for (let i = 0; i < raw.length; i += 2) headers.append(raw[i] ?? '', raw[i + 1] ?? '');
  return headers;
}
