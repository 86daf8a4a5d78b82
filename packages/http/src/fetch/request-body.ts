import type { Request } from '../types.ts';
import { waitsToGoOn } from '../waits-to-go-on.ts';

const NOTHING = new Uint8Array(0);
const utf8 = new TextDecoder();

/**
 * A request's body as fetch shows it. Read whole, it is taken from the lean request; a stream is made
 * only for those who ask for one, and then it is all that is read from.
 */
export class RequestBody {
  readonly #request: Request;
  readonly #exists: boolean;
  #stream: ReadableStream<Uint8Array> | undefined = undefined;
  #used = false;

  constructor(request: Request) {
    this.#request = request;
    const { method } = request;
    this.#exists = method !== 'GET' && method !== 'HEAD' && request.hasBody !== false;
  }

  /** Whether any of it was read, or it was given up. */
  get used(): boolean {
    return this.#used;
  }

  /** Null where there is none; spent where the body was read whole. */
  get stream(): ReadableStream<Uint8Array> | null {
    if (!this.#exists) return null;
    this.#stream ??= this.#used ? spentStream() : this.#open();
    return this.#stream;
  }

  /** The stream, to be given to another that reads it. @throws {TypeError} when it was read. */
  unusedStream(): ReadableStream<Uint8Array> | null {
    if (this.#used) throw unusable();
    return this.stream;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer;
  }

  async blob(): Promise<Blob> {
    return (await this.#asResponse()).blob();
  }

  /** A copy: what tp hands out is a view onto what else came with it, and the owner may transfer this. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.#take());
  }

  async formData(): Promise<FormData> {
    return (await this.#asResponse()).formData();
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async text(): Promise<string> {
    return utf8.decode(await this.#take());
  }

  #take(): Uint8Array | Promise<Uint8Array> {
    if (!this.#exists) return NOTHING;
    if (this.#used || this.#stream?.locked === true) throw unusable();
    if (this.#stream !== undefined) return new globalThis.Response(this.#stream).bytes();
    this.#used = true;
    const bytes = this.#request.bytes();
    if (bytes instanceof Promise) this.#goOn();
    return bytes;
  }

  /** A client that waits to be told to send its body is told now that it is wanted. */
  #goOn(): void {
    if (waitsToGoOn(this.#request.headers.get('expect'))) this.#request.inform(100);
  }

  /** The platform reads blobs and forms. */
  async #asResponse(): Promise<globalThis.Response> {
    const type = this.#request.headers.get('content-type');
    return new globalThis.Response(
      await this.bytes(),
      type === undefined ? {} : { headers: { 'content-type': type } },
    );
  }

  #open(): ReadableStream<Uint8Array> {
    const pieces = this.#request.body[Symbol.asyncIterator]();
    return new ReadableStream(
      {
        type: 'bytes',
        pull: async (controller) => {
          if (!this.#used) this.#goOn();
          this.#used = true;
          let result = await pieces.next();
          while (result.done !== true && result.value.length === 0) result = await pieces.next();
          // The stream takes the memory of what it is given, and that of a piece may be shared.
          if (result.done !== true) controller.enqueue(new Uint8Array(result.value));
          else {
            controller.close();
            controller.byobRequest?.respond(0);
          }
        },
        cancel: async () => {
          this.#used = true;
          await pieces.return?.();
        },
      },
      { highWaterMark: 0 },
    );
  }
}

function spentStream(): ReadableStream<Uint8Array> {
  const stream = new ReadableStream({ type: 'bytes' });
  void stream.cancel();
  return stream;
}

function unusable(): TypeError {
  return new TypeError('Body is unusable: it has been read already');
}
