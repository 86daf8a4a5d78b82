import { Readable } from 'node:stream';
import { arrayBuffer, blob, buffer, json, text } from 'node:stream/consumers';
import type { DispatchController } from './types.ts';
import { aborted, invalidArgument } from './undici-error.ts';

const DUMP_LIMIT = 128 * 1024;

/** A response's body as undici gives it: a `Readable` that can also be read as a whole, once. */
export class ResponseBody extends Readable {
  readonly #controller: DispatchController;

  constructor(controller: DispatchController, highWaterMark: number | undefined) {
    super({ highWaterMark: highWaterMark ?? 64 * 1024 });
    this.#controller = controller;
  }

  /** @throws {UndiciError} always: undici's own types call it `never`. */
  get body(): never {
    throw invalidArgument('a web stream of it is Readable.toWeb(body)', 'UND_ERR_NOT_SUPPORTED');
  }

  get bodyUsed(): boolean {
    return this.readableDidRead;
  }

  text(): Promise<string> {
    return text(this);
  }

  json(): Promise<unknown> {
    return json(this);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return arrayBuffer(this);
  }

  blob(): ReturnType<typeof blob> {
    return blob(this);
  }

  bytes(): Promise<Uint8Array> {
    return buffer(this);
  }

  /** @throws {UndiciError} always, as undici does. */
  async formData(): Promise<never> {
    throw invalidArgument(
      'a form is read with new Response(body, { headers }).formData()',
      'UND_ERR_NOT_SUPPORTED',
    );
  }

  /** Reads the body to its end and drops it; past `limit` bytes (128 KiB) the exchange is ended. */
  async dump({ limit = DUMP_LIMIT }: { limit?: number } = {}): Promise<void> {
    let taken = 0;
    for await (const piece of this) {
      taken += piece.length;
      if (taken > limit) break;
    }
  }

  override _read(): void {
    this.#controller.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (error === null && !this.readableEnded) {
      this.#controller.abort(aborted('the body was not read to its end', 'yes'));
    } else if (error !== null) this.#controller.abort(error);
    // A caller in the next turn must still be able to listen for the error.
    setImmediate(done, error);
  }
}
